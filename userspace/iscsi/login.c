/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stages of a login: what a request may ask for, who it comes from, and when it is over. */
#include "iscsi/login.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "iscsi/registry.h"

void raceway_login_begin(struct raceway_login *login)
{
	raceway_params_begin(&login->params);
	login->request.limit = RACEWAY_LOGIN_TEXT_MAX;
	login->text.limit = RACEWAY_SEGMENT_DEFAULT;
}

void raceway_login_end(struct raceway_login *login)
{
	raceway_text_free(&login->request);
	raceway_text_free(&login->text);
	gnutls_memset(&login->wanted, 0, sizeof(login->wanted));
}

void raceway_login_refuse(struct raceway_login *login, enum raceway_iscsi_login_status status,
			  const char *reason)
{
	login->answer.flags &= (uint8_t)~RACEWAY_LOGIN_TRANSIT;
	login->answer.response.tail[0] = (uint8_t)(status >> 8);
	login->answer.response.tail[1] = (uint8_t)status;
	raceway_text_clear(&login->text);
	if (!login->reason)
		login->reason = reason;
}

static enum raceway_stage stage_of(uint8_t flags)
{
	return flags >> 2 & 3;
}

static enum raceway_stage next_stage(uint8_t flags)
{
	return flags & 3;
}

static bool is_stage(enum raceway_stage stage)
{
	return stage == RACEWAY_STAGE_SECURITY || stage == RACEWAY_STAGE_OPERATIONAL;
}

static bool flags_valid(uint8_t flags)
{
	enum raceway_stage next = next_stage(flags);

	if (!is_stage(stage_of(flags)))
		return false;
	if (!(flags & RACEWAY_LOGIN_TRANSIT))
		return true;
	return !(flags & RACEWAY_LOGIN_CONTINUE) && next > stage_of(flags) &&
	       (is_stage(next) || next == RACEWAY_STAGE_FULL);
}

static enum raceway_iscsi_login_status first_header(struct raceway_login *login,
						    const struct raceway_bhs *request)
{
	login->begun = true;
	login->itt = request->itt;
	login->cid = request->request.tag & htobe32(0xffff0000U);
	login->stage = stage_of(request->flags);
	memcpy(login->who.isid, request->isid, sizeof(login->who.isid));
	if (request->tsih != 0) {
		login->reason = "another connection for a session";
		return raceway_registry_has(be16toh(request->tsih))
			       ? RACEWAY_LOGIN_TOO_MANY_CONNECTIONS
			       : RACEWAY_LOGIN_NO_SESSION;
	}
	return RACEWAY_LOGIN_SUCCESS;
}

static enum raceway_iscsi_login_status check_header(struct raceway_login *login,
						    const struct raceway_bhs *request)
{
	login->reason = "the login request contradicts itself or the one before";
	if (request->byte3 > 0) { /* Version-min */
		login->reason = "only version 0 is spoken";
		return RACEWAY_LOGIN_VERSION;
	}
	if (!raceway_bhs_immediate(request) || request->ahs_words > 0 ||
	    !flags_valid(request->flags) || ++login->rounds > RACEWAY_LOGIN_ROUNDS)
		return RACEWAY_LOGIN_INITIATOR_ERROR;
	if (!login->begun) {
		login->reason = NULL;
		return first_header(login, request);
	}
	if (request->itt != login->itt || request->tsih != 0 ||
	    (request->request.tag & htobe32(0xffff0000U)) != login->cid ||
	    memcmp(request->isid, login->who.isid, sizeof(login->who.isid)) ||
	    stage_of(request->flags) != login->stage)
		return RACEWAY_LOGIN_INVALID;
	login->reason = NULL;
	return RACEWAY_LOGIN_SUCCESS;
}

/* RFC 7143 4.2.7: what a name looks like, but not who has it. */
static bool is_name(const char *name)
{
	if (strncmp(name, "iqn.", 4) && strncmp(name, "eui.", 4) && strncmp(name, "naa.", 4))
		return false;
	for (const char *c = name; *c; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
	}
	return strlen(name) > 4 && strlen(name) <= RACEWAY_ISCSI_NAME_MAX;
}

