/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/conn.c, enter.c, registry.c, target.c: how sessions begin and end. */
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sessions.h"

#define READ "28 00 00 00 00 00 00 00 01 00"

static void start(void)
{
	bed_start(&(struct raceway_iscsi_limits){ 0 });
}

TestSuite(session, .init = start, .fini = bed_stop, .timeout = 60);

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
