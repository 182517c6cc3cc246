/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/conn.c, enter.c, target.c: who is waited for how long, and who must make room for
 * whom. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sessions.h"

/* Those start with limits of their own. */
TestSuite(limits, .fini = bed_stop, .timeout = 60);

/* An idle initiator is asked, and one that does not answer is dropped. */
Test(limits, keepalive)
{
	struct client alive = { 0 }, dead = { .isid = { 1 } };
	struct raceway_bhs bhs = { .opcode = RACEWAY_OP_NOP_OUT | RACEWAY_PDU_IMMEDIATE,
				   .flags = RACEWAY_PDU_FINAL,
				   .itt = htobe32(RACEWAY_TAG_NONE) };
	uint64_t before;
	struct pdu pdu;

	bed_start(&(struct raceway_iscsi_limits){ .nop_interval_ms = 100, .nop_timeout_ms = 200 });
	LOGIN(&alive, "");
	client_login(&dead, 1, "", 0);
	before = now_ms();
	for (int i = 0; i < 4; i++) {
		client_expect(&alive, &pdu, RACEWAY_OP_NOP_IN);
		cr_expect_eq(pdu.bhs.itt, htobe32(RACEWAY_TAG_NONE));
		cr_assert_neq(pdu.bhs.response.tag, htobe32(RACEWAY_TAG_NONE));
		bhs.request.tag = pdu.bhs.response.tag;
		client_send(&alive, &bhs, NULL, 0);
	}
	cr_expect_geq(now_ms() - before, 390);
	client_expect(&dead, &pdu, RACEWAY_OP_NOP_IN);
	expect_gone(&dead);
	client_expect(&alive, &pdu, RACEWAY_OP_NOP_IN);
	client_close(&alive);
}

/* One that takes its data slowly has no time to answer, and is not dropped. */
Test(limits, slow_initiator)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	struct client client = { 0 };
	struct raceway_bhs bhs;
	static struct pdu pdu;
	uint64_t before;

	bed_start(&(struct raceway_iscsi_limits){ .nop_interval_ms = 100, .nop_timeout_ms = 300 });
	LOGIN(&client, "MaxRecvDataSegmentLength=8192\0");
	bhs = client_command(&client, FLAGS_READ, "28 00 00 00 00 00 00 20 00 00", 4 << 20);
	client_send(&client, &bhs, NULL, 0);
	before = now_ms();
	do {
		nanosleep(&pause, NULL);
		cr_assert(client_receive(&client, &pdu), "dropped");
	} while (!(pdu.bhs.opcode == RACEWAY_OP_DATA_IN && pdu.bhs.flags & RACEWAY_DATA_IN_STATUS));
	cr_expect_geq(now_ms() - before, 1000);
	client_close(&client);
}

/* A login that stalls, wherever it does. */
Test(limits, stalled_login)
{
	static const size_t sent[] = { 0, 1, 47, 48, 60 };
	struct raceway_bhs bhs = { .opcode = RACEWAY_OP_LOGIN | RACEWAY_PDU_IMMEDIATE,
				   .flags = 0x04 };
	uint8_t whole[sizeof(bhs) + 200] = { 0 };
	struct client clients[6] = { { 0 } }, good = { .isid = { 1 } };
	uint64_t before;

	bed_start(&(struct raceway_iscsi_limits){ .login_timeout_ms = 300 });
	raceway_bhs_set_data_bytes(&bhs, 200);
	memcpy(whole, &bhs, sizeof(bhs));
	before = now_ms();
	for (size_t i = 0; i < 6; i++) {
		clients[i].fd = bed_connect(0);
		if (i < 5)
			client_send_raw(&clients[i], whole, sent[i]);
		else
			send_login_pdu(&clients[i], 0x04, 0, BED_NAMES, sizeof(BED_NAMES) - 1);
	}
	client_expect(&clients[5], &(struct pdu){ 0 }, RACEWAY_OP_LOGIN_RESPONSE);
	LOGIN(&good, "");
	for (size_t i = 0; i < 6; i++)
		expect_gone(&clients[i]);
	cr_expect_geq(now_ms() - before, 290);
	cr_expect_leq(now_ms() - before, 3000);
	client_test_unit_ready(&good);
	client_close(&good);
}

Test(limits, connections)
{
	struct client first = { 0 }, second = { .isid = { 1 } }, third = { 0 };
	const struct timespec pause = { .tv_sec = 1, .tv_nsec = 100000000 };

	bed_start(&(struct raceway_iscsi_limits){ .max_connections = 2 });
	LOGIN(&first, "");
	client_login(&second, 0, "", 0);
	third.fd = bed_connect(0);
	expect_gone(&third);
	client_close(&second);
	bed_await(&bed.closed, 1);
	/* One in login keeps its place for a second, then a newer one gets it. */
	second.fd = bed_connect(0);
	third.fd = bed_connect(0);
	expect_gone(&third);
	nanosleep(&pause, NULL);
	third = (struct client){ .isid = { 2 } };
	client_login(&third, 0, "", 0);
	expect_gone(&second);
	client_test_unit_ready(&first);
	client_close(&first);
	client_close(&third);
}

static size_t resident_kib(void)
{
	unsigned long whole = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "%lu %lu", &whole, &resident), 2);
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* 10,000 connections that never log in, of which some have begun and claim a long text. */
Test(limits, half_open_connections)
{
	static int fds[10000];
	unsigned int count = sizeof(fds) / sizeof(fds[0]);
	struct rlimit files;
	struct raceway_bhs bhs = { .opcode = RACEWAY_OP_LOGIN | RACEWAY_PDU_IMMEDIATE,
				   .flags = 0x44 };
	struct client client = { 0 };
	size_t before;
	uint64_t start_ms;

	/* Both ends are ours. */
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_max < 2 * count + 100)
		count = (unsigned int)(files.rlim_max - 100) / 2;
	bed_start(&(struct raceway_iscsi_limits){ .max_connections = 20000 });
	LOGIN(&client, "");
	before = resident_kib();
	raceway_bhs_set_data_bytes(&bhs, 8192);
	for (unsigned int i = 0; i < count; i++) {
		fds[i] = bed_connect(0);
		if (i % 2)
			send(fds[i], &bhs, sizeof(bhs), MSG_NOSIGNAL);
	}
	client_test_unit_ready(&client);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed */
	cr_expect_lt(resident_kib() - before, 12 << 10, "%zu KiB", resident_kib() - before);
#endif
	cr_log_info("%u connections, %zu KiB", count, resident_kib() - before);
	/* Nobody else is held up. */
	start_ms = now_ms();
	client_close(&client);
	LOGIN(&client, "");
	client_test_unit_ready(&client);
	cr_expect_lt(now_ms() - start_ms, 1000);
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
	client_close(&client);
}
