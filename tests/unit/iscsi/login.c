/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/login.c and proof.c: the stages of a login, who is told what, and every way in
 * which a request can be wrong. */
#include "iscsi/login.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SECRET "secret123456"
#define MUTUAL "mutual123456"
#define INITIATOR "InitiatorName=iqn.2026-11.local.raceway:i\0"
#define TARGET "TargetName=iqn.2026-11.local.raceway:t\0"
#define NAMES INITIATOR TARGET

/* Flags of requests: the stage, and the next one if it ends here. */
#define SECURITY 0x00
#define SECURITY_TO_OPERATIONAL 0x81
#define SECURITY_TO_FULL 0x83
#define OPERATIONAL 0x04
#define OPERATIONAL_TO_FULL 0x87
#define CONTINUE 0x40

static enum raceway_iscsi_login_status admitted;
static struct raceway_iscsi_chap wanted;
static unsigned int asked;

static enum raceway_iscsi_login_status
identify(void *context, const struct raceway_iscsi_login *who, struct raceway_iscsi_chap *ret_chap)
{
	asked++;
	cr_expect_str_eq(who->initiator, "iqn.2026-11.local.raceway:i");
	*ret_chap = wanted;
	return admitted;
}

static const struct raceway_iscsi_ops ops = { .identify = identify };

static void want_chap(bool mutual)
{
	wanted.required = true;
	snprintf(wanted.user, sizeof(wanted.user), "user");
	memcpy(wanted.secret, SECRET, strlen(SECRET));
	wanted.secret_bytes = strlen(SECRET);
	if (!mutual)
		return;
	snprintf(wanted.mutual_user, sizeof(wanted.mutual_user), "target");
	memcpy(wanted.mutual_secret, MUTUAL, strlen(MUTUAL));
	wanted.mutual_secret_bytes = strlen(MUTUAL);
}

static struct raceway_login login;
static struct raceway_bhs request = {
	.opcode = RACEWAY_OP_LOGIN | RACEWAY_PDU_IMMEDIATE,
	.isid = { 0x80, 1, 2, 3, 4, 5 },
	.itt = 0x01020304,
};

static void end(void)
{
	raceway_login_end(&login);
}

/* A new login in place of the last. */
static void begin(void)
{
	end();
	login = (struct raceway_login){ .ops = &ops, .group = 7 };
	raceway_login_begin(&login);
	request.request.tag = htobe32(0x00110000);
}

TestSuite(login, .init = begin, .fini = end);

static enum raceway_login_outcome step(uint8_t flags, const char *text, size_t bytes)
{
	request.flags = flags;
	raceway_bhs_set_data_bytes(&request, (uint32_t)bytes);
	return raceway_login_step(&login, &request, (const uint8_t *)text, bytes);
}

#define STEP(flags, text) step(flags, text, sizeof(text) - 1)

static unsigned int status(void)
{
	return (unsigned int)login.answer.response.tail[0] << 8 | login.answer.response.tail[1];
}

/* The value of a key of the answer, NULL if it is not there. Ends the answer's text. */
static const char *value_of(const char *key)
{
	size_t length = strlen(key);

	for (size_t at = 0; at < login.text.bytes; at += strlen(login.text.data + at) + 1) {
		const char *pair = login.text.data + at;

		if (!strncmp(pair, key, length) && pair[length] == '=')
			return pair + length + 1;
	}
	return NULL;
}

static void expect_value(const char *key, const char *value)
{
	const char *found = value_of(key);

	cr_assert_not_null(found, "no %s", key);
	cr_expect_str_eq(found, value, "%s=%s", key, found);
}

static void expect_refused(enum raceway_login_outcome outcome, unsigned int why)
{
	cr_expect_eq(outcome, RACEWAY_LOGIN_REFUSED, "outcome %d", outcome);
	cr_expect_eq(status(), why, "status %04x, not %04x", status(), why);
	cr_expect_not(login.answer.flags & RACEWAY_LOGIN_TRANSIT);
	cr_expect_eq(login.text.bytes, 0);
	cr_expect_not_null(login.reason);
}