static enum raceway_iscsi_login_status
wrong(struct raceway_login *login, enum raceway_iscsi_login_status status, const char *reason)
{
	login->reason = reason;
	return status;
}

/* Copies a name that may be said only once. */
static enum raceway_iscsi_login_status take_name(struct raceway_login *login, char *name,
						 const char *value)
{
	if (login->identified || name[0])
		return wrong(login, RACEWAY_LOGIN_INITIATOR_ERROR, "a name is told twice");
	if (!is_name(value))
		return wrong(login, RACEWAY_LOGIN_INITIATOR_ERROR, "that is no iSCSI name");
	memcpy(name, value, strlen(value) + 1);
	return RACEWAY_LOGIN_SUCCESS;
}

static bool is_identity(const char *key)
{
	return !strcmp(key, "InitiatorName") || !strcmp(key, "TargetName") ||
	       !strcmp(key, "SessionType");
}

static enum raceway_iscsi_login_status take_identity(struct raceway_login *login,
						     const struct raceway_pair *pair)
{
	if (!strcmp(pair->key, "InitiatorName"))
		return take_name(login, login->who.initiator, pair->value);
	if (!strcmp(pair->key, "TargetName"))
		return take_name(login, login->who.target, pair->value);
	if (login->identified)
		return wrong(login, RACEWAY_LOGIN_INITIATOR_ERROR, "the type is told twice");
	if (!strcmp(pair->value, "Discovery"))
		login->who.discovery = login->params.discovery = true;
	else if (strcmp(pair->value, "Normal"))
		return wrong(login, RACEWAY_LOGIN_SESSION_TYPE, "no such type of session");
	return RACEWAY_LOGIN_SUCCESS;
}

/* Who comes, from the first whole request. */
static enum raceway_iscsi_login_status identify(struct raceway_login *login,
						const struct raceway_pair *pairs, size_t count)
{
	enum raceway_iscsi_login_status status;

	for (size_t i = 0; i < count; i++) {
		if (!is_identity(pairs[i].key))
			continue;
		status = take_identity(login, &pairs[i]);
		if (status != RACEWAY_LOGIN_SUCCESS)
			return status;
	}
	if (login->identified)
		return RACEWAY_LOGIN_SUCCESS;
	if (!login->who.initiator[0])
		return wrong(login, RACEWAY_LOGIN_MISSING, "no InitiatorName");
	if (login->who.discovery)
		login->who.target[0] = '\0';
	else if (!login->who.target[0])
		return wrong(login, RACEWAY_LOGIN_MISSING, "no TargetName");
	login->reason = "not admitted";
	status = login->ops->identify(login->ops->context, &login->who, &login->wanted);
	if (status != RACEWAY_LOGIN_SUCCESS)
		return status;
	login->who.proof = login->wanted.proof;
	login->reason = NULL;
	login->identified = true;
	if (!login->who.discovery)
		raceway_text_add_number(&login->text, "TargetPortalGroupTag", login->group);
	return RACEWAY_LOGIN_SUCCESS;
}

/* What only a target says, or only a session in full feature phase. */
static bool is_misplaced(const char *key)
{
	static const char *const keys[] = { "TargetAlias", "TargetAddress", "TargetPortalGroupTag",
					    "SendTargets" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(keys[i], key))
			return true;
	}
	return false;
}

static enum raceway_iscsi_login_status negotiate(struct raceway_login *login,
						 const struct raceway_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *key = pairs[i].key;
		bool operational = login->stage == RACEWAY_STAGE_OPERATIONAL;

		if (is_identity(key) || !strcmp(key, "InitiatorAlias") ||
		    (!operational && raceway_login_is_proof(key)))
			continue;
		if (is_misplaced(key) || raceway_login_is_proof(key) ||
		    (!operational && raceway_params_has(key)))
			return wrong(login, RACEWAY_LOGIN_INITIATOR_ERROR, "a key out of place");
		if (!raceway_params_has(key))
			raceway_text_add(&login->text, key, "NotUnderstood");
		else if (raceway_params_offer(&login->params, key, pairs[i].value, true,
					      &login->text))
			return wrong(login, RACEWAY_LOGIN_INITIATOR_ERROR,
				     "a key is negotiated twice");
	}
	return RACEWAY_LOGIN_SUCCESS;
}

