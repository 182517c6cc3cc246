/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every field of every PDU wrong in turn, over a connection in full feature phase: the right
 * reject, a command that fails, or the end of this connection; another one goes on meanwhile. */
#include <string.h>

#include "bed.h"

#define FLAGS_READ (RACEWAY_PDU_FINAL | RACEWAY_PDU_READ)
#define FLAGS_WRITE (RACEWAY_PDU_FINAL | RACEWAY_PDU_WRITE)
#define WRITE_TWO "2a 00 00 00 00 00 00 00 02 00"

static struct client client, other = { .isid = { 1 } };
static const uint8_t data[8192] = { 1, 2, 3 };

static void start(void)
{
	bed_start(&(struct raceway_iscsi_limits){ .max_recv_segment = 8192 });
	client_login(&other, 0, "", 0);
}

static void stop(void)
{
	client_test_unit_ready(&other);
	client_close(&other);
	client_close(&client);
	bed_stop();
}

TestSuite(wrong, .init = start, .fini = stop, .timeout = 30);

/* The PDU is rejected, and the connection goes on. */
static void expect_reject(struct raceway_bhs *bhs, size_t bytes, enum raceway_reject reason)
{
	client_send(&client, bhs, data, bytes);
	client_expect_reject(&client, reason);
	client_expect_silence(&client);
}

Test(wrong, opcodes)
{
	struct raceway_bhs bhs;

	LOGIN(&client, "");
	for (uint8_t opcode = 0; opcode < 0x40; opcode++) {
		enum raceway_reject reason = RACEWAY_REJECT_UNSUPPORTED;

		if (opcode <= RACEWAY_OP_LOGOUT && opcode != RACEWAY_OP_LOGIN)
			continue;
		bhs = client_request(&client, (enum raceway_pdu_opcode)opcode, 0);
		client.cmdsn--;
		if (opcode == RACEWAY_OP_SNACK)
			reason = RACEWAY_REJECT_SNACK;
		else if (opcode == RACEWAY_OP_LOGIN)
			reason = RACEWAY_REJECT_PROTOCOL;
		expect_reject(&bhs, opcode % 9, reason);
	}
	client_test_unit_ready(&client);
}

/* The header comes back as it was. */
Test(wrong, reject_has_the_header)
{
	struct raceway_bhs bhs;
	struct pdu pdu;

	LOGIN(&client, "");
	bhs = client_request(&client, RACEWAY_OP_SNACK, 0x0f);
	client_send(&client, &bhs, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_REJECT);
	cr_expect_arr_eq(pdu.data, &bhs, sizeof(bhs));
}

Test(wrong, command_fields)
{
	struct raceway_bhs bhs, right;

	LOGIN(&client, "");
	right = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	client.cmdsn--;
	bhs = right;
	bhs.itt = htobe32(RACEWAY_TAG_NONE);
	expect_reject(&bhs, 0, RACEWAY_REJECT_INVALID_FIELD);
	for (uint8_t attribute = 5; attribute < 8; attribute++) {
		bhs = right;
		bhs.flags = RACEWAY_PDU_FINAL | attribute;
		expect_reject(&bhs, 0, RACEWAY_REJECT_INVALID_FIELD);
	}
	bhs = right;
	bhs.flags = RACEWAY_TASK_SIMPLE; /* not final, and no write */
	expect_reject(&bhs, 0, RACEWAY_REJECT_INVALID_FIELD);
	bhs = right;
	bhs.command.expected_bytes = htobe32(512); /* in no direction */
	expect_reject(&bhs, 0, RACEWAY_REJECT_INVALID_FIELD);
	bhs = right;
	bhs.flags = FLAGS_READ | RACEWAY_TASK_SIMPLE; /* data of a read */
	bhs.command.expected_bytes = htobe32(512);
	expect_reject(&bhs, 512, RACEWAY_REJECT_INVALID_FIELD);
	bhs = right;
	bhs.flags = FLAGS_WRITE | RACEWAY_TASK_SIMPLE; /* more than is announced */
	bhs.command.expected_bytes = htobe32(512);
	expect_reject(&bhs, 513, RACEWAY_REJECT_INVALID_FIELD);
	bhs = right;
	bhs.flags = RACEWAY_PDU_WRITE | RACEWAY_TASK_SIMPLE; /* unasked, but InitialR2T=Yes */
	bhs.command.expected_bytes = htobe32(1024);
	expect_reject(&bhs, 512, RACEWAY_REJECT_PROTOCOL);
	client_send(&client, &right, NULL, 0);
	client_expect_status(&client, right.itt, RACEWAY_SCSI_GOOD);
}

