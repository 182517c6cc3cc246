/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/order.c and memory.c: CmdSN, the window, and what does not fit them. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bed.h"

#define FLAGS_READ (RACEWAY_PDU_FINAL | RACEWAY_PDU_READ)
#define FLAGS_WRITE (RACEWAY_PDU_FINAL | RACEWAY_PDU_WRITE)

static void start(void)
{
	bed_start(&(struct raceway_iscsi_limits){ .queue_depth = 4 });
}

TestSuite(order, .init = start, .fini = bed_stop, .timeout = 30);
TestSuite(order_memory, .fini = bed_stop, .timeout = 30);

static struct raceway_bhs test_unit_ready(struct client *client)
{
	return client_command(client, RACEWAY_PDU_FINAL, "00", 0);
}

Test(order, window_is_as_deep_as_it_is_said)
{
	struct client client = { 0 };
	struct raceway_bhs bhs[5];

	LOGIN(&client, "");
	cr_expect_eq(client.exp_cmdsn, client.cmdsn);
	cr_expect_eq(client.max_cmdsn, client.cmdsn + 3);
	bed.delay = true;
	for (size_t i = 0; i < 5; i++) {
		bhs[i] = test_unit_ready(&client);
		client_send(&client, &bhs[i], NULL, 0);
	}
	client_expect_silence(&client);
	/* The fifth was not taken, and the window is shut. */
	cr_expect_eq(bed.submitted, 4 + 2);
	cr_expect_eq(client.exp_cmdsn, client.cmdsn - 1);
	cr_expect_eq(client.max_cmdsn, client.exp_cmdsn - 1);
	bed_go_on();
	for (size_t i = 0; i < 4; i++)
		client_expect_status(&client, bhs[i].itt, RACEWAY_SCSI_GOOD);
	cr_expect_eq(client.max_cmdsn, client.exp_cmdsn + 3);
	client_send(&client, &bhs[4], NULL, 0);
	client_expect_status(&client, bhs[4].itt, RACEWAY_SCSI_GOOD);
	client_close(&client);
}

/* Neither what was there before nor what is too far ahead is answered. */
Test(order, outside_of_the_window)
{
	static const int32_t away[] = { -1, -2, -1000, 4, 5, 1000, 0x7fffffff };
	struct client client = { 0 };

	LOGIN(&client, "");
	for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++) {
		struct raceway_bhs bhs = test_unit_ready(&client);

		client.cmdsn--;
		bhs.command.cmdsn = htobe32(client.cmdsn + (uint32_t)away[i]);
		client_send(&client, &bhs, NULL, 0);
		/* Not even if it is wrong in other ways. */
		bhs.flags = RACEWAY_PDU_FINAL | 7;
		client_send(&client, &bhs, NULL, 0);
		bhs.opcode = RACEWAY_OP_LOGOUT;
		bhs.ahs_words = 1;
		raceway_bhs_set_data_bytes(&bhs, 4); /* which no logout has */
		client_send_raw(&client, &bhs, sizeof(bhs));
		client_send_raw(&client, "\0\0\0\0\0\0\0", 8);
		client_expect_silence(&client);
	}
	cr_expect_eq(bed.submitted, 2);
	client_test_unit_ready(&client);
	client_close(&client);
}

/* With data too: it is thrown away, and what follows is understood. */
Test(order, outside_of_the_window_with_data)
{
	static uint8_t data[8192];
	struct client client = { 0 };
	struct raceway_bhs bhs;

	memset(data, 0xff, sizeof(data));
	LOGIN(&client, "InitialR2T=No\0");
	bhs = client_command(&client, RACEWAY_PDU_WRITE, "2a 00 00 00 00 00 00 00 20 00", 16384);
	client.cmdsn--;
	bhs.command.cmdsn = htobe32(client.cmdsn - 1);
	client_send(&client, &bhs, data, sizeof(data));
	bhs = (struct raceway_bhs){ .opcode = RACEWAY_OP_DATA_OUT,
				    .flags = RACEWAY_PDU_FINAL,
				    .itt = bhs.itt };
	bhs.data_out.ttt = htobe32(RACEWAY_TAG_NONE);
	bhs.data_out.offset = htobe32(8192);
	client_send(&client, &bhs, data, sizeof(data));
	client_expect_silence(&client);
	cr_expect_eq(bed.disk[0], 0);
	client_test_unit_ready(&client);
	client_close(&client);
}

