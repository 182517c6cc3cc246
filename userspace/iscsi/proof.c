/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The security stage of a login: AuthMethod, and CHAP in both directions (RFC 7143 section 12).
 * An unknown user and a wrong secret look the same from outside. */
#include <gnutls/crypto.h>
#include <string.h>

#include "iscsi/login.h"

/* Values of the keys of this stage in one request, NULL if absent. */
struct proof_keys {
	const char *method, *algorithms, *name, *answer, *id, *challenge;
};

static const char **place(struct proof_keys *keys, const char *key)
{
	const struct {
		const char *name;
		const char **value;
	} places[] = {
		{ "AuthMethod", &keys->method }, { "CHAP_A", &keys->algorithms },
		{ "CHAP_N", &keys->name },	 { "CHAP_R", &keys->answer },
		{ "CHAP_I", &keys->id },	 { "CHAP_C", &keys->challenge },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!strcmp(places[i].name, key))
			return places[i].value;
	}
	return NULL;
}

bool raceway_login_is_proof(const char *key)
{
	struct proof_keys keys;

	return place(&keys, key);
}

static enum raceway_iscsi_login_status failed(struct raceway_login *login, const char *reason)
{
	login->reason = reason;
	return RACEWAY_LOGIN_AUTH_FAILED;
}

static enum raceway_iscsi_login_status out_of_turn(struct raceway_login *login)
{
	login->reason = "a key of the security stage out of its turn";
	return RACEWAY_LOGIN_INITIATOR_ERROR;
}

static enum raceway_iscsi_login_status choose_method(struct raceway_login *login, const char *list)
{
	const char *wanted = login->wanted.required ? "CHAP" : "None", *item;
	size_t length;

	if (login->proof != RACEWAY_PROOF_NONE)
		return out_of_turn(login);
	while ((length = raceway_text_item(&list, &item))) {
		if (!raceway_text_is(item, length, wanted))
			continue;
		raceway_text_add(&login->text, "AuthMethod", wanted);
		login->proof = login->wanted.required ? RACEWAY_PROOF_METHOD : RACEWAY_PROOF_DONE;
		return RACEWAY_LOGIN_SUCCESS;
	}
	return failed(login, login->wanted.required ? "CHAP is required and was not offered"
						    : "no CHAP is set up and nothing else offered");
}

static enum raceway_iscsi_login_status ask(struct raceway_login *login, const char *list)
{
	enum raceway_chap_algorithm algorithm = raceway_chap_choose(list);

	if (login->proof != RACEWAY_PROOF_METHOD)
		return out_of_turn(login);
	if (algorithm == RACEWAY_CHAP_NONE)
		return failed(login, "no CHAP algorithm in common");
	if (raceway_chap_ask(&login->chap, algorithm)) {
		login->reason = "no random numbers";
		return RACEWAY_LOGIN_TARGET_ERROR;
	}
	raceway_text_add_number(&login->text, "CHAP_A", algorithm);
	raceway_text_add_number(&login->text, "CHAP_I", login->chap.id);
	raceway_text_add_hex(&login->text, "CHAP_C", login->chap.challenge,
			     login->chap.challenge_bytes);
	login->proof = RACEWAY_PROOF_ASKED;
	return RACEWAY_LOGIN_SUCCESS;
}

/* The name is compared whole, whatever is in it, and the secret too if the name is wrong. */
static bool is_user(const struct raceway_iscsi_chap *wanted, const char *name)
{
	char given[sizeof(wanted->user)] = "", right[sizeof(wanted->user)] = "";

	if (strlen(name) >= sizeof(given))
		return false;
	memcpy(given, name, strlen(name));
	memcpy(right, wanted->user, strnlen(wanted->user, sizeof(right) - 1));
	return !gnutls_memcmp(given, right, sizeof(given));
}

/* The target proves itself too. */
static enum raceway_iscsi_login_status answer(struct raceway_login *login, const char *id_text,
					      const char *challenge_text)
{
	const struct raceway_iscsi_chap *wanted = &login->wanted;
	uint8_t challenge[RACEWAY_CHAP_CHALLENGE_MAX], proof[RACEWAY_CHAP_DIGEST_MAX];
	size_t challenge_bytes, proof_bytes;
	uint32_t id;

	if (!id_text || !challenge_text || raceway_text_number(id_text, &id) || id > UINT8_MAX ||
	    raceway_text_binary(challenge_text, challenge, sizeof(challenge), &challenge_bytes) ||
	    challenge_bytes == 0)
		return failed(login, "the initiator's challenge makes no sense");
	if (wanted->mutual_secret_bytes == 0)
		return failed(login, "mutual CHAP is not set up");
	/* Whoever sends our own question back wants us to answer it in his place. */
	if (challenge_bytes == login->chap.challenge_bytes &&
	    !memcmp(challenge, login->chap.challenge, challenge_bytes))
		return failed(login, "the challenge was reflected");
	if (wanted->mutual_secret_bytes == wanted->secret_bytes &&
	    !gnutls_memcmp(wanted->mutual_secret, wanted->secret, wanted->secret_bytes))
		return failed(login, "both directions have the same secret");
	if (raceway_chap_answer(login->chap.algorithm, (uint8_t)id, wanted->mutual_secret,
				wanted->mutual_secret_bytes, challenge, challenge_bytes, proof,
				&proof_bytes)) {
		login->reason = "no hash";
		return RACEWAY_LOGIN_TARGET_ERROR;
	}
	raceway_text_add(&login->text, "CHAP_N", wanted->mutual_user);
	raceway_text_add_hex(&login->text, "CHAP_R", proof, proof_bytes);
	return RACEWAY_LOGIN_SUCCESS;
}

static enum raceway_iscsi_login_status check(struct raceway_login *login,
					     const struct proof_keys *keys)
{
	const struct raceway_iscsi_chap *wanted = &login->wanted;
	uint8_t proof[RACEWAY_CHAP_DIGEST_MAX];
	size_t bytes = 0;
	bool known, right;

	if (login->proof != RACEWAY_PROOF_ASKED)
		return out_of_turn(login);
	if (!keys->name || !keys->answer)
		return failed(login, "CHAP_N or CHAP_R is missing");
	if (raceway_text_binary(keys->answer, proof, sizeof(proof), &bytes))
		bytes = 0;
	known = is_user(wanted, keys->name);
	right = raceway_chap_right(&login->chap, wanted->secret, wanted->secret_bytes, proof,
				   bytes);
	if (!known || !right || wanted->secret_bytes == 0)
		return failed(login, "wrong CHAP user or secret");
	login->proof = RACEWAY_PROOF_DONE;
	if (keys->id || keys->challenge)
		return answer(login, keys->id, keys->challenge);
	return RACEWAY_LOGIN_SUCCESS;
}

enum raceway_iscsi_login_status raceway_login_prove(struct raceway_login *login,
						    const struct raceway_pair *pairs, size_t count)
{
	struct proof_keys keys = { 0 };

	for (size_t i = 0; i < count; i++) {
		const char **value = place(&keys, pairs[i].key);

		if (!value)
			continue;
		if (*value)
			return out_of_turn(login);
		*value = pairs[i].value;
	}
	if (keys.method)
		return keys.algorithms || keys.name || keys.answer
			       ? out_of_turn(login)
			       : choose_method(login, keys.method);
	if (keys.algorithms)
		return keys.name || keys.answer ? out_of_turn(login) : ask(login, keys.algorithms);
	if (keys.name || keys.answer || keys.id || keys.challenge)
		return check(login, &keys);
	return RACEWAY_LOGIN_SUCCESS;
}
