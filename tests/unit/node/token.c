/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tokens as text and back, whole ones only. */
#include "node/token.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct raceway_token sample(const char *server, const char *director)
{
	struct raceway_token token = { 0 };

	cr_assert_eq(raceway_token_fill(&token), 0);
	for (size_t i = 0; i < sizeof(token.authority); i++)
		token.authority[i] = (uint8_t)(7 * i);
	snprintf(token.server, sizeof(token.server), "%s", server);
	snprintf(token.director, sizeof(token.director), "%s", director);
	return token;
}

struct place {
	char server[80], director[80];
};

Test(token, comes_back_whole)
{
	static const struct place places[] = {
		{ "s", "" },
		{ "srv1", "192.0.2.1:7471" },
		{ "rack-1.node_2", "[2001:db8::1]:65535" },
		{ "a23456789012345678901234567890123456789012345678901234567890123", "1.2.3.4:1" },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct raceway_token in = sample(places[i].server, places[i].director), out;
		char text[RACEWAY_TOKEN_TEXT], around[RACEWAY_TOKEN_TEXT + 8];

		raceway_token_format(&in, text);
		cr_assert_eq(text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
					       "uvwxyz0123456789-_")],
			     '\0');
		snprintf(around, sizeof(around), " %s\n", text);
		cr_assert_eq(raceway_token_parse(around, &out), 0);
		cr_assert_eq(memcmp(&in, &out, sizeof(in)), 0);
	}
}

Test(token, no_part_of_one_is_taken)
{
	struct raceway_token in = sample("srv1", "192.0.2.1:7471"), out;
	char text[RACEWAY_TOKEN_TEXT], cut[RACEWAY_TOKEN_TEXT];
	size_t length = strlen(raceway_token_format(&in, text));

	for (size_t i = 0; i < length; i++) {
		snprintf(cut, sizeof(cut), "%.*s", (int)i, text);
		cr_assert_eq(raceway_token_parse(cut, &out), -EINVAL, "cut at %zu", i);
		cr_assert_eq(raceway_token_parse(text + i + 1, &out), -EINVAL, "from %zu", i);
	}
}

Test(token, one_wrong_character_is_seen)
{
	struct raceway_token in = sample("srv1", ""), out;
	char text[RACEWAY_TOKEN_TEXT];
	size_t length = strlen(raceway_token_format(&in, text));

	for (size_t i = 0; i + 1 < length; i++) { /* of the last some bits say nothing */
		char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		cr_assert_eq(raceway_token_parse(text, &out), -EINVAL, "at %zu", i);
		text[i] = '+';
		cr_assert_eq(raceway_token_parse(text, &out), -EINVAL, "+ at %zu", i);
		text[i] = was;
	}
	cr_assert_eq(raceway_token_parse(text, &out), 0);
	text[length] = 'A';
	text[length + 1] = 'A';
	text[length + 2] = '\0';
	cr_assert_eq(raceway_token_parse(text, &out), -EINVAL);
}

Test(token, secrets_differ_and_only_their_hash_is_kept)
{
	struct raceway_token a = sample("s", ""), b = sample("s", "");
	char one[RACEWAY_FINGERPRINT_TEXT], other[RACEWAY_FINGERPRINT_TEXT];
	uint8_t zero[RACEWAY_TOKEN_SECRET] = { 0 };

	cr_assert_neq(memcmp(a.secret, b.secret, sizeof(a.secret)), 0);
	cr_assert_str_neq(raceway_token_hash(a.secret, one), raceway_token_hash(b.secret, other));
	/* FIPS 180-4, 32 bytes of 0 */
	cr_assert_str_eq(raceway_token_hash(zero, one),
			 "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
}

Test(token, hexadecimal)
{
	const uint8_t bytes[] = { 0x00, 0x9a, 0xff };
	uint8_t back[3] = { 1, 2, 3 };
	char text[7];

	cr_assert_str_eq(raceway_hex_format(bytes, 3, text), "009aff");
	cr_assert_eq(raceway_hex_parse("009af", back, 3), -EINVAL);
	cr_assert_eq(raceway_hex_parse("009aff0", back, 3), -EINVAL);
	cr_assert_eq(raceway_hex_parse("009aFF", back, 3), -EINVAL);
	cr_assert_eq(raceway_hex_parse("", back, 3), -EINVAL);
	cr_assert_eq(back[0], 1);
	cr_assert_eq(raceway_hex_parse("009aff", back, 3), 0);
	cr_assert_eq(memcmp(bytes, back, 3), 0);
}