/* Commands behind a gap wait until it is filled, and are run in order. */
Test(order, gap)
{
	struct client client = { 0 };
	struct raceway_bhs bhs[3];

	LOGIN(&client, "");
	for (size_t i = 0; i < 3; i++)
		bhs[i] = test_unit_ready(&client);
	client_send(&client, &bhs[2], NULL, 0);
	client_send(&client, &bhs[1], NULL, 0);
	client_send(&client, &bhs[1], NULL, 0); /* not twice */
	client_expect_silence(&client);
	cr_expect_eq(client.exp_cmdsn, client.cmdsn - 3);
	client_send(&client, &bhs[0], NULL, 0);
	for (size_t i = 0; i < 3; i++)
		client_expect_status(&client, bhs[i].itt, RACEWAY_SCSI_GOOD);
	cr_expect_eq(client.exp_cmdsn, client.cmdsn);
	client_close(&client);
}

/* Data of a command that waits for its turn is taken meanwhile. */
Test(order, gap_with_data)
{
	static uint8_t data[1024];
	struct client client = { 0 };
	struct raceway_bhs first, second, out;

	memset(data, 0xa5, sizeof(data));
	LOGIN(&client, "InitialR2T=No\0");
	first = test_unit_ready(&client);
	second = client_command(&client, RACEWAY_PDU_WRITE, "2a 00 00 00 00 00 00 00 02 00", 1024);
	client_send(&client, &second, data, 512);
	out = (struct raceway_bhs){ .opcode = RACEWAY_OP_DATA_OUT,
				    .flags = RACEWAY_PDU_FINAL,
				    .itt = second.itt };
	out.data_out.ttt = htobe32(RACEWAY_TAG_NONE);
	out.data_out.offset = htobe32(512);
	client_send(&client, &out, data, 512);
	client_expect_silence(&client);
	cr_expect_eq(bed.disk[0], 0);
	client_send(&client, &first, NULL, 0);
	client_expect_status(&client, first.itt, RACEWAY_SCSI_GOOD);
	client_expect_status(&client, second.itt, RACEWAY_SCSI_GOOD);
	cr_expect_arr_eq(bed.disk, data, 1024);
	client_close(&client);
}

/* A rejected command's number was not received (RFC 7143 11.17.1): what follows waits until the
 * initiator has filled the gap. */
Test(order, reject_leaves_a_gap)
{
	struct client client = { 0 };
	struct raceway_bhs wrong, right;

	LOGIN(&client, "");
	wrong = test_unit_ready(&client);
	wrong.flags = RACEWAY_PDU_FINAL | 7; /* no such task attribute */
	client_send(&client, &wrong, NULL, 0);
	client_expect_reject(&client, RACEWAY_REJECT_INVALID_FIELD);
	right = test_unit_ready(&client);
	client_send(&client, &right, NULL, 0);
	client_expect_silence(&client);
	wrong.flags = RACEWAY_PDU_FINAL | RACEWAY_TASK_SIMPLE;
	client_send(&client, &wrong, NULL, 0);
	client_expect_status(&client, wrong.itt, RACEWAY_SCSI_GOOD);
	client_expect_status(&client, right.itt, RACEWAY_SCSI_GOOD);
	client_close(&client);
}

Test(order, immediate_commands_take_no_number)
{
	struct client client = { 0 };
	struct raceway_bhs bhs[4], now;

	LOGIN(&client, "");
	bed.delay = true;
	for (size_t i = 0; i < 4; i++) {
		bhs[i] = test_unit_ready(&client);
		client_send(&client, &bhs[i], NULL, 0);
	}
	client_expect_silence(&client);
	bed.delay = false;
	/* The window is shut, and it runs all the same. */
	now = test_unit_ready(&client);
	client.cmdsn--;
	now.opcode |= RACEWAY_PDU_IMMEDIATE;
	client_send(&client, &now, NULL, 0);
	client_expect_status(&client, now.itt, RACEWAY_SCSI_GOOD);
	bed_go_on();
	for (size_t i = 0; i < 4; i++)
		client_expect_status(&client, bhs[i].itt, RACEWAY_SCSI_GOOD);
	client_test_unit_ready(&client);
	client_close(&client);
}

