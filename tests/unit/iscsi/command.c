/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/command.c, data.c, send.c, receive.c: commands over a connection, with data in
 * every way that can be agreed on. */
#include <stdio.h>
#include <string.h>

#include "bed.h"

#define READ10 0x28
#define WRITE10 0x2a
#define FLAGS_READ (RACEWAY_PDU_FINAL | RACEWAY_PDU_READ)
#define FLAGS_WRITE (RACEWAY_PDU_FINAL | RACEWAY_PDU_WRITE)
#define KEYS_ALL                                                                                   \
	"InitialR2T=No\0ImmediateData=Yes\0MaxRecvDataSegmentLength=262144\0"                      \
	"MaxBurstLength=262144\0FirstBurstLength=65536\0MaxOutstandingR2T=1\0"

static uint8_t pattern[1 << 20];

static void start(void)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 31 + i / 251);
	bed_start(&(struct raceway_iscsi_limits){ 0 });
}

TestSuite(command, .init = start, .fini = bed_stop, .timeout = 30);
TestSuite(command_memory, .fini = bed_stop, .timeout = 30);

/* Data-Out of [from, to), in PDUs of `most` bytes. */
static void send_data_out(struct client *client, __be32 itt, uint32_t ttt, uint32_t from,
			  uint32_t to, uint32_t most)
{
	for (uint32_t datasn = 0; from < to; datasn++) {
		uint32_t bytes = to - from < most ? to - from : most;
		struct raceway_bhs bhs = { .opcode = RACEWAY_OP_DATA_OUT, .itt = itt };

		bhs.lun[1] = ttt == RACEWAY_TAG_NONE ? 0 : 1;
		bhs.flags = from + bytes == to ? RACEWAY_PDU_FINAL : 0;
		bhs.data_out.ttt = htobe32(ttt);
		bhs.data_out.datasn = htobe32(datasn);
		bhs.data_out.offset = htobe32(from);
		client_send(client, &bhs, pattern + from, bytes);
		from += bytes;
	}
}

/* Answers R2Ts until all bytes are asked for, each as expected; returns how many there were. */
static unsigned int answer_r2ts(struct client *client, __be32 itt, uint32_t from, uint32_t to,
				uint32_t burst)
{
	unsigned int count = 0;

	for (; from < to; count++) {
		uint32_t bytes = to - from < burst ? to - from : burst;
		struct pdu pdu;

		client_expect(client, &pdu, RACEWAY_OP_R2T);
		cr_expect_eq(pdu.bhs.itt, itt);
		cr_expect_eq(pdu.bhs.lun[1], 1);
		cr_expect_eq(be32toh(pdu.bhs.response.datasn), count, "R2TSN");
		cr_expect_eq(be32toh(pdu.bhs.response.offset), from);
		cr_expect_eq(be32toh(pdu.bhs.response.count), bytes);
		cr_expect_eq(be32toh(pdu.bhs.response.statsn), client->statsn);
		cr_assert_neq(pdu.bhs.response.tag, htobe32(RACEWAY_TAG_NONE));
		send_data_out(client, itt, be32toh(pdu.bhs.response.tag), from, from + bytes, 8192);
		from += bytes;
	}
	return count;
}

Test(command, immediate_data)
{
	struct client client = { 0 };
	struct raceway_bhs bhs;
	char cdb[32];

	LOGIN(&client, KEYS_ALL);
	bhs = client_command(&client, FLAGS_WRITE, client_cdb10(WRITE10, 3, 8, cdb), 4096);
	client_send(&client, &bhs, pattern, 4096);
	client_expect_status(&client, bhs.itt, RACEWAY_SCSI_GOOD);
	cr_expect_arr_eq(bed.disk + 3 * BED_BLOCK, pattern, 4096);
	cr_expect_eq(bed.disk[11 * BED_BLOCK], 0);
	client_close(&client);
}