Test(wrong, lun)
{
	struct raceway_bhs bhs;

	LOGIN(&client, "");
	bhs = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	bhs.lun[1] = 2;
	client_send(&client, &bhs, NULL, 0);
	client_expect_sense(&client, bhs.itt, 5, 0x2500);
	bhs = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	memset(bhs.lun, 0xff, sizeof(bhs.lun));
	client_send(&client, &bhs, NULL, 0);
	client_expect_sense(&client, bhs.itt, 5, 0x2500);
}

Test(wrong, immediate_data_was_not_agreed_on)
{
	struct raceway_bhs bhs;

	LOGIN(&client, "ImmediateData=No\0");
	bhs = client_command(&client, FLAGS_WRITE, WRITE_TWO, 1024);
	expect_reject(&bhs, 1024, RACEWAY_REJECT_PROTOCOL);
}

Test(wrong, more_immediate_data_than_a_first_burst)
{
	struct raceway_bhs bhs;

	LOGIN(&client, "FirstBurstLength=512\0");
	bhs = client_command(&client, FLAGS_WRITE, WRITE_TWO, 1024);
	expect_reject(&bhs, 1024, RACEWAY_REJECT_PROTOCOL);
}

Test(wrong, tag_in_use)
{
	struct raceway_bhs first, second;
	struct pdu pdu;

	LOGIN(&client, "");
	bed.slow = true;
	first = client_command(&client, FLAGS_READ, "28 00 00 00 00 00 00 00 01 00", 512);
	client_send(&client, &first, NULL, 0);
	second = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	second.itt = first.itt;
	expect_reject(&second, 0, RACEWAY_REJECT_TASK_IN_PROGRESS);
	bed_go_on();
	client_expect(&client, &pdu, RACEWAY_OP_DATA_IN);
	client_send(&client, &second, NULL, 0);
	client_expect_status(&client, second.itt, RACEWAY_SCSI_GOOD);
}

Test(wrong, additional_headers)
{
	static const uint8_t cases[][8] = {
		{ 0, 5, 3, 0 },	 /* no such type */
		{ 0, 0, 1, 0 },	 /* empty */
		{ 0, 99, 1, 0 }, /* longer than the header says */
		{ 0, 200, 1, 0 },
	};
	struct raceway_bhs bhs;

	LOGIN(&client, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bhs = client_command(&client, RACEWAY_PDU_FINAL, "7f", 0);
		client.cmdsn--;
		bhs.ahs_words = 2;
		client_send_raw(&client, &bhs, sizeof(bhs));
		client_send_raw(&client, cases[i], sizeof(cases[i]));
		client_expect_reject(&client, RACEWAY_REJECT_INVALID_FIELD);
	}
	/* A CDB longer than 32 bytes, and what no other PDU has. */
	bhs.ahs_words = 255;
	client_send_raw(&client, &bhs, sizeof(bhs));
	client_send_raw(&client, (uint8_t[1020]){ 3, 249, 1 }, 1020);
	client_expect_reject(&client, RACEWAY_REJECT_INVALID_FIELD);
	bhs = client_request(&client, RACEWAY_OP_NOP_OUT, 0);
	client.cmdsn--;
	bhs.ahs_words = 1;
	client_send_raw(&client, &bhs, sizeof(bhs));
	client_send_raw(&client, (uint8_t[4]){ 0 }, 4);
	client_expect_reject(&client, RACEWAY_REJECT_INVALID_FIELD);
	client_test_unit_ready(&client);
}

