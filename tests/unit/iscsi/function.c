/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/function.c: task management, wherever the task is just now. */
#include <string.h>

#include "bed.h"

#define FLAGS_READ (RACEWAY_PDU_FINAL | RACEWAY_PDU_READ)
#define FLAGS_WRITE (RACEWAY_PDU_FINAL | RACEWAY_PDU_WRITE)
#define READ "28 00 00 00 00 00 00 00 01 00"
#define WRITE "2a 00 00 00 00 00 00 00 01 00"

static void start(void)
{
	bed_start(&(struct raceway_iscsi_limits){ .queue_depth = 16 });
}

TestSuite(function, .init = start, .fini = bed_stop, .timeout = 30);
TestSuite(function_memory, .fini = bed_stop, .timeout = 30);

static struct raceway_bhs function_of(struct client *client, enum raceway_function function,
				      const struct raceway_bhs *task)
{
	struct raceway_bhs bhs =
		client_request(client, RACEWAY_OP_TASK_MANAGEMENT, (uint8_t)function);

	bhs.opcode |= RACEWAY_PDU_IMMEDIATE;
	client->cmdsn--;
	bhs.lun[1] = 1;
	if (task) {
		bhs.request.tag = task->itt;
		bhs.request.ref_cmdsn = task->command.cmdsn;
	}
	return bhs;
}

static void expect_response(struct client *client, __be32 itt,
			    enum raceway_function_response response)
{
	struct pdu pdu;

	client_expect(client, &pdu, RACEWAY_OP_TASK_MANAGEMENT_RESPONSE);
	cr_expect_eq(pdu.bhs.itt, itt);
	cr_expect_eq(pdu.bhs.byte2, response, "response %u, not %u", pdu.bhs.byte2, response);
}

static void run(struct client *client, enum raceway_function function,
		const struct raceway_bhs *task, enum raceway_function_response response)
{
	struct raceway_bhs bhs = function_of(client, function, task);

	client_send(client, &bhs, NULL, 0);
	expect_response(client, bhs.itt, response);
}

/* A read that the disk has not finished. */
static struct raceway_bhs slow_read(struct client *client)
{
	struct raceway_bhs bhs = client_command(client, FLAGS_READ, READ, 512);

	client_send(client, &bhs, NULL, 0);
	return bhs;
}

/* The answer waits until the disk is done with the data; the command has none. */
Test(function, abort_task)
{
	struct client client = { 0 };
	struct raceway_bhs task, abort;

	LOGIN(&client, "");
	bed.slow = true;
	task = slow_read(&client);
	abort = function_of(&client, RACEWAY_FUNCTION_ABORT_TASK, &task);
	client_send(&client, &abort, NULL, 0);
	client_expect_silence(&client);
	bed_go_on();
	expect_response(&client, abort.itt, RACEWAY_FUNCTION_COMPLETE);
	client_expect_silence(&client);
	client_test_unit_ready(&client);
	client_close(&client);
}

/* Not yet begun by the device server: it never is. */
Test(function, abort_delayed_task)
{
	static const uint8_t data[512] = { 1 };
	struct client client = { 0 };
	struct raceway_bhs task;

	LOGIN(&client, "");
	bed.delay = true;
	task = client_command(&client, FLAGS_WRITE, WRITE, 512);
	client_send(&client, &task, data, sizeof(data));
	run(&client, RACEWAY_FUNCTION_ABORT_TASK, &task, RACEWAY_FUNCTION_COMPLETE);
	bed_go_on();
	client_expect_silence(&client);
	cr_expect_eq(bed.disk[0], 0, "an aborted command was run");
	client_test_unit_ready(&client);
	client_close(&client);
}

/* While its data is still on the way: what comes of it is thrown away. */
Test(function, abort_task_without_data)
{
	static const uint8_t data[512] = { 1 };
	struct client client = { 0 };
	struct raceway_bhs task,
		out = { .opcode = RACEWAY_OP_DATA_OUT, .flags = RACEWAY_PDU_FINAL };
	struct pdu pdu;

	LOGIN(&client, "");
	task = client_command(&client, FLAGS_WRITE, WRITE, 512);
	client_send(&client, &task, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_R2T);
	run(&client, RACEWAY_FUNCTION_ABORT_TASK, &task, RACEWAY_FUNCTION_COMPLETE);
	out.itt = task.itt;
	out.lun[1] = 1;
	out.data_out.ttt = pdu.bhs.response.tag;
	client_send(&client, &out, data, sizeof(data));
	client_expect_silence(&client);
	cr_expect_eq(bed.disk[0], 0);
	client_test_unit_ready(&client);
	client_close(&client);
}

