/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/conn.c, enter.c, registry.c, request.c, target.c: how sessions begin and end,
 * what they may ask besides commands, and who must make room for whom. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"

#define FLAGS_READ (RACEWAY_PDU_FINAL | RACEWAY_PDU_READ)
#define READ "28 00 00 00 00 00 00 00 01 00"
#define DISCOVERY "InitiatorName=" BED_INITIATOR "\0SessionType=Discovery\0"

static void start(void)
{
	bed_start(&(struct raceway_iscsi_limits){ 0 });
}

TestSuite(session, .init = start, .fini = bed_stop, .timeout = 60);
/* Those start with limits of their own. */
TestSuite(limits, .fini = bed_stop, .timeout = 60);

static uint64_t now_ms(void)
{
	return raceway_clock_ns() / 1000000;
}

static void expect_gone(struct client *client)
{
	client_expect_end(client);
	client_close(client);
}

/* Same initiator, same ISID: the new session takes the old one's place. */
Test(session, reinstatement)
{
	for (unsigned int worker = 0; worker < BED_WORKERS; worker++) {
		struct client old = { 0 }, new = { 0 };

		LOGIN(&old, "");
		client_login(&new, worker, "", 0);
		expect_gone(&old);
		client_test_unit_ready(&new);
		cr_expect_neq(old.tsih, new.tsih);
		client_close(&new);
		bed_await(&bed.closed, 2 * worker + 2);
	}
}

/* Not before all commands of the old one are over. */
Test(session, reinstatement_waits)
{
	for (unsigned int worker = 0; worker < BED_WORKERS; worker++) {
		struct client old = { 0 }, new = { 0 };
		struct raceway_bhs bhs;
		struct pdu pdu;
		char byte;

		LOGIN(&old, "");
		bed.slow = true;
		bhs = client_command(&old, FLAGS_READ, READ, 512);
		client_send(&old, &bhs, NULL, 0);
		bed_await(&bed.submitted, 3 + 6 * worker);
		client_send_login(&new, worker, "", 0);
		expect_gone(&old);
		cr_expect_lt(recv(new.fd, &byte, 1, MSG_DONTWAIT), 0);
		cr_expect_eq(bed.opened, 1 + 2 * worker);
		bed_go_on();
		client_expect(&new, &pdu, RACEWAY_OP_LOGIN_RESPONSE);
		cr_expect_eq(pdu.bhs.response.tail[0], 0);
		cr_expect_eq(bed.opened, 2 + 2 * worker);
		client_test_unit_ready(&new);
		client_close(&new);
		bed_await(&bed.closed, 2 * worker + 2);
		bed_await(&bed.submitted, 6 * (worker + 1) - 1);
		bed.submitted = 6 * (worker + 1);
	}
}

/* Whoever waits may give up, and another one come. */
Test(session, reinstatement_given_up)
{
	struct client old = { 0 }, second = { 0 }, third = { 0 };
	struct raceway_bhs bhs;
	struct pdu pdu;

	LOGIN(&old, "");
	bed.slow = true;
	bhs = client_command(&old, FLAGS_READ, READ, 512);
	client_send(&old, &bhs, NULL, 0);
	bed_await(&bed.submitted, 3);
	client_send_login(&second, 1, "", 0);
	expect_gone(&old);
	client_close(&second);
	client_send_login(&third, 1, "", 0);
	bed_go_on();
	client_expect(&third, &pdu, RACEWAY_OP_LOGIN_RESPONSE);
	cr_expect_eq(pdu.bhs.response.tail[0], 0);
	client_close(&third);
}

