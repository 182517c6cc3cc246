/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/chap.c: known answers, what is chosen of a list, and that no question comes
 * twice. The answers were worked out with Python's hashlib. */
#include "iscsi/chap.h"

#include <criterion/criterion.h>
#include <string.h>

#include "iscsi/text.h"

static const uint8_t challenge[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t secret[] = "secret123456";
#define SECRET secret, sizeof(secret) - 1

Test(chap, known_answers)
{
	static const struct {
		enum raceway_chap_algorithm algorithm;
		const char answer[72];
	} cases[] = {
		{ RACEWAY_CHAP_MD5, "0xe7f7b3cbaa745c95cc535cfc6d082c08" },
		{ RACEWAY_CHAP_SHA1, "0xb3dcf6b32f05dd7f77cc5e4ee30ce85a811dc9b9" },
		{ RACEWAY_CHAP_SHA256,
		  "0x9700671648b4d75035d54c1afac64b173165600a50264b204da8c175fe811f8b" },
		{ RACEWAY_CHAP_SHA3_256,
		  "0x9e984825415d889ed1467f024831c02b3a3b3f1a8655576ea3e0cec2c56cdcc1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t answer[RACEWAY_CHAP_DIGEST_MAX], right[RACEWAY_CHAP_DIGEST_MAX];
		size_t bytes, right_bytes;

		cr_assert_eq(
			raceway_text_binary(cases[i].answer, right, sizeof(right), &right_bytes),
			0);
		cr_assert_eq(raceway_chap_answer(cases[i].algorithm, 0x2a, SECRET, challenge,
						 sizeof(challenge), answer, &bytes),
			     0);
		cr_assert_eq(bytes, right_bytes);
		cr_expect_arr_eq(answer, right, bytes, "algorithm %d", cases[i].algorithm);
	}
}

Test(chap, chooses)
{
	cr_expect_eq(raceway_chap_choose("5"), RACEWAY_CHAP_MD5);
	cr_expect_eq(raceway_chap_choose("7,5"), RACEWAY_CHAP_SHA256);
	cr_expect_eq(raceway_chap_choose("5,7"), RACEWAY_CHAP_MD5);
	cr_expect_eq(raceway_chap_choose("99,4,0x7"), RACEWAY_CHAP_SHA256);
	cr_expect_eq(raceway_chap_choose(""), RACEWAY_CHAP_NONE);
	cr_expect_eq(raceway_chap_choose("0"), RACEWAY_CHAP_NONE);
	cr_expect_eq(raceway_chap_choose("4,9,x,-5"), RACEWAY_CHAP_NONE);
	cr_expect_eq(raceway_chap_choose("5000000000000000"), RACEWAY_CHAP_NONE);
}

Test(chap, asks)
{
	struct raceway_chap first, second;

	cr_assert_eq(raceway_chap_ask(&first, RACEWAY_CHAP_MD5), 0);
	cr_assert_eq(raceway_chap_ask(&second, RACEWAY_CHAP_MD5), 0);
	cr_expect_geq(first.challenge_bytes, 16);
	cr_expect_neq(memcmp(first.challenge, second.challenge, first.challenge_bytes), 0);
	cr_expect_neq(raceway_chap_ask(&first, RACEWAY_CHAP_NONE), 0);
}

Test(chap, right_and_wrong)
{
	struct raceway_chap chap;
	uint8_t answer[RACEWAY_CHAP_DIGEST_MAX];
	size_t bytes;

	cr_assert_eq(raceway_chap_ask(&chap, RACEWAY_CHAP_SHA256), 0);
	cr_assert_eq(raceway_chap_answer(chap.algorithm, chap.id, SECRET, chap.challenge,
					 chap.challenge_bytes, answer, &bytes),
		     0);
	cr_expect(raceway_chap_right(&chap, SECRET, answer, bytes));
	cr_expect_not(raceway_chap_right(&chap, SECRET, answer, bytes - 1));
	cr_expect_not(raceway_chap_right(&chap, SECRET, answer, 0));
	cr_expect_not(
		raceway_chap_right(&chap, (const uint8_t *)"secret12345x", 12, answer, bytes));
	cr_expect_not(raceway_chap_right(&chap, secret, sizeof(secret) - 2, answer, bytes));
	answer[bytes - 1] ^= 1;
	cr_expect_not(raceway_chap_right(&chap, SECRET, answer, bytes));
	answer[bytes - 1] ^= 1;
	chap.id++;
	cr_expect_not(raceway_chap_right(&chap, SECRET, answer, bytes));
}