Test(wrong, data_segment_longer_than_declared)
{
	struct raceway_bhs bhs;

	LOGIN(&client, "InitialR2T=No\0");
	bhs = client_command(&client, FLAGS_WRITE, "2a 00 00 00 00 00 00 00 20 00", 16384);
	raceway_bhs_set_data_bytes(&bhs, 8193);
	client_send_raw(&client, &bhs, sizeof(bhs));
	client_expect_reject(&client, RACEWAY_REJECT_PROTOCOL);
	client_expect_end(&client);
}

/* What a Data-Out may get wrong. */
struct data_out_case {
	uint32_t ttt, datasn, offset, bytes, lun;
	bool not_final;
	const char *what;
};

/* The command fails once its data is over, and nothing is written. */
static void spoil(const struct data_out_case *wrong, bool solicited)
{
	struct raceway_bhs bhs, out = { .opcode = RACEWAY_OP_DATA_OUT };
	struct pdu pdu;

	bhs = client_command(&client, solicited ? FLAGS_WRITE : RACEWAY_PDU_WRITE, WRITE_TWO, 1024);
	client_send(&client, &bhs, NULL, 0);
	out.itt = bhs.itt;
	out.data_out.ttt = htobe32(RACEWAY_TAG_NONE);
	if (solicited) {
		client_expect(&client, &pdu, RACEWAY_OP_R2T);
		out.data_out.ttt = pdu.bhs.response.tag;
		out.lun[1] = 1;
	}
	out.data_out.ttt = htobe32(be32toh(out.data_out.ttt) + wrong->ttt);
	out.data_out.datasn = htobe32(wrong->datasn);
	out.data_out.offset = htobe32(wrong->offset);
	out.lun[1] = (uint8_t)(out.lun[1] + wrong->lun);
	out.flags = wrong->not_final ? 0 : RACEWAY_PDU_FINAL;
	client_send(&client, &out, data, wrong->bytes);
	if (wrong->not_final) {
		client_expect_silence(&client);
		out.flags = RACEWAY_PDU_FINAL;
		client_send(&client, &out, data, 0);
	}
	client_expect_sense(&client, bhs.itt, 0x0b, 0x0c0d);
	cr_expect_eq(bed.disk[0], 0, "%s: something was written", wrong->what);
}

Test(wrong, unsolicited_data)
{
	static const struct data_out_case cases[] = {
		{ 0, 1, 0, 1024, 0, false, "DataSN" },
		{ 0, 0xffffffff, 0, 1024, 0, false, "DataSN" },
		{ 0, 0, 4, 1020, 0, false, "offset" },
		{ 0, 0, 0x80000000, 1024, 0, false, "offset" },
		{ 0, 0, 0, 1028, 0, false, "more than announced" },
		{ 1, 0, 0, 1024, 0, false, "target transfer tag" },
	};

	LOGIN(&client, "InitialR2T=No\0");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		spoil(&cases[i], false);
	client_test_unit_ready(&client);
}