/* Waiting for memory. */
Test(function_memory, abort_waiting_task)
{
	struct client client = { 0 };
	struct raceway_bhs tasks[3];
	static struct pdu pdu;

	bed_start(&(struct raceway_iscsi_limits){ .connection_bytes = 1 << 20 });
	LOGIN(&client, "MaxRecvDataSegmentLength=262144\0");
	bed.slow = true;
	for (size_t i = 0; i < 3; i++) {
		tasks[i] = client_command(&client, FLAGS_READ, "28 00 00 00 00 00 00 04 00 00",
					  1 << 19);
		client_send(&client, &tasks[i], NULL, 0);
	}
	run(&client, RACEWAY_FUNCTION_ABORT_TASK, &tasks[1], RACEWAY_FUNCTION_COMPLETE);
	bed_go_on();
	for (size_t i = 0; i < 3; i += 2) {
		do {
			client_expect(&client, &pdu, RACEWAY_OP_DATA_IN);
			cr_expect_eq(pdu.bhs.itt, tasks[i].itt);
		} while (!(pdu.bhs.flags & RACEWAY_DATA_IN_STATUS));
	}
	client_expect_silence(&client);
	client_close(&client);
}

Test(function, no_such_task)
{
	struct client client = { 0 };
	struct raceway_bhs task, bhs;

	LOGIN(&client, "");
	task = client_command(&client, FLAGS_READ, READ, 512);
	client_send(&client, &task, NULL, 0);
	client_expect(&client, &(struct pdu){ 0 }, RACEWAY_OP_DATA_IN);
	run(&client, RACEWAY_FUNCTION_ABORT_TASK, &task, RACEWAY_FUNCTION_NO_TASK);
	/* On another unit. */
	bed.slow = true;
	task = slow_read(&client);
	bhs = function_of(&client, RACEWAY_FUNCTION_ABORT_TASK, &task);
	bhs.lun[1] = 2;
	client_send(&client, &bhs, NULL, 0);
	expect_response(&client, bhs.itt, RACEWAY_FUNCTION_NO_LUN);
	bed_go_on();
	client_expect(&client, &(struct pdu){ 0 }, RACEWAY_OP_DATA_IN);
	client_close(&client);
}

/* A command that got lost, by its CmdSN: it counts as received (RFC 7143 11.6.1). */
Test(function, abort_of_a_gap)
{
	struct client client = { 0 };
	struct raceway_bhs lost, next;

	LOGIN(&client, "");
	lost = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	next = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	client_send(&client, &next, NULL, 0);
	client_expect_silence(&client);
	run(&client, RACEWAY_FUNCTION_ABORT_TASK, &lost, RACEWAY_FUNCTION_COMPLETE);
	client_expect_status(&client, next.itt, RACEWAY_SCSI_GOOD);
	/* It does not come to life again. */
	client_send(&client, &lost, NULL, 0);
	client_expect_silence(&client);
	client_test_unit_ready(&client);
	client_close(&client);
}

/* Outside of the window nothing can have got lost. */
Test(function, abort_outside_of_the_window)
{
	struct client client = { 0 };
	struct raceway_bhs lost = { .itt = htobe32(99) };

	LOGIN(&client, "");
	lost.command.cmdsn = htobe32(client.cmdsn - 1);
	run(&client, RACEWAY_FUNCTION_ABORT_TASK, &lost, RACEWAY_FUNCTION_NO_TASK);
	lost.command.cmdsn = htobe32(client.cmdsn + 1000);
	run(&client, RACEWAY_FUNCTION_ABORT_TASK, &lost, RACEWAY_FUNCTION_NO_TASK);
	client_test_unit_ready(&client);
	client_close(&client);
}

/* A command that waits for its turn: aborted, and its number with it. */
Test(function, abort_of_a_held_task)
{
	struct client client = { 0 };
	struct raceway_bhs first, second, third;

	LOGIN(&client, "");
	first = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	second = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	third = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	client_send(&client, &second, NULL, 0);
	client_send(&client, &third, NULL, 0);
	run(&client, RACEWAY_FUNCTION_ABORT_TASK, &second, RACEWAY_FUNCTION_COMPLETE);
	client_send(&client, &first, NULL, 0);
	client_expect_status(&client, first.itt, RACEWAY_SCSI_GOOD);
	client_expect_status(&client, third.itt, RACEWAY_SCSI_GOOD);
	client_expect_silence(&client);
	cr_expect_eq(client.exp_cmdsn, client.cmdsn);
	client_close(&client);
}