Test(login, one_request)
{
	cr_expect_eq(STEP(OPERATIONAL_TO_FULL, NAMES "MaxBurstLength=4096\0X-what=1\0"),
		     RACEWAY_LOGIN_COMPLETE);
	cr_expect_eq(login.answer.opcode, RACEWAY_OP_LOGIN_RESPONSE);
	cr_expect_eq(login.answer.flags, OPERATIONAL_TO_FULL);
	cr_expect_eq(login.answer.itt, request.itt);
	cr_expect_arr_eq(login.answer.isid, request.isid, 6);
	cr_expect_eq(status(), 0);
	expect_value("TargetPortalGroupTag", "7");
	expect_value("MaxBurstLength", "4096");
	expect_value("MaxRecvDataSegmentLength", "262144");
	expect_value("X-what", "NotUnderstood");
	cr_expect_eq(asked, 1);
	cr_expect_str_eq(login.who.target, "iqn.2026-11.local.raceway:t");
}

Test(login, all_stages)
{
	cr_expect_eq(STEP(SECURITY, NAMES "AuthMethod=CHAP,None\0"), RACEWAY_LOGIN_GOES_ON);
	cr_expect_eq(login.answer.flags, SECURITY);
	expect_value("AuthMethod", "None");
	expect_value("TargetPortalGroupTag", "7");
	cr_expect_eq(STEP(SECURITY_TO_OPERATIONAL, ""), RACEWAY_LOGIN_GOES_ON);
	cr_expect_eq(login.answer.flags, SECURITY_TO_OPERATIONAL);
	cr_expect_null(value_of("MaxRecvDataSegmentLength"));
	cr_expect_eq(STEP(OPERATIONAL, "HeaderDigest=CRC32C\0"), RACEWAY_LOGIN_GOES_ON);
	expect_value("HeaderDigest", "CRC32C");
	expect_value("MaxRecvDataSegmentLength", "262144");
	cr_expect_eq(STEP(OPERATIONAL_TO_FULL, ""), RACEWAY_LOGIN_COMPLETE);
	cr_expect_null(value_of("MaxRecvDataSegmentLength"), "declared twice");
	cr_expect_eq(login.params.value[RACEWAY_PARAM_HEADER_DIGEST], 1);
	cr_expect_eq(asked, 1);
}

Test(login, security_to_full)
{
	cr_expect_eq(STEP(SECURITY_TO_FULL, NAMES "AuthMethod=None\0"), RACEWAY_LOGIN_COMPLETE);
	cr_expect_not(login.declared);
}

Test(login, without_method)
{
	cr_expect_eq(STEP(SECURITY_TO_OPERATIONAL, NAMES), RACEWAY_LOGIN_GOES_ON);
	cr_expect_eq(login.stage, RACEWAY_STAGE_OPERATIONAL);
}

Test(login, discovery)
{
	cr_expect_eq(
		STEP(OPERATIONAL_TO_FULL, INITIATOR "SessionType=Discovery\0MaxBurstLength=512\0"),
		RACEWAY_LOGIN_COMPLETE);
	cr_expect(login.who.discovery);
	cr_expect_null(value_of("TargetPortalGroupTag"));
	expect_value("MaxBurstLength", "Irrelevant");
}

/* A text may go over several requests, and break anywhere. */
Test(login, in_pieces)
{
	cr_expect_eq(STEP(OPERATIONAL | CONTINUE, "Initiator"), RACEWAY_LOGIN_GOES_ON);
	cr_expect_eq(login.answer.flags, OPERATIONAL);
	cr_expect_eq(login.text.bytes, 0);
	cr_expect_eq(STEP(OPERATIONAL | CONTINUE, "Name=iqn.2026-11.local.raceway:i\0TargetName"),
		     RACEWAY_LOGIN_GOES_ON);
	cr_expect_eq(asked, 0);
	cr_expect_eq(STEP(OPERATIONAL_TO_FULL, "=iqn.2026-11.local.raceway:t\0"),
		     RACEWAY_LOGIN_COMPLETE);
	cr_expect_eq(asked, 1);
}

