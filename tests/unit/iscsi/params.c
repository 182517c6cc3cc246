/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/params.c: every key with good and bad values, what the answer is and what holds
 * afterwards (RFC 7143 section 13). */
#include "iscsi/params.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define KEEPS 0xfffffffeU /* the default holds */

struct offer {
	const char key[32], value[40], answer[16]; /* answer "": none */
	enum raceway_param param;
	uint32_t holds;
};

static const struct offer offers[] = {
	{ "HeaderDigest", "CRC32C", "CRC32C", RACEWAY_PARAM_HEADER_DIGEST, 1 },
	{ "HeaderDigest", "CRC32C,None", "CRC32C", RACEWAY_PARAM_HEADER_DIGEST, 1 },
	{ "HeaderDigest", "None,CRC32C", "None", RACEWAY_PARAM_HEADER_DIGEST, 0 },
	{ "HeaderDigest", "X-foo,CRC32C", "CRC32C", RACEWAY_PARAM_HEADER_DIGEST, 1 },
	{ "HeaderDigest", "CRC32", "Reject", RACEWAY_PARAM_HEADER_DIGEST, KEEPS },
	{ "HeaderDigest", "", "Reject", RACEWAY_PARAM_HEADER_DIGEST, KEEPS },
	{ "DataDigest", "CRC32C", "CRC32C", RACEWAY_PARAM_DATA_DIGEST, 1 },
	{ "DataDigest", "none", "Reject", RACEWAY_PARAM_DATA_DIGEST, KEEPS },
	{ "MaxConnections", "8", "1", RACEWAY_PARAM_MAX_CONNECTIONS, 1 },
	{ "MaxConnections", "0", "Reject", RACEWAY_PARAM_MAX_CONNECTIONS, KEEPS },
	{ "MaxConnections", "65536", "Reject", RACEWAY_PARAM_MAX_CONNECTIONS, KEEPS },
	{ "InitialR2T", "Yes", "Yes", RACEWAY_PARAM_INITIAL_R2T, 1 },
	{ "InitialR2T", "No", "No", RACEWAY_PARAM_INITIAL_R2T, 0 },
	{ "InitialR2T", "no", "Reject", RACEWAY_PARAM_INITIAL_R2T, KEEPS },
	{ "InitialR2T", "0", "Reject", RACEWAY_PARAM_INITIAL_R2T, KEEPS },
	{ "ImmediateData", "Yes", "Yes", RACEWAY_PARAM_IMMEDIATE_DATA, 1 },
	{ "ImmediateData", "No", "No", RACEWAY_PARAM_IMMEDIATE_DATA, 0 },
	{ "ImmediateData", "", "Reject", RACEWAY_PARAM_IMMEDIATE_DATA, KEEPS },
	{ "MaxRecvDataSegmentLength", "512", "", RACEWAY_PARAM_MAX_RECV, 512 },
	{ "MaxRecvDataSegmentLength", "0x40000", "", RACEWAY_PARAM_MAX_RECV, 262144 },
	{ "MaxRecvDataSegmentLength", "16777215", "", RACEWAY_PARAM_MAX_RECV, 16777215 },
	{ "MaxRecvDataSegmentLength", "511", "Reject", RACEWAY_PARAM_MAX_RECV, KEEPS },
	{ "MaxRecvDataSegmentLength", "16777216", "Reject", RACEWAY_PARAM_MAX_RECV, KEEPS },
	{ "MaxRecvDataSegmentLength", "-1", "Reject", RACEWAY_PARAM_MAX_RECV, KEEPS },
	{ "MaxBurstLength", "16777215", "262144", RACEWAY_PARAM_MAX_BURST, 262144 },
	{ "MaxBurstLength", "4096", "4096", RACEWAY_PARAM_MAX_BURST, 4096 },
	{ "MaxBurstLength", "511", "Reject", RACEWAY_PARAM_MAX_BURST, KEEPS },
	{ "MaxBurstLength", "16777216", "Reject", RACEWAY_PARAM_MAX_BURST, KEEPS },
	{ "FirstBurstLength", "262144", "65536", RACEWAY_PARAM_FIRST_BURST, 65536 },
	{ "FirstBurstLength", "512", "512", RACEWAY_PARAM_FIRST_BURST, 512 },
	{ "FirstBurstLength", "0", "Reject", RACEWAY_PARAM_FIRST_BURST, KEEPS },
	{ "FirstBurstLength", "many", "Reject", RACEWAY_PARAM_FIRST_BURST, KEEPS },
	{ "DefaultTime2Wait", "0", "0", RACEWAY_PARAM_TIME_TO_WAIT, 0 },
	{ "DefaultTime2Wait", "5", "5", RACEWAY_PARAM_TIME_TO_WAIT, 5 },
	{ "DefaultTime2Wait", "3601", "Reject", RACEWAY_PARAM_TIME_TO_WAIT, KEEPS },
	{ "DefaultTime2Retain", "60", "0", RACEWAY_PARAM_TIME_TO_RETAIN, 0 },
	{ "DefaultTime2Retain", "3601", "Reject", RACEWAY_PARAM_TIME_TO_RETAIN, KEEPS },
	{ "MaxOutstandingR2T", "1", "1", RACEWAY_PARAM_MAX_R2T, 1 },
	{ "MaxOutstandingR2T", "65535", "8", RACEWAY_PARAM_MAX_R2T, 8 },
	{ "MaxOutstandingR2T", "0", "Reject", RACEWAY_PARAM_MAX_R2T, KEEPS },
	{ "MaxOutstandingR2T", "65536", "Reject", RACEWAY_PARAM_MAX_R2T, KEEPS },
	{ "DataPDUInOrder", "No", "Yes", RACEWAY_PARAM_PDU_IN_ORDER, 1 },
	{ "DataPDUInOrder", "Maybe", "Reject", RACEWAY_PARAM_PDU_IN_ORDER, KEEPS },
	{ "DataSequenceInOrder", "No", "Yes", RACEWAY_PARAM_SEQUENCE_IN_ORDER, 1 },
	{ "DataSequenceInOrder", "1", "Reject", RACEWAY_PARAM_SEQUENCE_IN_ORDER, KEEPS },
	{ "ErrorRecoveryLevel", "2", "0", RACEWAY_PARAM_RECOVERY, 0 },
	{ "ErrorRecoveryLevel", "3", "Reject", RACEWAY_PARAM_RECOVERY, KEEPS },
	{ "TaskReporting", "FastAbort,RFC3720", "RFC3720", RACEWAY_PARAM_TASK_REPORTING, 0 },
	{ "TaskReporting", "FastAbort", "Reject", RACEWAY_PARAM_TASK_REPORTING, KEEPS },
	{ "iSCSIProtocolLevel", "2", "1", RACEWAY_PARAM_PROTOCOL_LEVEL, 1 },
	{ "iSCSIProtocolLevel", "32", "Reject", RACEWAY_PARAM_PROTOCOL_LEVEL, KEEPS },
	{ "IFMarker", "Yes", "No", RACEWAY_PARAM_IF_MARKER, 0 },
	{ "OFMarker", "No", "No", RACEWAY_PARAM_OF_MARKER, 0 },
	{ "IFMarkInt", "2048~8192", "Reject", RACEWAY_PARAM_IF_MARK_INT, KEEPS },
	{ "OFMarkInt", "2048", "Reject", RACEWAY_PARAM_OF_MARK_INT, KEEPS },
};
#define OFFERS (sizeof(offers) / sizeof(offers[0]))