Test(wrong, solicited_data)
{
	static const struct data_out_case cases[] = {
		{ 0, 1, 0, 1024, 0, false, "DataSN" },
		{ 0, 0, 512, 512, 0, false, "offset" },
		{ 0, 0, 0, 1028, 0, false, "more than asked for" },
		{ 0, 0, 0, 1020, 0, false, "less than asked for" },
		{ 0, 0, 0, 0, 0, false, "nothing" },
		{ 0, 0, 0, 1024, 0, true, "not the last one" },
		{ 1, 0, 0, 1024, 0, false, "target transfer tag" },
		{ 0, 0, 0, 1024, 1, false, "LUN" },
	};

	LOGIN(&client, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		spoil(&cases[i], true);
	client_test_unit_ready(&client);
}

/* All that was asked for must come before the command fails. */
Test(wrong, data_with_several_r2ts)
{
	struct raceway_bhs bhs, out = { .opcode = RACEWAY_OP_DATA_OUT, .flags = RACEWAY_PDU_FINAL };
	struct pdu pdus[2];

	LOGIN(&client, "MaxOutstandingR2T=2\0MaxBurstLength=512\0");
	bhs = client_command(&client, FLAGS_WRITE, "2a 00 00 00 00 00 00 00 04 00", 2048);
	client_send(&client, &bhs, NULL, 0);
	client_expect(&client, &pdus[0], RACEWAY_OP_R2T);
	client_expect(&client, &pdus[1], RACEWAY_OP_R2T);
	out.itt = bhs.itt;
	out.lun[1] = 1;
	/* In the wrong order. */
	out.data_out.ttt = pdus[1].bhs.response.tag;
	out.data_out.offset = htobe32(512);
	client_send(&client, &out, data, 512);
	client_expect_silence(&client);
	out.data_out.ttt = pdus[0].bhs.response.tag;
	out.data_out.offset = 0;
	client_send(&client, &out, data, 512);
	client_expect_sense(&client, bhs.itt, 0x0b, 0x0c0d);
	cr_expect_eq(bed.disk[0], 0);
	client_test_unit_ready(&client);
}

/* Nobody knows the command, or it takes no data. */
Test(wrong, data_out_of_nothing)
{
	struct raceway_bhs bhs, out = { .opcode = RACEWAY_OP_DATA_OUT, .flags = RACEWAY_PDU_FINAL };
	struct pdu pdu;

	LOGIN(&client, "");
	out.itt = htobe32(4711);
	out.data_out.ttt = htobe32(RACEWAY_TAG_NONE);
	client_send(&client, &out, data, 512);
	out.data_out.ttt = htobe32(1);
	client_send(&client, &out, data, 512);
	client_expect_silence(&client);
	bed.slow = true;
	bhs = client_command(&client, FLAGS_READ, "28 00 00 00 00 00 00 00 01 00", 512);
	client_send(&client, &bhs, NULL, 0);
	out.itt = bhs.itt;
	expect_reject(&out, 512, RACEWAY_REJECT_PROTOCOL);
	bed_go_on();
	client_expect(&client, &pdu, RACEWAY_OP_DATA_IN);
	client_test_unit_ready(&client);
}

Test(wrong, header_digest)
{
	struct raceway_bhs bhs;

	LOGIN(&client, "HeaderDigest=CRC32C\0");
	bhs = client_request(&client, RACEWAY_OP_NOP_OUT, 0);
	client_send_raw(&client, &bhs, sizeof(bhs));
	client_send_raw(&client, "\0\0\0", 4);
	client_expect_end(&client);
}

/* Of AHS too. */
Test(wrong, header_digest_of_additional_headers)
{
	struct raceway_bhs bhs;
	uint8_t whole[sizeof(bhs) + 20] = { 0 };
	__le32 digest;

	LOGIN(&client, "HeaderDigest=CRC32C\0");
	for (int wrong = 0; wrong < 2; wrong++) {
		bhs = client_command(&client, RACEWAY_PDU_FINAL, "7f", 0);
		bhs.ahs_words = 5;
		memcpy(whole, &bhs, sizeof(bhs));
		whole[sizeof(bhs) + 1] = 17;
		whole[sizeof(bhs) + 2] = 1;
		digest = raceway_crc_end(raceway_crc_add(RACEWAY_CRC_BEGIN, whole, sizeof(whole)));
		whole[sizeof(whole) - 1] = (uint8_t)wrong;
		client_send_raw(&client, whole, sizeof(whole));
		client_send_raw(&client, &digest, sizeof(digest));
		if (!wrong)
			client_expect_sense(&client, bhs.itt, 5, 0x2000);
	}
	client_expect_end(&client);
}

Test(wrong, data_digest)
{
	struct raceway_bhs bhs;
	uint8_t whole[sizeof(bhs) + 1024 + 4] = { 0 };

	LOGIN(&client, "DataDigest=CRC32C\0");
	bhs = client_command(&client, FLAGS_WRITE, WRITE_TWO, 1024);
	raceway_bhs_set_data_bytes(&bhs, 1024);
	memcpy(whole, &bhs, sizeof(bhs));
	whole[sizeof(bhs)] = 1;
	client_send_raw(&client, whole, sizeof(whole));
	client_expect_reject(&client, RACEWAY_REJECT_DATA_DIGEST);
	client_expect_end(&client);
	cr_expect_eq(bed.disk[0], 0);
}

/* Padding is part of the digest. */
Test(wrong, data_digest_of_padding)
{
	struct raceway_bhs bhs;
	uint8_t whole[sizeof(bhs) + 4 + 4] = { 0 };
	__le32 digest = raceway_crc_end(raceway_crc_add(RACEWAY_CRC_BEGIN, "\1\2\3", 4));

	LOGIN(&client, "DataDigest=CRC32C\0");
	bhs = client_request(&client, RACEWAY_OP_NOP_OUT, 0);
	raceway_bhs_set_data_bytes(&bhs, 3);
	memcpy(whole, &bhs, sizeof(bhs));
	memcpy(whole + sizeof(bhs), "\1\2\3", 3);
	memcpy(whole + sizeof(bhs) + 4, &digest, 4);
	whole[sizeof(bhs) + 3] = 9;
	client_send_raw(&client, whole, sizeof(whole));
	client_expect_reject(&client, RACEWAY_REJECT_DATA_DIGEST);
	client_expect_end(&client);
}

Test(wrong, nop_out)
{
	struct raceway_bhs bhs;

	LOGIN(&client, "");
	/* Without a tag it must be immediate. */
	bhs = client_request(&client, RACEWAY_OP_NOP_OUT, 0);
	client.cmdsn--;
	bhs.itt = htobe32(RACEWAY_TAG_NONE);
	expect_reject(&bhs, 0, RACEWAY_REJECT_INVALID_FIELD);
	/* An answer to what nobody asked, as a question. */
	bhs = client_request(&client, RACEWAY_OP_NOP_OUT, 0);
	bhs.request.tag = htobe32(1);
	expect_reject(&bhs, 0, RACEWAY_REJECT_INVALID_FIELD);
	/* ... and as what it is: nothing happens. */
	bhs.itt = htobe32(RACEWAY_TAG_NONE);
	bhs.opcode |= RACEWAY_PDU_IMMEDIATE;
	client_send(&client, &bhs, NULL, 0);
	client_expect_silence(&client);
}

Test(wrong, requests_with_data)
{
	struct raceway_bhs bhs;

	LOGIN(&client, "");
	bhs = client_request(&client, RACEWAY_OP_TASK_MANAGEMENT,
			     RACEWAY_FUNCTION_LOGICAL_UNIT_RESET);
	client.cmdsn--;
	expect_reject(&bhs, 4, RACEWAY_REJECT_INVALID_FIELD);
	bhs = client_request(&client, RACEWAY_OP_LOGOUT, 0);
	client.cmdsn--;
	expect_reject(&bhs, 4, RACEWAY_REJECT_INVALID_FIELD);
	client_test_unit_ready(&client);
}

Test(wrong, text)
{
	static char big[8192];
	struct raceway_bhs bhs;

	memset(big, 'a', sizeof(big));
	LOGIN(&client, "");
	bhs = client_request(&client, RACEWAY_OP_TEXT, RACEWAY_TEXT_CONTINUE); /* and final */
	expect_reject(&bhs, 0, RACEWAY_REJECT_PROTOCOL);
	bhs = client_request(&client, RACEWAY_OP_TEXT, 0);
	bhs.request.tag = htobe32(77); /* goes on with what was never begun */
	expect_reject(&bhs, 0, RACEWAY_REJECT_PROTOCOL);
	bhs = client_request(&client, RACEWAY_OP_TEXT, 0);
	client_send(&client, &bhs, "NoEquals", 9);
	client_expect_reject(&client, RACEWAY_REJECT_INVALID_FIELD);
	bhs = client_request(&client, RACEWAY_OP_TEXT, 0);
	client_send(&client, &bhs, big, sizeof(big));
	client_expect_reject(&client, RACEWAY_REJECT_INVALID_FIELD);
	client_test_unit_ready(&client);
}

/* A text that never ends. */
Test(wrong, oversize_text)
{
	static char big[8192];
	struct raceway_bhs bhs;
	struct pdu pdu;

	memset(big, 'a', sizeof(big));
	LOGIN(&client, "");
	bhs = client_request(&client, RACEWAY_OP_TEXT, 0);
	bhs.flags = RACEWAY_TEXT_CONTINUE;
	for (int i = 0; i < 100; i++) {
		client_send(&client, &bhs, big, sizeof(big));
		client_expect(&client, &pdu, RACEWAY_OP_TEXT_RESPONSE);
		bhs.request.tag = pdu.bhs.response.tag;
		bhs.request.cmdsn = htobe32(client.cmdsn++);
	}
	bhs.flags = RACEWAY_PDU_FINAL;
	client_send(&client, &bhs, "=1", 3);
	client_expect_reject(&client, RACEWAY_REJECT_INVALID_FIELD);
	client_test_unit_ready(&client);
}

Test(wrong, logout)
{
	struct raceway_bhs bhs;
	struct pdu pdu;

	LOGIN(&client, "");
	bhs = client_request(&client, RACEWAY_OP_LOGOUT, 3);
	expect_reject(&bhs, 0, RACEWAY_REJECT_INVALID_FIELD);
	bhs = client_request(&client, RACEWAY_OP_LOGOUT, RACEWAY_LOGOUT_RECOVERY);
	client_send(&client, &bhs, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_LOGOUT_RESPONSE);
	cr_expect_eq(pdu.bhs.byte2, RACEWAY_LOGOUT_NO_RECOVERY);
	bhs = client_request(&client, RACEWAY_OP_LOGOUT, RACEWAY_LOGOUT_CONNECTION);
	bhs.request.tag = htobe32(0x00060000); /* another connection */
	client_send(&client, &bhs, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_LOGOUT_RESPONSE);
	cr_expect_eq(pdu.bhs.byte2, RACEWAY_LOGOUT_NO_CID);
	client_test_unit_ready(&client);
}

/* What is no iSCSI at all. */
Test(wrong, garbage)
{
	static uint8_t noise[4096];
	struct raceway_bhs bhs;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 7 + 3);
	LOGIN(&client, "");
	client_send_raw(&client, noise, sizeof(noise));
	while (client_receive(&client, &(struct pdu){ 0 }))
		;
	client_close(&client);
	client.fd = bed_connect(0);
	client_send_raw(&client, noise, sizeof(noise));
	client_expect_end(&client);
	client_close(&client);
	/* A request before the login. */
	client.fd = bed_connect(0);
	bhs = client_request(&client, RACEWAY_OP_NOP_OUT, 0);
	client_send(&client, &bhs, NULL, 0);
	client_expect_end(&client);
	/* A login longer than allowed. */
	client_close(&client);
	client.fd = bed_connect(0);
	bhs = client_request(&client, RACEWAY_OP_LOGIN, 0x07);
	bhs.opcode |= RACEWAY_PDU_IMMEDIATE;
	raceway_bhs_set_data_bytes(&bhs, 8193);
	client_send_raw(&client, &bhs, sizeof(bhs));
	client_expect_end(&client);
}
