/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/request.c: what initiators may ask besides commands. */
#include <stdio.h>
#include <string.h>

#include "sessions.h"

#define DISCOVERY "InitiatorName=" BED_INITIATOR "\0SessionType=Discovery\0"

static void start(void)
{
	bed_start(&(struct raceway_iscsi_limits){ 0 });
}

TestSuite(asking, .init = start, .fini = bed_stop, .timeout = 60);

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

Test(asking, discovery)
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
Test(asking, send_targets)
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
Test(asking, long_discovery)
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

Test(asking, renegotiation)
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
Test(asking, nop_out)
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