/* The answer to one key, whole. */
static void expect_answer(struct raceway_text *text, const char *key, const char *answer)
{
	struct raceway_pair pair = { 0 };
	size_t count = 99;

	cr_assert_eq(raceway_text_pairs(text, &pair, 1, &count), 0);
	cr_expect_eq(count, answer[0] ? 1 : 0, "%s", key);
	if (count == 1) {
		cr_expect_str_eq(pair.key, key);
		cr_expect_str_eq(pair.value, answer, "%s=%s, not %s", key, pair.value, answer);
	}
	raceway_text_free(text);
}

Test(params, defaults)
{
	static const struct {
		enum raceway_param param;
		uint32_t value;
	} defaults[] = {
		{ RACEWAY_PARAM_HEADER_DIGEST, 0 },	{ RACEWAY_PARAM_DATA_DIGEST, 0 },
		{ RACEWAY_PARAM_MAX_CONNECTIONS, 1 },	{ RACEWAY_PARAM_INITIAL_R2T, 1 },
		{ RACEWAY_PARAM_IMMEDIATE_DATA, 1 },	{ RACEWAY_PARAM_MAX_RECV, 8192 },
		{ RACEWAY_PARAM_MAX_BURST, 262144 },	{ RACEWAY_PARAM_FIRST_BURST, 65536 },
		{ RACEWAY_PARAM_TIME_TO_WAIT, 2 },	{ RACEWAY_PARAM_TIME_TO_RETAIN, 20 },
		{ RACEWAY_PARAM_MAX_R2T, 1 },		{ RACEWAY_PARAM_PDU_IN_ORDER, 1 },
		{ RACEWAY_PARAM_SEQUENCE_IN_ORDER, 1 }, { RACEWAY_PARAM_RECOVERY, 0 },
		{ RACEWAY_PARAM_PROTOCOL_LEVEL, 1 },
	};
	struct raceway_params params;

	raceway_params_begin(&params);
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		cr_expect_eq(params.value[defaults[i].param], defaults[i].value, "%d",
			     defaults[i].param);
}