static enum raceway_iscsi_login_status advance(struct raceway_login *login, uint8_t flags)
{
	bool wants = flags & RACEWAY_LOGIN_TRANSIT;

	if (login->stage == RACEWAY_STAGE_OPERATIONAL && !login->declared) {
		raceway_text_add_number(&login->text, "MaxRecvDataSegmentLength",
					login->params.ours[RACEWAY_PARAM_MAX_RECV]);
		login->declared = true;
	}
	if (!wants)
		return RACEWAY_LOGIN_SUCCESS;
	if (login->stage == RACEWAY_STAGE_SECURITY && login->proof != RACEWAY_PROOF_DONE) {
		/* In the midst of CHAP the target stays where it is. */
		if (login->proof != RACEWAY_PROOF_NONE)
			return RACEWAY_LOGIN_SUCCESS;
		if (login->wanted.required)
			return wrong(login, RACEWAY_LOGIN_AUTH_FAILED,
				     "CHAP is required and was not offered");
	}
	login->answer.flags |= RACEWAY_LOGIN_TRANSIT | (flags & 3);
	login->stage = next_stage(flags);
	return RACEWAY_LOGIN_SUCCESS;
}

static enum raceway_iscsi_login_status whole_request(struct raceway_login *login, uint8_t flags)
{
	struct raceway_pair pairs[RACEWAY_PAIRS_MAX];
	enum raceway_iscsi_login_status status;
	size_t count;

	if (raceway_text_pairs(&login->request, pairs, RACEWAY_PAIRS_MAX, &count))
		return wrong(login, RACEWAY_LOGIN_INITIATOR_ERROR, "the text cannot be read");
	status = identify(login, pairs, count);
	if (status == RACEWAY_LOGIN_SUCCESS && login->stage == RACEWAY_STAGE_SECURITY)
		status = raceway_login_prove(login, pairs, count);
	else if (status == RACEWAY_LOGIN_SUCCESS && login->wanted.required &&
		 login->proof != RACEWAY_PROOF_DONE)
		status = wrong(login, RACEWAY_LOGIN_AUTH_FAILED, "CHAP is required");
	if (status == RACEWAY_LOGIN_SUCCESS)
		status = negotiate(login, pairs, count);
	if (status == RACEWAY_LOGIN_SUCCESS)
		status = advance(login, flags);
	raceway_text_clear(&login->request);
	if (status == RACEWAY_LOGIN_SUCCESS && login->text.failed)
		return wrong(login, RACEWAY_LOGIN_INITIATOR_ERROR, "more keys than one can answer");
	return status;
}

static void begin_answer(struct raceway_login *login, const struct raceway_bhs *request)
{
	login->answer = (struct raceway_bhs){ .opcode = RACEWAY_OP_LOGIN_RESPONSE };
	login->answer.flags = request->flags & 0x0c; /* the stage of the request */
	memcpy(login->answer.isid, request->isid, sizeof(request->isid));
	login->answer.tsih = request->tsih;
	login->answer.itt = request->itt;
	raceway_text_clear(&login->text);
}

enum raceway_login_outcome raceway_login_step(struct raceway_login *login,
					      const struct raceway_bhs *request,
					      const uint8_t *data, size_t bytes)
{
	enum raceway_iscsi_login_status status;

	begin_answer(login, request);
	status = check_header(login, request);
	if (status == RACEWAY_LOGIN_SUCCESS) {
		raceway_text_append(&login->request, data, bytes);
		if (login->request.failed)
			status = wrong(login, RACEWAY_LOGIN_INITIATOR_ERROR, "too long a text");
		else if (!(request->flags & RACEWAY_LOGIN_CONTINUE))
			status = whole_request(login, request->flags);
	}
	if (status != RACEWAY_LOGIN_SUCCESS) {
		raceway_login_refuse(login, status, "refused");
		return RACEWAY_LOGIN_REFUSED;
	}
	if (login->stage != RACEWAY_STAGE_FULL)
		return RACEWAY_LOGIN_GOES_ON;
	raceway_params_end(&login->params);
	return RACEWAY_LOGIN_COMPLETE;
}