/* Some at once, some unasked, the rest by R2T. */
Test(command, all_kinds_of_data_out)
{
	struct client client = { 0 };
	struct raceway_bhs bhs;
	char cdb[32];

	LOGIN(&client, KEYS_ALL);
	bhs = client_command(&client, RACEWAY_PDU_WRITE, client_cdb10(WRITE10, 0, 2048, cdb),
			     1 << 20);
	client_send(&client, &bhs, pattern, 8192);
	send_data_out(&client, bhs.itt, RACEWAY_TAG_NONE, 8192, 65536, 5000);
	cr_expect_eq(answer_r2ts(&client, bhs.itt, 65536, 1 << 20, 262144), 4);
	client_expect_status(&client, bhs.itt, RACEWAY_SCSI_GOOD);
	cr_expect_arr_eq(bed.disk, pattern, 1 << 20);
	client_close(&client);
}

/* Less unasked than allowed. */
Test(command, short_unsolicited_data)
{
	struct client client = { 0 };
	struct raceway_bhs bhs;
	char cdb[32];

	LOGIN(&client, KEYS_ALL);
	bhs = client_command(&client, RACEWAY_PDU_WRITE, client_cdb10(WRITE10, 0, 128, cdb), 65536);
	client_send(&client, &bhs, NULL, 0);
	send_data_out(&client, bhs.itt, RACEWAY_TAG_NONE, 0, 1001, 1000);
	cr_expect_eq(answer_r2ts(&client, bhs.itt, 1001, 65536, 262144), 1);
	client_expect_status(&client, bhs.itt, RACEWAY_SCSI_GOOD);
	cr_expect_arr_eq(bed.disk, pattern, 65536);
	client_close(&client);
}

/* What holds if nobody speaks of anything: no data unasked but immediate data. */
Test(command, defaults)
{
	struct client client = { 0 };
	struct raceway_bhs bhs;
	char cdb[32];

	LOGIN(&client, "");
	bhs = client_command(&client, FLAGS_WRITE, client_cdb10(WRITE10, 0, 1024, cdb), 1 << 19);
	client_send(&client, &bhs, NULL, 0);
	cr_expect_eq(answer_r2ts(&client, bhs.itt, 0, 1 << 19, 262144), 2);
	client_expect_status(&client, bhs.itt, RACEWAY_SCSI_GOOD);
	cr_expect_arr_eq(bed.disk, pattern, 1 << 19);
	client_close(&client);
}

Test(command, several_r2ts)
{
	static struct pdu r2ts[5];
	struct client client = { 0 };
	struct raceway_bhs bhs;
	char cdb[32];

	LOGIN(&client, "MaxOutstandingR2T=3\0MaxBurstLength=4096\0");
	bhs = client_command(&client, FLAGS_WRITE, client_cdb10(WRITE10, 0, 40, cdb), 20480);
	client_send(&client, &bhs, NULL, 0);
	for (int i = 0; i < 3; i++)
		client_expect(&client, &r2ts[i], RACEWAY_OP_R2T);
	client_expect_silence(&client);
	for (uint32_t i = 0; i < 5; i++) {
		send_data_out(&client, bhs.itt, be32toh(r2ts[i].bhs.response.tag), i * 4096,
			      (i + 1) * 4096, 4096);
		if (i + 3 >= 5)
			continue;
		client_expect(&client, &r2ts[i + 3], RACEWAY_OP_R2T);
		cr_expect_eq(be32toh(r2ts[i + 3].bhs.response.offset), (i + 3) * 4096);
	}
	client_expect_status(&client, bhs.itt, RACEWAY_SCSI_GOOD);
	cr_expect_arr_eq(bed.disk, pattern, 20480);
	client_close(&client);
}

/* Reads [0, bytes) and checks every PDU of it; the last one has the status. */
static void expect_data_in(struct client *client, __be32 itt, uint32_t bytes, uint32_t most,
			   uint32_t burst)
{
	static struct pdu pdu;
	uint32_t datasn = 0, at = 0;

	while (at < bytes) {
		bool last;

		client_expect(client, &pdu, RACEWAY_OP_DATA_IN);
		last = at + pdu.bytes == bytes;
		cr_assert_eq(pdu.bhs.itt, itt);
		cr_expect_eq(pdu.bhs.response.tag, htobe32(RACEWAY_TAG_NONE));
		cr_expect_eq(be32toh(pdu.bhs.response.datasn), datasn++);
		cr_expect_eq(be32toh(pdu.bhs.response.offset), at);
		cr_assert_leq(pdu.bytes, most);
		cr_expect_arr_eq(pdu.data, bed.disk + at, pdu.bytes);
		at += pdu.bytes;
		cr_expect_leq(pdu.bytes, burst - (at - pdu.bytes) % burst, "across a burst");
		cr_expect_eq(!!(pdu.bhs.flags & RACEWAY_PDU_FINAL), last || at % burst == 0);
		cr_expect_eq(!!(pdu.bhs.flags & RACEWAY_DATA_IN_STATUS), last);
		if (!last)
			cr_expect_eq(pdu.bhs.response.statsn, 0);
	}
	cr_expect_eq(pdu.bhs.byte3, RACEWAY_SCSI_GOOD);
	cr_expect_eq(pdu.bhs.response.count, 0);
}