/* Two that want one place: one gets it, then the other. */
Test(session, reinstatement_by_two)
{
	struct client old = { 0 }, new[2] = { { 0 }, { 0 } };
	struct raceway_bhs bhs;
	struct pdu pdu;
	unsigned int alive = 0;

	LOGIN(&old, "");
	bed.slow = true;
	bhs = client_command(&old, FLAGS_READ, READ, 512);
	client_send(&old, &bhs, NULL, 0);
	bed_await(&bed.submitted, 3);
	client_send_login(&new[0], 0, "", 0);
	client_send_login(&new[1], 1, "", 0);
	expect_gone(&old);
	bed_go_on();
	bed_await(&bed.opened, 3);
	bed_await(&bed.closed, 2);
	for (size_t i = 0; i < 2; i++) {
		char byte;

		cr_assert(client_receive(&new[i], &pdu));
		cr_expect_eq(pdu.bhs.opcode, RACEWAY_OP_LOGIN_RESPONSE);
		if (recv(new[i].fd, &byte, 1, MSG_DONTWAIT) < 0)
			alive++;
		client_close(&new[i]);
	}
	cr_expect_eq(alive, 1);
}

Test(session, others_stay)
{
	struct client first = { 0 }, second = { .isid = { 9 } }, third = { 0 };

	LOGIN(&first, "");
	client_login(&second, 0, "", 0);
	/* Another portal group is another nexus. */
	bed.group = 2;
	client_login(&third, 1, "", 0);
	client_test_unit_ready(&first);
	client_test_unit_ready(&second);
	cr_expect_neq(first.tsih, second.tsih);
	cr_expect_neq(first.tsih, third.tsih);
	client_close(&first);
	client_close(&second);
	client_close(&third);
}

static void send_login_pdu(struct client *client, uint8_t flags, uint16_t tsih, const char *text,
			   size_t bytes)
{
	struct raceway_bhs bhs = { .opcode = RACEWAY_OP_LOGIN | RACEWAY_PDU_IMMEDIATE,
				   .flags = flags,
				   .itt = htobe32(7) };

	bhs.tsih = htobe16(tsih);
	memcpy(bhs.isid, client->isid, sizeof(bhs.isid));
	client_send(client, &bhs, text, bytes);
}

static void expect_refused(struct client *client, unsigned int status)
{
	struct pdu pdu;

	client_expect(client, &pdu, RACEWAY_OP_LOGIN_RESPONSE);
	cr_expect_eq(pdu.bhs.response.tail[0] << 8 | pdu.bhs.response.tail[1], status);
	expect_gone(client);
}

/* MaxConnections is 1. */
Test(session, second_connection)
{
	struct client first = { 0 }, second = { 0 };

	LOGIN(&first, "");
	second.fd = bed_connect(0);
	send_login_pdu(&second, 0x87, first.tsih, BED_NAMES, sizeof(BED_NAMES) - 1);
	expect_refused(&second, RACEWAY_LOGIN_TOO_MANY_CONNECTIONS);
	second = (struct client){ .fd = bed_connect(0) };
	send_login_pdu(&second, 0x87, (uint16_t)(first.tsih + 1), BED_NAMES, sizeof(BED_NAMES) - 1);
	expect_refused(&second, RACEWAY_LOGIN_NO_SESSION);
	cr_expect_eq(bed.refused, 2);
	client_test_unit_ready(&first);
	client_close(&first);
}

/* The owner refuses what was proven. */
Test(session, not_opened)
{
	struct client client = { 0 };

	bed.open_status = RACEWAY_LOGIN_UNAVAILABLE;
	client_send_login(&client, 0, "", 0);
	expect_refused(&client, RACEWAY_LOGIN_UNAVAILABLE);
	cr_expect_eq(bed.refused, 1);
	bed.open_status = RACEWAY_LOGIN_SUCCESS;
	LOGIN(&client, "");
	client_close(&client);
}

Test(session, nothing_but_login_before_login)
{
	struct client client = { .fd = bed_connect(0) };
	struct raceway_bhs bhs;

	send_login_pdu(&client, 0x04, 0, BED_NAMES, sizeof(BED_NAMES) - 1);
	client_expect(&client, &(struct pdu){ 0 }, RACEWAY_OP_LOGIN_RESPONSE);
	bhs = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	client_send(&client, &bhs, NULL, 0);
	expect_gone(&client);
	cr_expect_eq(bed.opened, 0);
}