/* All that was sent before, whatever its state; nothing that was sent later. */
static void abort_all(enum raceway_function function)
{
	static const uint8_t data[512] = { 1 };
	struct client client = { 0 };
	struct raceway_bhs later, bhs, delayed;
	struct pdu pdu;

	LOGIN(&client, "");
	bed.slow = true;
	slow_read(&client);
	slow_read(&client);
	bhs = client_command(&client, FLAGS_WRITE, WRITE, 512); /* its data never comes */
	client_send(&client, &bhs, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_R2T);
	bed.delay = true;
	delayed = client_command(&client, FLAGS_WRITE, WRITE, 512);
	client_send(&client, &delayed, data, sizeof(data));
	client_expect_silence(&client);
	bed.delay = false;
	bhs = function_of(&client, function, NULL);
	later = client_command(&client, FLAGS_READ, "12 00 00 00 05 00", 5);
	client_send(&client, &bhs, NULL, 0);
	client_send(&client, &later, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_DATA_IN);
	cr_expect_eq(pdu.bhs.itt, later.itt);
	bed_go_on();
	expect_response(&client, bhs.itt, RACEWAY_FUNCTION_COMPLETE);
	client_expect_silence(&client);
	cr_expect_eq(bed.disk[0], 0, "an aborted command was run");
	client_test_unit_ready(&client);
	client_close(&client);
}

Test(function, abort_task_set)
{
	abort_all(RACEWAY_FUNCTION_ABORT_TASK_SET);
}

Test(function, clear_task_set)
{
	abort_all(RACEWAY_FUNCTION_CLEAR_TASK_SET);
}

Test(function, logical_unit_reset)
{
	abort_all(RACEWAY_FUNCTION_LOGICAL_UNIT_RESET);
}

Test(function, target_warm_reset)
{
	abort_all(RACEWAY_FUNCTION_TARGET_WARM_RESET);
}

Test(function, target_cold_reset)
{
	struct client client = { 0 }, other = { .isid = { 1 } };

	LOGIN(&client, "");
	client_login(&other, 0, "", 0);
	run(&client, RACEWAY_FUNCTION_TARGET_COLD_RESET, NULL, RACEWAY_FUNCTION_COMPLETE);
	client_expect_end(&client);
	client_test_unit_ready(&other);
	client_close(&client);
	client_close(&other);
}

Test(function, other_functions)
{
	static const struct {
		uint8_t function, lun;
		enum raceway_function_response response;
	} cases[] = {
		{ RACEWAY_FUNCTION_CLEAR_ACA, 1, RACEWAY_FUNCTION_UNSUPPORTED },
		{ RACEWAY_FUNCTION_TASK_REASSIGN, 1, RACEWAY_FUNCTION_NO_REASSIGN },
		{ RACEWAY_FUNCTION_NEXUS_RESET, 1, RACEWAY_FUNCTION_UNSUPPORTED },
		{ 0, 1, RACEWAY_FUNCTION_UNSUPPORTED },
		{ 13, 1, RACEWAY_FUNCTION_UNSUPPORTED },
		{ 0x7f, 1, RACEWAY_FUNCTION_UNSUPPORTED },
		{ RACEWAY_FUNCTION_LOGICAL_UNIT_RESET, 9, RACEWAY_FUNCTION_NO_LUN },
		{ RACEWAY_FUNCTION_QUERY_TASK, 1, RACEWAY_FUNCTION_COMPLETE },
		{ RACEWAY_FUNCTION_QUERY_TASK_SET, 1, RACEWAY_FUNCTION_COMPLETE },
	};
	struct client client = { 0 };

	LOGIN(&client, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct raceway_bhs bhs =
			function_of(&client, (enum raceway_function)cases[i].function, NULL);

		bhs.lun[1] = cases[i].lun;
		client_send(&client, &bhs, NULL, 0);
		expect_response(&client, bhs.itt, cases[i].response);
	}
	client_close(&client);
}

Test(function, query_task)
{
	struct client client = { 0 };
	struct raceway_bhs task;

	LOGIN(&client, "");
	bed.slow = true;
	task = slow_read(&client);
	run(&client, RACEWAY_FUNCTION_QUERY_TASK, &task, RACEWAY_FUNCTION_SUCCEEDED);
	run(&client, RACEWAY_FUNCTION_QUERY_TASK_SET, NULL, RACEWAY_FUNCTION_SUCCEEDED);
	bed_go_on();
	client_expect(&client, &(struct pdu){ 0 }, RACEWAY_OP_DATA_IN);
	client_close(&client);
}

/* In its turn, if it is not immediate. */
Test(function, not_immediate)
{
	struct client client = { 0 };
	struct raceway_bhs bhs;

	LOGIN(&client, "");
	bhs = client_request(&client, RACEWAY_OP_TASK_MANAGEMENT,
			     RACEWAY_FUNCTION_LOGICAL_UNIT_RESET);
	bhs.lun[1] = 1;
	client_send(&client, &bhs, NULL, 0);
	expect_response(&client, bhs.itt, RACEWAY_FUNCTION_COMPLETE);
	cr_expect_eq(client.exp_cmdsn, client.cmdsn);
	client_close(&client);
}