Test(login, not_admitted)
{
	admitted = RACEWAY_LOGIN_NOT_FOUND;
	expect_refused(STEP(OPERATIONAL_TO_FULL, NAMES), RACEWAY_LOGIN_NOT_FOUND);
}

struct wrong_text {
	uint8_t flags;
	unsigned int status;
	size_t bytes;
	char text[400];
};

#define TEXT(literal) sizeof(literal) - 1, literal
#define LONG_NAME                                                                                  \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

Test(login, wrong_texts)
{
	static const struct wrong_text cases[] = {
		{ OPERATIONAL_TO_FULL, 0x0207, TEXT("") },
		{ OPERATIONAL_TO_FULL, 0x0207, TEXT(INITIATOR) },
		{ OPERATIONAL_TO_FULL, 0x0207, TEXT(TARGET) },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES "NoEquals\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES "A=1") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES INITIATOR) },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES TARGET) },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(TARGET "InitiatorName=\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(TARGET "InitiatorName=iqn.\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(TARGET "InitiatorName=foo.bar\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(TARGET "InitiatorName=iqn.a b\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(TARGET "InitiatorName=iqn.\x7f\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(TARGET "InitiatorName=iqn." LONG_NAME "\0") },
		{ OPERATIONAL_TO_FULL, 0x0209, TEXT(NAMES "SessionType=Copy\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES "AuthMethod=None\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES "CHAP_A=5\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES "TargetPortalGroupTag=1\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES "TargetAlias=a\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES "TargetAddress=a\0") },
		{ OPERATIONAL_TO_FULL, 0x0200, TEXT(NAMES "SendTargets=All\0") },
		{ OPERATIONAL_TO_FULL, 0x0200,
		  TEXT(NAMES "MaxBurstLength=512\0MaxBurstLength=512\0") },
		{ SECURITY, 0x0200, TEXT(NAMES "MaxBurstLength=512\0") },
		{ SECURITY, 0x0200, TEXT(NAMES "AuthMethod=None\0AuthMethod=None\0") },
		{ SECURITY, 0x0200, TEXT(NAMES "CHAP_A=5\0") },
		{ SECURITY, 0x0200, TEXT(NAMES "CHAP_N=a\0CHAP_R=0x00\0") },
		{ SECURITY, 0x0200, TEXT(NAMES "CHAP_I=1\0") },
		{ SECURITY, 0x0200, TEXT(NAMES "AuthMethod=None\0CHAP_A=5\0") },
		{ SECURITY, 0x0201, TEXT(NAMES "AuthMethod=KRB5,SRP\0") },
		{ SECURITY, 0x0201, TEXT(NAMES "AuthMethod=CHAP\0") },
		{ SECURITY, 0x0201, TEXT(NAMES "AuthMethod=\0") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		admitted = RACEWAY_LOGIN_SUCCESS;
		expect_refused(step(cases[i].flags, cases[i].text, cases[i].bytes),
			       cases[i].status);
		if (login.reason && status() != cases[i].status)
			cr_log_error("case %zu: %s", i, login.reason);
	}
}

Test(login, wrong_flags)
{
	/* Both of T and C, stages that there are not, backwards, or nowhere. */
	static const uint8_t flags[] = { 0xc7, 0x08, 0x0c, 0x80, 0x82, 0x84, 0x85, 0x86, 0x8f };

	for (size_t i = 0; i < sizeof(flags); i++) {
		begin();
		expect_refused(STEP(flags[i], NAMES), RACEWAY_LOGIN_INITIATOR_ERROR);
	}
}

Test(login, wrong_first_header)
{
	struct raceway_bhs right = request;

	request.byte3 = 1; /* Version-min */
	expect_refused(STEP(OPERATIONAL_TO_FULL, NAMES), RACEWAY_LOGIN_VERSION);
	request = right;
	begin();
	request.opcode = RACEWAY_OP_LOGIN; /* not immediate */
	expect_refused(STEP(OPERATIONAL_TO_FULL, NAMES), RACEWAY_LOGIN_INITIATOR_ERROR);
	request = right;
	begin();
	request.ahs_words = 1;
	expect_refused(STEP(OPERATIONAL_TO_FULL, NAMES), RACEWAY_LOGIN_INITIATOR_ERROR);
	request = right;
	begin();
	request.tsih = htobe16(77);
	expect_refused(STEP(OPERATIONAL_TO_FULL, NAMES), RACEWAY_LOGIN_NO_SESSION);
	request.tsih = 0;
}

/* What a login is known by stays the same through all of it. */
Test(login, wrong_later_header)
{
	struct raceway_bhs right, wrong[5];

	begin();
	right = request;
	for (size_t i = 0; i < 5; i++)
		wrong[i] = right;
	wrong[0].itt++;
	wrong[1].isid[5]++;
	wrong[2].request.tag = htobe32(0x00120000); /* CID */
	wrong[3].tsih = htobe16(1);
	for (size_t i = 0; i < 5; i++) {
		begin();
		cr_expect_eq(STEP(OPERATIONAL, NAMES), RACEWAY_LOGIN_GOES_ON);
		request = wrong[i];
		/* The last one is right but for the stage that it says it is in. */
		expect_refused(STEP(i == 4 ? SECURITY : OPERATIONAL_TO_FULL, ""),
			       RACEWAY_LOGIN_INVALID);
		request = right;
	}
}

Test(login, oversize)
{
	static char text[RACEWAY_SEGMENT_DEFAULT];

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < RACEWAY_LOGIN_TEXT_MAX / sizeof(text); i++)
		cr_expect_eq(step(OPERATIONAL | CONTINUE, text, sizeof(text)),
			     RACEWAY_LOGIN_GOES_ON);
	expect_refused(step(OPERATIONAL | CONTINUE, text, 1), RACEWAY_LOGIN_INITIATOR_ERROR);
}

/* Answers that do not fit one PDU. */
Test(login, too_many_unknown_keys)
{
	struct raceway_text text = { .limit = 65536 };
	char key[64];

	raceway_text_append(&text, NAMES, sizeof(NAMES) - 1);
	for (int i = 0; i < 126; i++) {
		snprintf(key, sizeof(key), "X-%061d", i);
		raceway_text_add(&text, key, "");
	}
	expect_refused(step(OPERATIONAL_TO_FULL, text.data, text.bytes),
		       RACEWAY_LOGIN_INITIATOR_ERROR);
	raceway_text_free(&text);
}

Test(login, too_many_keys)
{
	struct raceway_text text = { .limit = 65536 };

	raceway_text_append(&text, NAMES, sizeof(NAMES) - 1);
	for (int i = 0; i < 127; i++)
		raceway_text_add(&text, "X-a", "");
	expect_refused(step(OPERATIONAL_TO_FULL, text.data, text.bytes),
		       RACEWAY_LOGIN_INITIATOR_ERROR);
	raceway_text_free(&text);
}

Test(login, rounds_are_bounded)
{
	cr_expect_eq(STEP(OPERATIONAL, NAMES), RACEWAY_LOGIN_GOES_ON);
	for (int i = 1; i < RACEWAY_LOGIN_ROUNDS; i++)
		cr_expect_eq(STEP(OPERATIONAL, ""), RACEWAY_LOGIN_GOES_ON);
	expect_refused(STEP(OPERATIONAL, ""), RACEWAY_LOGIN_INITIATOR_ERROR);
}

/* CHAP as far as the challenge. */
static void ask_for_challenge(const char *algorithm)
{
	char text[32];

	begin();
	cr_assert_eq(STEP(SECURITY, NAMES "AuthMethod=CHAP,None\0"), RACEWAY_LOGIN_GOES_ON);
	expect_value("AuthMethod", "CHAP");
	snprintf(text, sizeof(text), "CHAP_A=%s", algorithm);
	cr_assert_eq(step(SECURITY, text, strlen(text) + 1), RACEWAY_LOGIN_GOES_ON);
	expect_value("CHAP_A", algorithm);
}

struct answer_options {
	const char *user, *secret;
	bool no_user, no_answer, mutual, reflect, no_challenge, no_id, short_answer;
	unsigned int id;
};

/* Answers the challenge, and asks the target if told to. */
static enum raceway_login_outcome prove(const struct answer_options *options)
{
	static const uint8_t own[16] = "0123456789abcde";
	struct raceway_text text = { .limit = 8192 };
	uint8_t challenge[64], answer[RACEWAY_CHAP_DIGEST_MAX];
	size_t challenge_bytes, bytes;
	enum raceway_login_outcome outcome;
	uint32_t id;

	cr_assert_eq(raceway_text_number(value_of("CHAP_I"), &id), 0);
	cr_assert_eq(raceway_text_binary(value_of("CHAP_C"), challenge, sizeof(challenge),
					 &challenge_bytes),
		     0);
	cr_assert_eq(raceway_chap_answer(login.chap.algorithm, (uint8_t)id,
					 (const uint8_t *)options->secret, strlen(options->secret),
					 challenge, challenge_bytes, answer, &bytes),
		     0);
	if (!options->no_user)
		raceway_text_add(&text, "CHAP_N", options->user);
	if (!options->no_answer)
		raceway_text_add_hex(&text, "CHAP_R", answer, bytes - options->short_answer);
	if (options->mutual && !options->no_id)
		raceway_text_add_number(&text, "CHAP_I", options->id);
	if (options->reflect)
		raceway_text_add_hex(&text, "CHAP_C", challenge, challenge_bytes);
	else if (options->mutual && !options->no_challenge)
		raceway_text_add_hex(&text, "CHAP_C", own, sizeof(own));
	outcome = step(SECURITY_TO_OPERATIONAL, text.data, text.bytes);
	raceway_text_free(&text);
	return outcome;
}

Test(login, chap)
{
	static const char *const algorithms[] = { "5", "6", "7", "8" };

	want_chap(false);
	for (size_t i = 0; i < 4; i++) {
		ask_for_challenge(algorithms[i]);
		cr_expect_eq(prove(&(struct answer_options){ .user = "user", .secret = SECRET }),
			     RACEWAY_LOGIN_GOES_ON);
		cr_expect_eq(login.answer.flags, SECURITY_TO_OPERATIONAL);
		cr_expect_eq(STEP(OPERATIONAL_TO_FULL, ""), RACEWAY_LOGIN_COMPLETE);
	}
}

Test(login, chap_refused)
{
	static const struct answer_options cases[] = {
		{ .user = "user", .secret = "secret12345x" },
		{ .user = "usex", .secret = SECRET },
		{ .user = "user2", .secret = SECRET },
		{ .user = "", .secret = SECRET },
		{ .user = "user", .secret = SECRET, .short_answer = true },
		{ .user = "user", .secret = SECRET, .no_user = true },
		{ .user = "user", .secret = SECRET, .no_answer = true },
		/* Nothing to prove the target with. */
		{ .user = "user", .secret = SECRET, .mutual = true },
	};
	const char *reasons[sizeof(cases) / sizeof(cases[0])];

	want_chap(false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask_for_challenge("7");
		expect_refused(prove(&cases[i]), RACEWAY_LOGIN_AUTH_FAILED);
		reasons[i] = login.reason;
	}
	cr_expect_str_eq(reasons[0], reasons[1], "an unknown user looks otherwise");
}

/* A user with an empty secret is nobody. */
Test(login, chap_without_secret)
{
	want_chap(false);
	wanted.secret_bytes = 0;
	ask_for_challenge("5");
	expect_refused(prove(&(struct answer_options){ .user = "user", .secret = "" }),
		       RACEWAY_LOGIN_AUTH_FAILED);
}

Test(login, mutual_chap)
{
	uint8_t answer[RACEWAY_CHAP_DIGEST_MAX], right[RACEWAY_CHAP_DIGEST_MAX];
	size_t bytes, right_bytes;

	want_chap(true);
	ask_for_challenge("7");
	cr_expect_eq(prove(&(struct answer_options){
			     .user = "user", .secret = SECRET, .mutual = true, .id = 200 }),
		     RACEWAY_LOGIN_GOES_ON);
	expect_value("CHAP_N", "target");
	cr_assert_eq(raceway_text_binary(value_of("CHAP_R"), answer, sizeof(answer), &bytes), 0);
	raceway_chap_answer(RACEWAY_CHAP_SHA256, 200, (const uint8_t *)MUTUAL, strlen(MUTUAL),
			    (const uint8_t *)"0123456789abcde", 16, right, &right_bytes);
	cr_assert_eq(bytes, right_bytes);
	cr_expect_arr_eq(answer, right, bytes);
}

Test(login, mutual_chap_refused)
{
	static const struct answer_options cases[] = {
		{ .user = "user", .secret = SECRET, .mutual = true, .reflect = true },
		{ .user = "user", .secret = SECRET, .mutual = true, .no_id = true },
		{ .user = "user", .secret = SECRET, .mutual = true, .no_challenge = true },
		{ .user = "user", .secret = SECRET, .mutual = true, .id = 256 },
		{ .user = "user", .secret = "wrong", .mutual = true },
	};

	want_chap(true);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask_for_challenge("5");
		expect_refused(prove(&cases[i]), RACEWAY_LOGIN_AUTH_FAILED);
	}
}

Test(login, mutual_chap_with_one_secret)
{
	want_chap(true);
	memcpy(wanted.mutual_secret, SECRET, strlen(SECRET));
	ask_for_challenge("5");
	expect_refused(
		prove(&(struct answer_options){ .user = "user", .secret = SECRET, .mutual = true }),
		RACEWAY_LOGIN_AUTH_FAILED);
}

/* Every way around CHAP. */
Test(login, chap_is_required)
{
	want_chap(false);
	expect_refused(STEP(OPERATIONAL_TO_FULL, NAMES), RACEWAY_LOGIN_AUTH_FAILED);
	begin();
	expect_refused(STEP(OPERATIONAL, NAMES), RACEWAY_LOGIN_AUTH_FAILED);
	begin();
	expect_refused(STEP(SECURITY, NAMES "AuthMethod=None\0"), RACEWAY_LOGIN_AUTH_FAILED);
	begin();
	expect_refused(STEP(SECURITY_TO_OPERATIONAL, NAMES), RACEWAY_LOGIN_AUTH_FAILED);
	begin();
	expect_refused(STEP(SECURITY_TO_FULL, NAMES), RACEWAY_LOGIN_AUTH_FAILED);
	begin();
	cr_expect_eq(STEP(SECURITY_TO_FULL, NAMES "AuthMethod=CHAP\0"), RACEWAY_LOGIN_GOES_ON);
	cr_expect_eq(login.answer.flags, SECURITY, "left the stage without proof");
	cr_expect_eq(STEP(SECURITY_TO_FULL, ""), RACEWAY_LOGIN_GOES_ON);
	cr_expect_eq(login.answer.flags, SECURITY, "left the stage without proof");
	expect_refused(STEP(OPERATIONAL_TO_FULL, ""), RACEWAY_LOGIN_INVALID);
}

Test(login, chap_out_of_turn)
{
	want_chap(false);
	cr_expect_eq(STEP(SECURITY, NAMES "AuthMethod=CHAP\0"), RACEWAY_LOGIN_GOES_ON);
	expect_refused(STEP(SECURITY, "AuthMethod=CHAP\0"), RACEWAY_LOGIN_INITIATOR_ERROR);
	begin();
	cr_expect_eq(STEP(SECURITY, NAMES "AuthMethod=CHAP\0"), RACEWAY_LOGIN_GOES_ON);
	expect_refused(STEP(SECURITY, "CHAP_N=user\0CHAP_R=0x00\0"), RACEWAY_LOGIN_INITIATOR_ERROR);
	begin();
	cr_expect_eq(STEP(SECURITY, NAMES "AuthMethod=CHAP\0"), RACEWAY_LOGIN_GOES_ON);
	expect_refused(STEP(SECURITY, "CHAP_A=1,2\0"), RACEWAY_LOGIN_AUTH_FAILED);
	ask_for_challenge("5");
	expect_refused(STEP(SECURITY, "CHAP_A=5\0"), RACEWAY_LOGIN_INITIATOR_ERROR);
}