Test(order, too_many_immediate_commands)
{
	struct client client = { 0 };
	struct raceway_bhs bhs[17];

	LOGIN(&client, "");
	bed.delay = true;
	for (size_t i = 0; i < 17; i++) {
		bhs[i] = test_unit_ready(&client);
		client.cmdsn--;
		bhs[i].opcode |= RACEWAY_PDU_IMMEDIATE;
		client_send(&client, &bhs[i], NULL, 0);
	}
	client_expect_reject(&client, RACEWAY_REJECT_IMMEDIATE);
	bed_go_on();
	for (size_t i = 0; i < 16; i++)
		client_expect_status(&client, bhs[i].itt, RACEWAY_SCSI_GOOD);
	client_test_unit_ready(&client);
	client_close(&client);
}

/* The window leaves room for as much unsolicited data as it lets in: 512 KiB are half of what
 * the connection may hold, and a first burst is 64 KiB. */
Test(order_memory, window_follows_memory)
{
	struct client client = { 0 };
	struct raceway_bhs bhs[8];
	static uint8_t data[65536];
	unsigned int i;

	bed_start(&(struct raceway_iscsi_limits){ .connection_bytes = 1 << 20 });
	LOGIN(&client, "InitialR2T=No\0");
	cr_expect_eq(client.max_cmdsn, client.cmdsn + 7);
	bed.delay = true;
	for (i = 0; i < 8; i++) {
		bhs[i] = client_command(&client, FLAGS_WRITE, "2a 00 00 00 00 00 00 00 80 00",
					sizeof(data));
		client_send(&client, &bhs[i], data, sizeof(data));
	}
	client_expect_silence(&client);
	cr_expect_eq(bed.submitted, 8 + 2);
	cr_expect_eq(client.max_cmdsn, client.cmdsn - 1);
	bed_go_on();
	for (i = 0; i < 8; i++)
		client_expect_status(&client, bhs[i].itt, RACEWAY_SCSI_GOOD);
	client_test_unit_ready(&client);
	cr_expect_geq((int32_t)(client.max_cmdsn - client.cmdsn), 6);
	client_close(&client);
}

/* Without unsolicited data memory does not bound the window. */
Test(order_memory, window_without_unsolicited_data)
{
	struct client client = { 0 };

	bed_start(&(struct raceway_iscsi_limits){ .connection_bytes = 1 << 20 });
	LOGIN(&client, "InitialR2T=Yes\0ImmediateData=No\0");
	cr_expect_eq(client.max_cmdsn, client.cmdsn + 127);
	client_close(&client);
}

/* Reads wait for memory too: 1 MiB each, half of 2 MiB may be held. */
Test(order_memory, reads_wait_for_memory)
{
	struct client client = { 0 };
	struct raceway_bhs bhs[3];
	static struct pdu pdu;

	bed_start(&(struct raceway_iscsi_limits){ .connection_bytes = 2 << 20 });
	LOGIN(&client, "MaxRecvDataSegmentLength=262144\0");
	bed.slow = true;
	for (size_t i = 0; i < 3; i++) {
		bhs[i] = client_command(&client, FLAGS_READ, "28 00 00 00 00 00 00 08 00 00",
					1 << 20);
		client_send(&client, &bhs[i], NULL, 0);
	}
	client_expect_silence(&client);
	cr_expect_eq(bed.submitted, 1 + 2);
	bed_go_on();
	for (size_t i = 0; i < 3; i++) {
		do {
			client_expect(&client, &pdu, RACEWAY_OP_DATA_IN);
			cr_expect_eq(pdu.bhs.itt, bhs[i].itt);
		} while (!(pdu.bhs.flags & RACEWAY_DATA_IN_STATUS));
	}
	cr_expect_eq(bed.submitted, 3 + 2);
	client_close(&client);
}