Test(session, logout)
{
	static const uint8_t reasons[] = { RACEWAY_LOGOUT_SESSION, RACEWAY_LOGOUT_CONNECTION };

	for (size_t i = 0; i < 2; i++) {
		struct client client = { 0 };
		struct raceway_bhs bhs;
		struct pdu pdu;

		LOGIN(&client, "");
		bhs = client_request(&client, RACEWAY_OP_LOGOUT, reasons[i]);
		bhs.request.tag = htobe32(0x00050000);
		client_send(&client, &bhs, NULL, 0);
		client_expect(&client, &pdu, RACEWAY_OP_LOGOUT_RESPONSE);
		cr_expect_eq(pdu.bhs.byte2, RACEWAY_LOGOUT_DONE);
		cr_expect_eq(pdu.bhs.itt, bhs.itt);
		expect_gone(&client);
		bed_await(&bed.closed, (unsigned int)i + 1);
	}
}

/* What runs then is not answered. */
Test(session, logout_with_commands)
{
	struct client client = { 0 };
	struct raceway_bhs bhs;
	struct pdu pdu;

	LOGIN(&client, "");
	bed.slow = true;
	bhs = client_command(&client, FLAGS_READ, READ, 512);
	client_send(&client, &bhs, NULL, 0);
	bhs = client_request(&client, RACEWAY_OP_LOGOUT, RACEWAY_LOGOUT_SESSION);
	client_send(&client, &bhs, NULL, 0);
	bhs = client_command(&client, FLAGS_READ, READ, 512);
	client_send(&client, &bhs, NULL, 0);
	client_expect(&client, &pdu, RACEWAY_OP_LOGOUT_RESPONSE);
	expect_gone(&client);
	cr_expect_eq(bed.submitted, 3);
	bed_go_on();
	bed_await(&bed.closed, 1);
}

/* Everything ends while commands run, data is on its way, and answers are not received. */
Test(session, drop_in_the_midst)
{
	static uint8_t data[65536];

	for (unsigned int i = 0; i < 4; i++) {
		struct client client = { 0 };
		struct raceway_bhs bhs;

		client_login(&client, i % 2, "InitialR2T=No\0MaxRecvDataSegmentLength=262144\0",
			     47);
		bed.slow = i < 2;
		bhs = client_command(&client, RACEWAY_PDU_FINAL | RACEWAY_PDU_WRITE,
				     "2a 00 00 00 00 00 00 00 80 00", 65536);
		client_send(&client, &bhs, data, 65536);
		for (int n = 0; n < 8; n++) {
			bhs = client_command(&client, FLAGS_READ, "28 00 00 00 00 00 00 08 00 00",
					     1 << 20);
			client_send(&client, &bhs, NULL, 0);
		}
		bhs = client_command(&client, RACEWAY_PDU_WRITE, "2a 00 00 00 00 00 00 01 00 00",
				     131072);
		raceway_bhs_set_data_bytes(&bhs, 60000);
		client_send_raw(&client, &bhs, sizeof(bhs));
		client_send_raw(&client, data, 30000); /* half of the immediate data */
		client_close(&client);
		if (bed.slow)
			bed_go_on();
		bed_await(&bed.closed, i + 1);
	}
}

Test(session, asked_to_log_out)
{
	struct client client = { 0 };
	uint64_t before;
	struct pdu pdu;

	LOGIN(&client, "");
	before = now_ms();
	bed_end(bed.conn, 1);
	client_expect(&client, &pdu, RACEWAY_OP_ASYNC);
	cr_expect_eq(pdu.bhs.itt, htobe32(RACEWAY_TAG_NONE));
	cr_expect_eq(pdu.bhs.response.tail[0], RACEWAY_ASYNC_LOGOUT);
	cr_expect_eq(pdu.bhs.response.tail[9], 1, "within how many seconds");
	client_test_unit_ready(&client);
	expect_gone(&client);
	cr_expect_geq(now_ms() - before, 990);
}

