/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Challenges and their answers, with the hashes of GnuTLS. */
#include "iscsi/chap.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "iscsi/text.h"

static const struct algorithm {
	enum raceway_chap_algorithm number;
	gnutls_digest_algorithm_t digest;
} algorithms[] = {
	{ RACEWAY_CHAP_MD5, GNUTLS_DIG_MD5 },
	{ RACEWAY_CHAP_SHA1, GNUTLS_DIG_SHA1 },
	{ RACEWAY_CHAP_SHA256, GNUTLS_DIG_SHA256 },
	{ RACEWAY_CHAP_SHA3_256, GNUTLS_DIG_SHA3_256 },
};

static const struct algorithm *find(uint32_t number)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (algorithms[i].number == number)
			return &algorithms[i];
	}
	return NULL;
}

enum raceway_chap_algorithm raceway_chap_choose(const char *list)
{
	const char *item;
	size_t length;

	while ((length = raceway_text_item(&list, &item))) {
		char number[8] = "";
		uint32_t value;

		if (length >= sizeof(number))
			continue;
		memcpy(number, item, length);
		if (!raceway_text_number(number, &value) && find(value))
			return value;
	}
	return RACEWAY_CHAP_NONE;
}

int raceway_chap_ask(struct raceway_chap *chap, enum raceway_chap_algorithm algorithm)
{
	const struct algorithm *found = find(algorithm);
	struct raceway_chap asked = { .algorithm = algorithm };

	if (!found)
		return -EIO;
	asked.challenge_bytes = gnutls_hash_get_len(found->digest);
	if (gnutls_rnd(GNUTLS_RND_NONCE, &asked.id, sizeof(asked.id)) ||
	    gnutls_rnd(GNUTLS_RND_RANDOM, asked.challenge, asked.challenge_bytes))
		return -EIO;
	*chap = asked;
	return 0;
}

int raceway_chap_answer(enum raceway_chap_algorithm algorithm, uint8_t id, const uint8_t *secret,
			size_t secret_bytes, const uint8_t *challenge, size_t challenge_bytes,
			uint8_t *answer, size_t *ret_bytes)
{
	const struct algorithm *found = find(algorithm);
	gnutls_hash_hd_t hash;
	int err;

	if (!found || gnutls_hash_init(&hash, found->digest))
		return -EIO;
	err = gnutls_hash(hash, &id, sizeof(id)) || gnutls_hash(hash, secret, secret_bytes) ||
	      gnutls_hash(hash, challenge, challenge_bytes);
	gnutls_hash_deinit(hash, answer);
	if (err)
		return -EIO;
	*ret_bytes = gnutls_hash_get_len(found->digest);
	return 0;
}

bool raceway_chap_right(const struct raceway_chap *chap, const uint8_t *secret, size_t secret_bytes,
			const uint8_t *answer, size_t answer_bytes)
{
	uint8_t right[RACEWAY_CHAP_DIGEST_MAX];
	size_t bytes;
	bool same;

	if (raceway_chap_answer(chap->algorithm, chap->id, secret, secret_bytes, chap->challenge,
				chap->challenge_bytes, right, &bytes))
		return false;
	same = bytes == answer_bytes && !gnutls_memcmp(right, answer, bytes);
	gnutls_memset(right, 0, sizeof(right));
	return same;
}