Test(command, reads)
{
	static const char keys[][80] = {
		"MaxRecvDataSegmentLength=262144\0MaxBurstLength=262144\0",
		"MaxRecvDataSegmentLength=8192\0MaxBurstLength=65536\0",
		"MaxRecvDataSegmentLength=65536\0MaxBurstLength=8192\0",
		/* A burst is no multiple of a segment. */
		"MaxRecvDataSegmentLength=5000\0MaxBurstLength=12000\0",
	};
	static const uint32_t limits[][2] = {
		{ 262144, 262144 }, { 8192, 65536 }, { 65536, 8192 }, { 5000, 12000 }
	};
	static const uint32_t sizes[] = { 1 << 20, 65536, 512, 24064 };

	memcpy(bed.disk, pattern, sizeof(pattern));
	for (size_t i = 0; i < 4; i++) {
		struct client client = { .isid = { (uint8_t)i } };

		client_login(&client, 0, keys[i], sizeof(keys[i]));
		for (size_t s = 0; s < 4; s++) {
			char cdb[32];
			struct raceway_bhs bhs = client_command(
				&client, FLAGS_READ,
				client_cdb10(READ10, 0, (uint16_t)(sizes[s] / BED_BLOCK), cdb),
				sizes[s]);

			client_send(&client, &bhs, NULL, 0);
			expect_data_in(&client, bhs.itt, sizes[s], limits[i][0], limits[i][1]);
		}
		client_close(&client);
	}
}

/* All that the window allows at once, in one gulp, and then byte by byte. */
Test(command, many_at_once)
{
	enum { COUNT = 128 };
	struct client client = { 0 };
	static struct raceway_bhs bhs[COUNT];
	char cdb[32];

	memcpy(bed.disk, pattern, sizeof(pattern));
	LOGIN(&client, KEYS_ALL);
	for (size_t i = 0; i < COUNT; i++)
		bhs[i] = client_command(&client, FLAGS_READ, client_cdb10(READ10, 0, 8, cdb), 4096);
	client_send_raw(&client, bhs, sizeof(bhs));
	for (size_t i = 0; i < COUNT; i++)
		expect_data_in(&client, bhs[i].itt, 4096, 4096, 262144);
	for (size_t i = 0; i < 3; i++)
		bhs[i] = client_command(&client, FLAGS_READ, client_cdb10(READ10, 0, 8, cdb), 4096);
	for (size_t i = 0; i < 3 * sizeof(bhs[0]); i++)
		client_send_raw(&client, (uint8_t *)bhs + i, 1);
	for (size_t i = 0; i < 3; i++)
		expect_data_in(&client, bhs[i].itt, 4096, 4096, 262144);
	client_close(&client);
}

struct residual_case {
	uint8_t opcode;
	uint16_t blocks;
	uint32_t expected, moved, residual;
	uint8_t flag;
};