Test(session, ended_at_once)
{
	struct client client = { 0 };

	LOGIN(&client, "");
	bed_end(bed.conn, 0);
	expect_gone(&client);
	bed_await(&bed.closed, 1);
}

Test(session, info)
{
	struct client client = { 0 };
	struct raceway_iscsi_info info;

	LOGIN(&client, "HeaderDigest=CRC32C\0");
	raceway_iscsi_conn_info(bed.conn, &info);
	cr_expect_str_eq(info.initiator, BED_INITIATOR);
	cr_expect(info.header_digest);
	cr_expect_not(info.data_digest);
	cr_expect_lt(raceway_clock_ns() - info.since_ns, 5000000000ULL);
	cr_expect_eq(info.peer.ss_family, AF_UNIX);
	client_close(&client);
}

/* Text: asks and expects this answer, as often as it takes. */
static void expect_text(struct client *client, const char *key, const char *answer, size_t bytes)
{
	struct raceway_bhs bhs = client_request(client, RACEWAY_OP_TEXT, 0);
	struct raceway_text whole = { .limit = 1 << 20 };
	static struct pdu pdu;

	client_send(client, &bhs, key, strlen(key) + 1);
	for (;;) {
		client_expect(client, &pdu, RACEWAY_OP_TEXT_RESPONSE);
		cr_expect_eq(pdu.bhs.itt, bhs.itt);
		raceway_text_append(&whole, pdu.data, pdu.bytes);
		if (pdu.bhs.flags & RACEWAY_PDU_FINAL)
			break;
		cr_expect_eq(pdu.bhs.flags, RACEWAY_TEXT_CONTINUE);
		cr_assert_neq(pdu.bhs.response.tag, htobe32(RACEWAY_TAG_NONE));
		bhs.request.tag = pdu.bhs.response.tag;
		bhs.request.cmdsn = htobe32(client->cmdsn++);
		client_send(client, &bhs, NULL, 0);
	}
	cr_expect_eq(pdu.bhs.flags, RACEWAY_PDU_FINAL);
	cr_expect_eq(pdu.bhs.response.tag, htobe32(RACEWAY_TAG_NONE));
	cr_assert_eq(whole.bytes, bytes, "%s: %zu bytes, not %zu", key, whole.bytes, bytes);
	if (bytes)
		cr_expect_arr_eq(whole.data, answer, bytes);
	raceway_text_free(&whole);
}

#define TEXT(literal) (literal), sizeof(literal) - 1
#define OWN_TARGET                                                                                 \
	"TargetName=" BED_TARGET "\0TargetAddress=192.0.2.1:3260,1\0"                              \
	"TargetAddress=[2001:db8::1]:3260,2\0"
#define OTHER_TARGET "TargetName=iqn.2026-11.local.raceway:0\0TargetAddress=192.0.2.1:3260,1\0"

static void login_for_discovery(struct client *client)
{
	*client = (struct client){ .fd = bed_connect(0), .itt = 100 };
	send_login_pdu(client, 0x87, 0, DISCOVERY, sizeof(DISCOVERY) - 1);
	client_expect(client, &(struct pdu){ 0 }, RACEWAY_OP_LOGIN_RESPONSE);
}

Test(session, discovery)
{
	struct client client;
	struct raceway_bhs bhs;

	bed.targets = 1;
	login_for_discovery(&client);
	cr_expect_eq(bed.opened, 0);
	expect_text(&client, "SendTargets=All", TEXT(OWN_TARGET OTHER_TARGET));
	expect_text(&client, "SendTargets=iqn.2026-11.local.raceway:0", TEXT(OTHER_TARGET));
	expect_text(&client, "SendTargets=iqn.none", TEXT(""));
	expect_text(&client, "SendTargets=", TEXT("SendTargets=Reject\0"));
	expect_text(&client, "X-com.example=1", TEXT("X-com.example=NotUnderstood\0"));
	/* It has no logical units. */
	bhs = client_command(&client, RACEWAY_PDU_FINAL, "00", 0);
	client.cmdsn--;
	client_send(&client, &bhs, NULL, 0);
	client_expect_reject(&client, RACEWAY_REJECT_PROTOCOL);
	bhs = client_request(&client, RACEWAY_OP_TASK_MANAGEMENT,
			     RACEWAY_FUNCTION_LOGICAL_UNIT_RESET);
	client.cmdsn--;
	client_send(&client, &bhs, NULL, 0);
	client_expect_reject(&client, RACEWAY_REJECT_PROTOCOL);
	client_expect_silence(&client);
	client_close(&client);
}