/* An initiator that sends and never receives holds up nobody but itself. */
Test(order, flood_of_pings)
{
	enum { COUNT = 20000 };
	struct client client = { 0 }, other = { .isid = { 1 } };
	struct raceway_bhs bhs;
	struct pdu pdu;
	unsigned int sent = 0;

	LOGIN(&client, "");
	client_login(&other, 0, "", 0);
	bhs = client_request(&client, RACEWAY_OP_NOP_OUT, 0);
	bhs.opcode |= RACEWAY_PDU_IMMEDIATE;
	while (sent < COUNT && send(client.fd, &bhs, sizeof(bhs), MSG_DONTWAIT) == sizeof(bhs))
		sent++;
	cr_expect_lt(sent, COUNT, "all pings were taken though no answer was");
	client_test_unit_ready(&other);
	for (unsigned int i = 0; i < sent; i++)
		client_expect(&client, &pdu, RACEWAY_OP_NOP_IN);
	client_close(&client);
	client_close(&other);
}

/* Data-Out that was asked for. */
static void answer_r2t(struct client *client, const struct raceway_bhs *command, const void *data,
		       uint32_t bytes)
{
	struct raceway_bhs out = { .opcode = RACEWAY_OP_DATA_OUT,
				   .flags = RACEWAY_PDU_FINAL,
				   .itt = command->itt };
	struct pdu pdu;

	client_expect(client, &pdu, RACEWAY_OP_R2T);
	cr_assert_eq(pdu.bhs.itt, command->itt);
	out.lun[1] = 1;
	out.data_out.ttt = pdu.bhs.response.tag;
	client_send(client, &out, data, bytes);
}

/* An ordered command goes after the write before it, whose data comes late, and before what
 * comes after it; head of queue goes before all. */
Test(order, ordered_commands)
{
	static const uint8_t data[512] = { 1 };
	struct client client = { 0 };
	struct raceway_bhs write, ordered, simple, head;
	struct pdu pdu;

	LOGIN(&client, "ImmediateData=No\0");
	write = client_command(&client, FLAGS_WRITE, "2a 00 00 00 00 00 00 00 01 00", 512);
	client_send(&client, &write, NULL, 0);
	ordered = client_command(&client, FLAGS_READ, "28 00 00 00 00 00 00 00 01 00", 512);
	ordered.flags = FLAGS_READ | RACEWAY_TASK_ORDERED;
	client_send(&client, &ordered, NULL, 0);
	simple = test_unit_ready(&client);
	client_send(&client, &simple, NULL, 0);
	bed_await(&bed.submitted, 2);
	answer_r2t(&client, &write, data, sizeof(data));
	client_expect_status(&client, write.itt, RACEWAY_SCSI_GOOD);
	client_expect(&client, &pdu, RACEWAY_OP_DATA_IN);
	cr_expect_eq(pdu.bhs.itt, ordered.itt);
	cr_expect_eq(pdu.data[0], 1, "read before what it comes after");
	client_expect_status(&client, simple.itt, RACEWAY_SCSI_GOOD);
	/* Without an ordered command nobody waits. */
	write = client_command(&client, FLAGS_WRITE, "2a 00 00 00 00 00 00 00 01 00", 512);
	client_send(&client, &write, NULL, 0);
	head = test_unit_ready(&client);
	client_send(&client, &head, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_R2T);
	client_expect_status(&client, head.itt, RACEWAY_SCSI_GOOD);
	client_close(&client);
}

