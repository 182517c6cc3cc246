/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tokens as text: version, secret, authority, length of the name, name, address, in base64url.
 * The first bytes are a checksum, so that a token that was cut or mistyped is told at once. */
#include "node/token.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define VERSION 1
#define CHECK 4 /* bytes of SHA-256 over what follows */
#define FIXED (CHECK + 1 + RACEWAY_TOKEN_SECRET + RACEWAY_FINGERPRINT + 1)
#define BYTES_MAX (FIXED + RACEWAY_NODE_NAME + RACEWAY_NODE_ADDRESS)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void sha256(const void *data, size_t size, uint8_t out[RACEWAY_FINGERPRINT])
{
	/* fails only for an algorithm that is not there */
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, out))
		memset(out, 0, RACEWAY_FINGERPRINT);
}

char *raceway_hex_format(const uint8_t *bytes, size_t size, char *buf)
{
	for (size_t i = 0; i < size; i++)
		snprintf(buf + 2 * i, 3, "%02x", bytes[i]);
	buf[2 * size] = '\0';
	return buf;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int raceway_hex_parse(const char *text, uint8_t *ret_bytes, size_t size)
{
	if (!text || strlen(text) != 2 * size || strspn(text, "0123456789abcdef") != 2 * size)
		return -EINVAL;
	for (size_t i = 0; i < size; i++)
		ret_bytes[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	return 0;
}

int raceway_token_fill(struct raceway_token *token)
{
	return gnutls_rnd(GNUTLS_RND_KEY, token->secret, sizeof(token->secret)) ? -EIO : 0;
}

char *raceway_token_hash(const uint8_t secret[RACEWAY_TOKEN_SECRET],
			 char buf[RACEWAY_FINGERPRINT_TEXT])
{
	uint8_t hash[RACEWAY_FINGERPRINT];

	sha256(secret, RACEWAY_TOKEN_SECRET, hash);
	return raceway_hex_format(hash, sizeof(hash), buf);
}

char *raceway_token_format(const struct raceway_token *token, char buf[RACEWAY_TOKEN_TEXT])
{
	uint8_t bytes[BYTES_MAX], hash[RACEWAY_FINGERPRINT], *at = bytes + CHECK;
	size_t name = strlen(token->server), address = strlen(token->director), size;
	uint32_t bits = 0;
	int held = 0;
	char *out = buf;

	*at++ = VERSION;
	memcpy(at, token->secret, sizeof(token->secret));
	at += sizeof(token->secret);
	memcpy(at, token->authority, sizeof(token->authority));
	at += sizeof(token->authority);
	*at++ = (uint8_t)name;
	memcpy(at, token->server, name);
	memcpy(at + name, token->director, address);
	size = FIXED + name + address;
	sha256(bytes + CHECK, size - CHECK, hash);
	memcpy(bytes, hash, CHECK);
	for (size_t i = 0; i < size; i++) {
		bits = bits << 8 | bytes[i];
		for (held += 8; held >= 6; held -= 6)
			*out++ = alphabet[bits >> (held - 6) & 63];
	}
	if (held)
		*out++ = alphabet[bits << (6 - held) & 63];
	*out = '\0';
	return buf;
}

/* How many bytes, or -EINVAL. */
static int decode(const char *text, size_t length, uint8_t bytes[BYTES_MAX])
{
	uint32_t bits = 0;
	int held = 0, used = 0;

	for (size_t i = 0; i < length; i++) {
		const char *c = memchr(alphabet, text[i], sizeof(alphabet) - 1);

		if (!c || used == BYTES_MAX)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)(c - alphabet);
		held += 6;
		if (held >= 8) {
			held -= 8;
			bytes[used++] = (uint8_t)(bits >> held);
		}
	}
	return used;
}

int raceway_token_parse(const char *text, struct raceway_token *ret_token)
{
	static const char space[] = " \t\r\n";
	struct raceway_token token = { 0 };
	uint8_t bytes[BYTES_MAX], hash[RACEWAY_FINGERPRINT];
	const uint8_t *at = bytes + CHECK + 1;
	size_t length, name, address;
	int size;

	text += strspn(text, space);
	length = strcspn(text, space);
	if (text[length + strspn(text + length, space)])
		return -EINVAL;
	size = decode(text, length, bytes);
	if (size < FIXED || bytes[CHECK] != VERSION)
		return -EINVAL;
	sha256(bytes + CHECK, (size_t)size - CHECK, hash);
	name = bytes[FIXED - 1];
	if (memcmp(bytes, hash, CHECK) || !name || name >= RACEWAY_NODE_NAME ||
	    FIXED + name > (size_t)size || size - FIXED - name >= RACEWAY_NODE_ADDRESS)
		return -EINVAL;
	address = (size_t)size - FIXED - name;
	memcpy(token.secret, at, sizeof(token.secret));
	memcpy(token.authority, at + sizeof(token.secret), sizeof(token.authority));
	memcpy(token.server, bytes + FIXED, name);
	memcpy(token.director, bytes + FIXED + name, address);
	*ret_token = token;
	return 0;
}