/* In a normal session nobody learns of targets other than his own. */
Test(session, send_targets)
{
	struct client client = { 0 };

	bed.targets = 1;
	LOGIN(&client, "");
	expect_text(&client, "SendTargets=", TEXT(OWN_TARGET));
	expect_text(&client, "SendTargets=" BED_TARGET, TEXT(OWN_TARGET));
	expect_text(&client, "SendTargets=iqn.2026-11.local.raceway:0", TEXT(""));
	expect_text(&client, "SendTargets=All", TEXT("SendTargets=Reject\0"));
	client_close(&client);
}

/* 1,000 targets take several PDUs. */
Test(session, long_discovery)
{
	struct raceway_text whole = { .limit = 1 << 20 };
	struct client client;
	char text[128];

	bed.targets = 1000;
	raceway_text_append(&whole, OWN_TARGET, sizeof(OWN_TARGET) - 1);
	for (unsigned int i = 0; i < bed.targets; i++) {
		snprintf(text, sizeof(text), "iqn.2026-11.local.raceway:%u", i);
		raceway_text_add(&whole, "TargetName", text);
		raceway_text_add(&whole, "TargetAddress", "192.0.2.1:3260,1");
	}
	login_for_discovery(&client);
	expect_text(&client, "SendTargets=All", whole.data, whole.bytes);
	/* And again, from its beginning. */
	expect_text(&client, "SendTargets=iqn.none", TEXT(""));
	raceway_text_free(&whole);
	client_close(&client);
}

Test(session, renegotiation)
{
	struct client client = { 0 };
	struct raceway_bhs bhs;
	static struct pdu pdu;

	LOGIN(&client, "MaxRecvDataSegmentLength=65536\0");
	expect_text(&client, "MaxRecvDataSegmentLength=512", TEXT(""));
	expect_text(&client, "MaxBurstLength=512", TEXT("MaxBurstLength=Reject\0"));
	bhs = client_command(&client, FLAGS_READ, "28 00 00 00 00 00 00 00 04 00", 2048);
	client_send(&client, &bhs, NULL, 0);
	for (int i = 0; i < 4; i++) {
		client_expect(&client, &pdu, RACEWAY_OP_DATA_IN);
		cr_expect_eq(pdu.bytes, 512);
	}
	client_close(&client);
}

/* The data comes back, as much of it as the initiator takes. */
Test(session, nop_out)
{
	static uint8_t data[16384];
	struct client client = { 0 };
	struct raceway_bhs bhs;
	static struct pdu pdu;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13);
	LOGIN(&client, "MaxRecvDataSegmentLength=1024\0");
	for (size_t bytes = 0; bytes < sizeof(data); bytes = 3 * bytes + 1) {
		bhs = client_request(&client, RACEWAY_OP_NOP_OUT, 0);
		bhs.lun[1] = 1;
		client_send(&client, &bhs, data, bytes);
		client_expect(&client, &pdu, RACEWAY_OP_NOP_IN);
		cr_expect_eq(pdu.bhs.itt, bhs.itt);
		cr_expect_eq(pdu.bhs.response.tag, htobe32(RACEWAY_TAG_NONE));
		cr_expect_eq(pdu.bhs.lun[1], 1);
		cr_expect_eq(pdu.bytes, bytes < 1024 ? bytes : 1024);
		cr_expect_arr_eq(pdu.data, data, pdu.bytes);
	}
	cr_expect_eq(client.exp_cmdsn, client.cmdsn);
	client_close(&client);
}

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