/* If the write before it is aborted, or fails, it goes on. */
Test(order, ordered_command_behind_an_aborted_one)
{
	struct client client = { 0 };
	struct raceway_bhs write, ordered, abort;
	struct pdu pdu;

	LOGIN(&client, "ImmediateData=No\0");
	write = client_command(&client, FLAGS_WRITE, "2a 00 00 00 00 00 00 00 01 00", 512);
	client_send(&client, &write, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_R2T);
	ordered = test_unit_ready(&client);
	ordered.flags = RACEWAY_PDU_FINAL | RACEWAY_TASK_ORDERED;
	client_send(&client, &ordered, NULL, 0);
	client_expect_silence(&client);
	abort = client_request(&client, RACEWAY_OP_TASK_MANAGEMENT, RACEWAY_FUNCTION_ABORT_TASK);
	client.cmdsn--;
	abort.opcode |= RACEWAY_PDU_IMMEDIATE;
	abort.lun[1] = 1;
	abort.request.tag = write.itt;
	client_send(&client, &abort, NULL, 0);
	client_expect_status(&client, ordered.itt, RACEWAY_SCSI_GOOD);
	client_expect(&client, &pdu, RACEWAY_OP_TASK_MANAGEMENT_RESPONSE);
	client_close(&client);
}

/* All data of a write: the first 64 KiB unasked, which is what is sent at first, or the rest. */
static void send_data(struct client *client, const struct raceway_bhs *write, uint32_t bytes,
		      bool rest)
{
	static uint8_t data[1 << 18];
	struct raceway_bhs out = { .opcode = RACEWAY_OP_DATA_OUT,
				   .flags = RACEWAY_PDU_FINAL,
				   .itt = write->itt };
	static struct pdu pdu;

	out.data_out.ttt = htobe32(RACEWAY_TAG_NONE);
	if (!rest) {
		client_send(client, &out, data, 65536);
		return;
	}
	client_expect(client, &pdu, RACEWAY_OP_R2T);
	cr_assert_eq(pdu.bhs.itt, write->itt);
	out.data_out.ttt = pdu.bhs.response.tag;
	out.lun[1] = 1;
	for (uint32_t at = 65536; at < bytes; at += sizeof(data)) {
		uint32_t size = bytes - at < sizeof(data) ? bytes - at : sizeof(data);

		out.flags = at + size == bytes ? RACEWAY_PDU_FINAL : 0;
		out.data_out.offset = htobe32(at);
		client_send(client, &out, data, size);
		out.data_out.datasn = htobe32(be32toh(out.data_out.datasn) + 1);
	}
}

/* What waits for its turn may hold the memory that those before it need: they get it. */
Test(order_memory, ordered_commands)
{
	enum { BYTES = 1 << 19 };
	struct client client = { 0 };
	struct raceway_bhs writes[2], reads[2], ordered;
	static struct pdu pdu;

	bed_start(
		&(struct raceway_iscsi_limits){ .connection_bytes = 1 << 20, .max_burst = BYTES });
	LOGIN(&client, "InitialR2T=No\0MaxBurstLength=1048576\0MaxRecvDataSegmentLength=262144\0");
	for (size_t i = 0; i < 2; i++) {
		writes[i] = client_command(&client, RACEWAY_PDU_WRITE,
					   "2a 00 00 00 00 00 00 04 00 00", BYTES);
		client_send(&client, &writes[i], NULL, 0);
	}
	ordered = test_unit_ready(&client);
	ordered.flags = RACEWAY_PDU_FINAL | RACEWAY_TASK_ORDERED;
	client_send(&client, &ordered, NULL, 0);
	for (size_t i = 0; i < 2; i++) {
		reads[i] =
			client_command(&client, FLAGS_READ, "28 00 00 00 08 00 00 04 00 00", BYTES);
		client_send(&client, &reads[i], NULL, 0);
	}
	send_data(&client, &writes[1], BYTES, false);
	client_expect_silence(&client);
	send_data(&client, &writes[0], BYTES, false);
	for (size_t i = 0; i < 2; i++) {
		send_data(&client, &writes[i], BYTES, true);
		client_expect_status(&client, writes[i].itt, RACEWAY_SCSI_GOOD);
	}
	client_expect_status(&client, ordered.itt, RACEWAY_SCSI_GOOD);
	for (size_t i = 0; i < 2; i++) {
		do {
			client_expect(&client, &pdu, RACEWAY_OP_DATA_IN);
			cr_assert_eq(pdu.bhs.itt, reads[i].itt);
		} while (!(pdu.bhs.flags & RACEWAY_DATA_IN_STATUS));
	}
	client_close(&client);
}