Test(params, offers)
{
	bool seen[RACEWAY_PARAM_COUNT] = { false };

	for (size_t i = 0; i < OFFERS; i++) {
		struct raceway_text text = { .limit = 8192 };
		struct raceway_params params;
		uint32_t before;

		raceway_params_begin(&params);
		before = params.value[offers[i].param];
		seen[offers[i].param] = true;
		cr_assert(raceway_params_has(offers[i].key), "%s", offers[i].key);
		cr_expect_eq(
			raceway_params_offer(&params, offers[i].key, offers[i].value, true, &text),
			0);
		cr_expect_eq(params.value[offers[i].param],
			     offers[i].holds == KEEPS ? before : offers[i].holds, "%s=%s: %u",
			     offers[i].key, offers[i].value, params.value[offers[i].param]);
		expect_answer(&text, offers[i].key, offers[i].answer);
	}
	for (size_t i = 0; i < RACEWAY_PARAM_COUNT; i++)
		cr_expect(seen[i], "nothing tries key %zu", i);
}

Test(params, unknown)
{
	cr_expect_not(raceway_params_has("maxburstlength"));
	cr_expect_not(raceway_params_has("MaxBurstLengt"));
	cr_expect_not(raceway_params_has("X-com.example.key"));
	cr_expect_not(raceway_params_has(""));
}

Test(params, only_once)
{
	struct raceway_text text = { .limit = 8192 };
	struct raceway_params params;

	raceway_params_begin(&params);
	cr_expect_eq(raceway_params_offer(&params, "MaxBurstLength", "4096", true, &text), 0);
	cr_expect_eq(raceway_params_offer(&params, "MaxBurstLength", "8192", true, &text), -EPROTO);
	cr_expect_eq(params.value[RACEWAY_PARAM_MAX_BURST], 4096);
	raceway_text_free(&text);
}

/* In full feature phase an initiator may only tell what it can receive. */
Test(params, full_feature_phase)
{
	struct raceway_text text = { .limit = 8192 };
	struct raceway_params params;

	raceway_params_begin(&params);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(raceway_params_offer(&params, "MaxRecvDataSegmentLength", "4096",
						  false, &text),
			     0);
		cr_expect_eq(params.value[RACEWAY_PARAM_MAX_RECV], 4096);
	}
	cr_expect_eq(text.bytes, 0);
	cr_expect_eq(raceway_params_offer(&params, "HeaderDigest", "CRC32C", false, &text), 0);
	cr_expect_eq(params.value[RACEWAY_PARAM_HEADER_DIGEST], 0);
	expect_answer(&text, "HeaderDigest", "Reject");
}

Test(params, discovery)
{
	static const struct {
		const char key[32], value[16], answer[16];
	} cases[] = {
		{ "MaxConnections", "4", "Irrelevant" },
		{ "InitialR2T", "No", "Irrelevant" },
		{ "ImmediateData", "No", "Irrelevant" },
		{ "MaxBurstLength", "4096", "Irrelevant" },
		{ "FirstBurstLength", "4096", "Irrelevant" },
		{ "MaxOutstandingR2T", "4", "Irrelevant" },
		{ "DataPDUInOrder", "Yes", "Irrelevant" },
		{ "DataSequenceInOrder", "Yes", "Irrelevant" },
		{ "HeaderDigest", "CRC32C", "CRC32C" },
		{ "ErrorRecoveryLevel", "1", "0" },
		{ "DefaultTime2Wait", "3", "3" },
	};
	struct raceway_params params;

	raceway_params_begin(&params);
	params.discovery = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct raceway_text text = { .limit = 8192 };

		cr_expect_eq(
			raceway_params_offer(&params, cases[i].key, cases[i].value, true, &text),
			0);
		expect_answer(&text, cases[i].key, cases[i].answer);
	}
	cr_expect_eq(params.value[RACEWAY_PARAM_MAX_BURST], 262144);
}

/* What the target wants is what its limits say. */
Test(params, wishes)
{
	struct raceway_text text = { .limit = 8192 };
	struct raceway_params params;

	raceway_params_begin(&params);
	params.ours[RACEWAY_PARAM_MAX_BURST] = 1 << 20;
	params.ours[RACEWAY_PARAM_HEADER_DIGEST] = 0;
	raceway_params_offer(&params, "MaxBurstLength", "16776192", true, &text);
	raceway_params_offer(&params, "HeaderDigest", "CRC32C,None", true, &text);
	cr_expect_eq(params.value[RACEWAY_PARAM_MAX_BURST], 1 << 20);
	cr_expect_eq(params.value[RACEWAY_PARAM_HEADER_DIGEST], 0);
	raceway_text_free(&text);
}

Test(params, first_burst_within_burst)
{
	struct raceway_text text = { .limit = 8192 };
	struct raceway_params params;

	raceway_params_begin(&params);
	raceway_params_offer(&params, "MaxBurstLength", "4096", true, &text);
	raceway_params_end(&params);
	cr_expect_eq(params.value[RACEWAY_PARAM_FIRST_BURST], 4096);
	raceway_text_free(&text);
}