Test(command, residuals)
{
	static const struct residual_case cases[] = {
		{ READ10, 2, 1024, 1024, 0, 0 },
		{ READ10, 1, 1024, 512, 512, RACEWAY_RESIDUAL_UNDERFLOW },
		{ READ10, 4, 1024, 1024, 1024, RACEWAY_RESIDUAL_OVERFLOW },
		{ WRITE10, 2, 1024, 1024, 0, 0 },
		{ WRITE10, 1, 1024, 512, 512, RACEWAY_RESIDUAL_UNDERFLOW },
	};
	struct client client = { 0 };
	static struct pdu pdu;

	LOGIN(&client, KEYS_ALL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool read = cases[i].opcode == READ10;
		char cdb[32];
		struct raceway_bhs bhs = client_command(
			&client, read ? FLAGS_READ : FLAGS_WRITE,
			client_cdb10(cases[i].opcode, 0, cases[i].blocks, cdb), cases[i].expected);

		client_send(&client, &bhs, pattern, read ? 0 : cases[i].expected);
		client_expect(&client, &pdu, read ? RACEWAY_OP_DATA_IN : RACEWAY_OP_SCSI_RESPONSE);
		if (read)
			cr_expect_eq(pdu.bytes, cases[i].moved, "case %zu", i);
		cr_expect_eq(pdu.bhs.byte3, RACEWAY_SCSI_GOOD, "case %zu", i);
		cr_expect_eq(pdu.bhs.flags & 0x06, cases[i].flag, "case %zu", i);
		cr_expect_eq(be32toh(pdu.bhs.response.count), cases[i].residual, "case %zu", i);
	}
	client_close(&client);
}

/* Nothing comes of a read that fails, and all of it is residual. */
Test(command, failed_read)
{
	struct client client = { 0 };
	struct raceway_bhs bhs;
	struct pdu pdu;
	char cdb[32];

	LOGIN(&client, KEYS_ALL);
	bhs = client_command(&client, FLAGS_READ, client_cdb10(READ10, BED_BLOCKS, 1, cdb), 512);
	client_send(&client, &bhs, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_SCSI_RESPONSE);
	cr_expect_eq(pdu.bhs.byte3, RACEWAY_SCSI_CHECK_CONDITION);
	cr_expect_eq(pdu.bhs.flags & 0x06, RACEWAY_RESIDUAL_UNDERFLOW);
	cr_expect_eq(be32toh(pdu.bhs.response.count), 512);
	cr_expect_eq(pdu.bhs.response.datasn, 0, "ExpDataSN");
	cr_expect_eq(pdu.data[0] << 8 | pdu.data[1], pdu.bytes - 2);
	cr_expect_eq(pdu.data[4], 5);
	client_close(&client);
}

/* Data that is no multiple of four bytes. */
Test(command, padding)
{
	struct client client = { 0 };
	struct raceway_bhs bhs;
	struct pdu pdu;

	LOGIN(&client, "DataDigest=CRC32C\0");
	for (uint32_t bytes = 5; bytes < 12; bytes++) {
		char cdb[32];

		snprintf(cdb, sizeof(cdb), "12 00 00 00 %02x 00", bytes);
		bhs = client_command(&client, FLAGS_READ, cdb, bytes);
		client_send(&client, &bhs, NULL, 0);
		client_expect(&client, &pdu, RACEWAY_OP_DATA_IN);
		cr_expect_eq(pdu.bytes, bytes);
	}
	client_close(&client);
}

Test(command, digests)
{
	static const char keys[][40] = { "HeaderDigest=CRC32C\0", "DataDigest=CRC32C\0",
					 "HeaderDigest=CRC32C\0DataDigest=CRC32C\0" };

	for (uint8_t i = 0; i < 3; i++) {
		struct client client = { .isid = { i } };
		struct raceway_bhs bhs;
		char cdb[32];

		memset(bed.disk, 0, sizeof(pattern));
		client_login(&client, 0, keys[i], sizeof(keys[i]));
		cr_expect_eq(client.header_digest, i != 1);
		cr_expect_eq(client.data_digest, i != 0);
		bhs = client_command(&client, FLAGS_WRITE, client_cdb10(WRITE10, 0, 1024, cdb),
				     1 << 19);
		client_send(&client, &bhs, pattern, 4096);
		answer_r2ts(&client, bhs.itt, 4096, 1 << 19, 262144);
		client_expect_status(&client, bhs.itt, RACEWAY_SCSI_GOOD);
		bhs = client_command(&client, FLAGS_READ, client_cdb10(READ10, 0, 1024, cdb),
				     1 << 19);
		client_send(&client, &bhs, NULL, 0);
		expect_data_in(&client, bhs.itt, 1 << 19, 8192, 262144);
		cr_expect_arr_eq(bed.disk, pattern, 1 << 19);
		client_close(&client);
	}
}

/* A CDB of 32 bytes comes in an additional header segment. WRITE SAME(32) and the like are not
 * served, but the unit must have seen it, so it is an invalid opcode and no reject. */
Test(command, long_cdb)
{
	static const uint8_t ahs[20] = { 0, 17, 1 };
	struct client client = { 0 };
	struct raceway_bhs bhs;

	LOGIN(&client, KEYS_ALL);
	bhs = client_command(&client, RACEWAY_PDU_FINAL, "7f 00 00 00 00 00 00 18 ff ff", 0);
	bhs.ahs_words = sizeof(ahs) / 4;
	client_send_raw(&client, &bhs, sizeof(bhs));
	client_send_raw(&client, ahs, sizeof(ahs));
	client_expect_sense(&client, bhs.itt, 5, 0x2000);
	client_test_unit_ready(&client);
	client_close(&client);
}

Test(command, bidirectional)
{
	static const uint8_t ahs[8] = { 0, 5, 2, 0, 0, 0, 2, 0 };
	struct client client = { 0 };
	struct raceway_bhs bhs;
	char cdb[32];

	LOGIN(&client, KEYS_ALL);
	bhs = client_command(&client, FLAGS_READ | FLAGS_WRITE, client_cdb10(WRITE10, 0, 1, cdb),
			     512);
	client_send(&client, &bhs, pattern, 512);
	client_expect_sense(&client, bhs.itt, 5, 0x2400);
	/* With the length of what is to be read in a segment of its own, and more data unasked. */
	bhs = client_command(&client, RACEWAY_PDU_READ | RACEWAY_PDU_WRITE,
			     client_cdb10(WRITE10, 0, 2, cdb), 1024);
	bhs.ahs_words = 2;
	raceway_bhs_set_data_bytes(&bhs, 512);
	client_send_raw(&client, &bhs, sizeof(bhs));
	client_send_raw(&client, ahs, sizeof(ahs));
	client_send_raw(&client, pattern, 512);
	client_expect_silence(&client);
	send_data_out(&client, bhs.itt, RACEWAY_TAG_NONE, 512, 1024, 512);
	client_expect_sense(&client, bhs.itt, 5, 0x2400);
	cr_expect_eq(bed.disk[0], 0);
	client_close(&client);
}

/* A target that holds less than what is announced at once asks for one command's data after the
 * other, and loses nothing. */
Test(command_memory, little_memory)
{
	enum { COUNT = 16, BYTES = 1 << 19 };
	const struct raceway_iscsi_limits limits = { .connection_bytes = 1 << 20 };
	struct client client = { 0 };
	static struct raceway_bhs bhs[COUNT];
	static struct pdu pdu;
	unsigned int done = 0;
	char cdb[32];

	memset(pattern, 0x5a, sizeof(pattern));
	bed_start(&limits);
	LOGIN(&client, "ImmediateData=No\0");
	for (unsigned int i = 0; i < COUNT; i++) {
		bhs[i] = client_command(&client, FLAGS_WRITE,
					client_cdb10(WRITE10, i * 1024, 1024, cdb), BYTES);
		client_send(&client, &bhs[i], NULL, 0);
	}
	client_expect(&client, &pdu, RACEWAY_OP_R2T);
	client_expect_silence(&client);
	while (done < COUNT) {
		if (pdu.bhs.opcode == RACEWAY_OP_SCSI_RESPONSE) {
			cr_expect_eq(pdu.bhs.itt, bhs[done++].itt);
		} else {
			uint32_t from = be32toh(pdu.bhs.response.offset);

			cr_expect_eq(pdu.bhs.itt, bhs[done].itt, "two at a time");
			send_data_out(&client, pdu.bhs.itt, be32toh(pdu.bhs.response.tag), from,
				      from + be32toh(pdu.bhs.response.count), 65536);
		}
		if (done < COUNT)
			cr_assert(client_receive(&client, &pdu));
	}
	for (size_t i = 0; i < (size_t)COUNT * BYTES; i++)
		cr_assert_eq(bed.disk[i], 0x5a);
	client_close(&client);
}
