/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vHBAs of a configuration: who they are, how they prove it, what they see and may have. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "raceway/limits.h"
#include "util/cleanup.h"
#include "util/units.h"
#include "vhba/config_reading.h"
#include "vhba/fields.h"
#include "vhba/secret.h"

#define WEIGHT_DEFAULT 1
#define WEIGHT_MAX 1000

static int read_limits(struct raceway_config_reading *r, const json_t *from,
		       struct raceway_limits_config *limits)
{
	uint64_t weight = WEIGHT_DEFAULT;

	if (raceway_field_number(from, "cir", false, 0, INT64_MAX, &limits->cir_bps, r->err) ||
	    raceway_field_number(from, "pir", false, 0, INT64_MAX, &limits->pir_bps, r->err) ||
	    raceway_field_number(from, "iops_cir", false, 0, INT64_MAX, &limits->iops_cir,
				 r->err) ||
	    raceway_field_number(from, "iops_pir", false, 0, INT64_MAX, &limits->iops_pir,
				 r->err) ||
	    raceway_field_number(from, "weight", false, 1, WEIGHT_MAX, &weight, r->err))
		return -EINVAL;
	if ((limits->cir_bps && limits->cir_bps < RACEWAY_RATE_MIN_BPS) ||
	    (limits->pir_bps && limits->pir_bps < RACEWAY_RATE_MIN_BPS))
		return raceway_error_set(r->err, RACEWAY_FAULT_INVALID, "", "pir",
					 "a rate is below %llu bit/s", RACEWAY_RATE_MIN_BPS);
	limits->weight = (uint32_t)weight;
	return 0;
}

/* 1: what proves the initiator is all there. */
static int read_chap(struct raceway_config_reading *r, const json_t *from,
		     struct raceway_vhba_config *vhba)
{
	struct raceway_iscsi_chap *chap = &vhba->chap;
	struct raceway_error error = { 0 };
	char path[RACEWAY_VHBA_PATH_MAX], mutual[RACEWAY_VHBA_PATH_MAX];

	if (raceway_field_text(from, "chap", false, chap->user, sizeof(chap->user), r->err) ||
	    raceway_field_text(from, "secret_file", false, path, sizeof(path), r->err) ||
	    raceway_field_text(from, "mutual_chap", false, chap->mutual_user,
			       sizeof(chap->mutual_user), r->err) ||
	    raceway_field_text(from, "mutual_secret_file", false, mutual, sizeof(mutual), r->err))
		return -EINVAL;
	if (vhba->auth != RACEWAY_AUTH_CHAP)
		return 1;
	chap->required = true;
	if (!chap->user[0] || !path[0] || !chap->mutual_user[0] != !mutual[0])
		raceway_error_set(&error, RACEWAY_FAULT_INVALID, "", "chap",
				  "auth chap needs a user and a secret file for each direction");
	else if (!raceway_secret_read(path, chap->secret, sizeof(chap->secret), &chap->secret_bytes,
				      &error) &&
		 mutual[0])
		raceway_secret_read(mutual, chap->mutual_secret, sizeof(chap->mutual_secret),
				    &chap->mutual_secret_bytes, &error);
	/* RFC 7143 9.2.1: the same secret for both would let an initiator prove itself with the
	 * target's own answer. */
	if (!error.fault && chap->mutual_secret_bytes == chap->secret_bytes &&
	    !memcmp(chap->secret, chap->mutual_secret, chap->secret_bytes))
		raceway_error_set(&error, RACEWAY_FAULT_INVALID, "", "mutual_chap",
				  "both directions have the same secret");
	if (!error.fault)
		return 1;
	RACEWAY_PROBLEM(r, "vhba", vhba->name, "%s", error.message);
	return 0;
}

static int read_macs(struct raceway_config_reading *r, const json_t *from,
		     struct raceway_vhba_config *vhba)
{
	const json_t *macs = json_object_get(from, "macs"), *mac;
	size_t i;

	json_array_foreach (macs, i, mac) {
		if (i == RACEWAY_VHBA_MACS_MAX || !json_is_string(mac) ||
		    raceway_parse_mac(json_string_value(mac), vhba->macs[i]))
			return raceway_error_set(r->err, RACEWAY_FAULT_INVALID, vhba->name, "macs",
						 "not up to %d MAC addresses",
						 RACEWAY_VHBA_MACS_MAX);
		vhba->mac_count++;
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct raceway_lun_config *x = a, *y = b;

	return (x->lun > y->lun) - (x->lun < y->lun);
}

static int read_lun(struct raceway_config_reading *r, const json_t *from,
		    struct raceway_vhba_config *vhba)
{
	struct raceway_lun_config *lun = &vhba->luns[vhba->lun_count];
	char volume[RACEWAY_VHBA_NAME_MAX + 1];
	uint64_t number;

	if (raceway_field_number(from, "lun", true, 0, RACEWAY_LUN_MAX, &number, r->err) ||
	    raceway_field_text(from, "volume", true, volume, sizeof(volume), r->err))
		return -EINVAL;
	lun->lun = (uint16_t)number;
	lun->read_only = json_is_true(json_object_get(from, "ro"));
	lun->volume = raceway_config_volume(r->config, volume);
	if (!lun->volume)
		RACEWAY_PROBLEM(r, "vhba", vhba->name, "lun %u: volume %s is not served", lun->lun,
				volume);
	else if (lun->volume->san != vhba->san)
		RACEWAY_PROBLEM(r, "vhba", vhba->name, "lun %u: volume %s is not on its SAN",
				lun->lun, volume);
	else
		vhba->lun_count++;
	return 0;
}

static int read_luns(struct raceway_config_reading *r, const json_t *from,
		     struct raceway_vhba_config *vhba)
{
	const json_t *luns = json_object_get(from, "luns"), *lun;
	size_t i, count = json_array_size(luns);

	if (count > RACEWAY_LUNS_PER_NEXUS)
		return raceway_error_set(r->err, RACEWAY_FAULT_INVALID, vhba->name, "luns",
					 "more than %d", RACEWAY_LUNS_PER_NEXUS);
	if (count && !(vhba->luns = calloc(count, sizeof(*vhba->luns))))
		return -ENOMEM;
	json_array_foreach (luns, i, lun) {
		int ret = read_lun(r, lun, vhba);

		if (ret)
			return ret;
	}
	if (vhba->lun_count)
		qsort(vhba->luns, vhba->lun_count, sizeof(*vhba->luns), by_number);
	for (i = 1; i < vhba->lun_count; i++) {
		if (vhba->luns[i].lun == vhba->luns[i - 1].lun)
			return raceway_error_set(r->err, RACEWAY_FAULT_INVALID, vhba->name, "luns",
						 "lun %u is there twice", vhba->luns[i].lun);
	}
	return 0;
}

int raceway_config_vhba(struct raceway_config_reading *r, const json_t *from, void *to)
{
	static const char *const auths[] = { "chap", "location", "none" };
	struct raceway_vhba_config *vhba = to;
	char san[sizeof(vhba->name)], auth[16], wwpn[32];
	size_t i = 0;
	int ret;

	if (raceway_field_text(from, "name", true, vhba->name, sizeof(vhba->name), r->err) ||
	    raceway_field_text(from, "san", true, san, sizeof(san), r->err) ||
	    raceway_field_text(from, "auth", true, auth, sizeof(auth), r->err) ||
	    raceway_field_text(from, "wwpn", false, wwpn, sizeof(wwpn), r->err) ||
	    raceway_field_text(from, "initiator", false, vhba->initiator, sizeof(vhba->initiator),
			       r->err) ||
	    read_limits(r, from, &vhba->limits) || read_macs(r, from, vhba))
		return -EINVAL;
	vhba->local = json_is_true(json_object_get(from, "local"));
	if (!vhba->initiator[0])
		snprintf(vhba->initiator, sizeof(vhba->initiator), "naa.%s", wwpn);
	while (i < 3 && strcmp(auths[i], auth))
		i++;
	vhba->auth = (enum raceway_vhba_auth)i;
	vhba->san = raceway_config_san(r->config, san);
	ret = i < 3 && vhba->san ? read_chap(r, from, vhba) : 0;
	if (i == 3)
		RACEWAY_PROBLEM(r, "vhba", vhba->name, "auth %s is none of chap, location, none",
				auth);
	else if (!vhba->san)
		RACEWAY_PROBLEM(r, "vhba", vhba->name, "san %s is not served", san);
	if (ret != 1)
		return ret;
	ret = read_luns(r, from, vhba);
	return ret ? ret : 1;
}

static int by_initiator(const void *a, const void *b)
{
	const struct raceway_vhba_config *const *x = a, *const *y = b;
	int order = strcasecmp((*x)->initiator, (*y)->initiator);

	return order ? order : (*x > *y) - (*x < *y);
}

static void leave_out(struct raceway_config *config, struct raceway_vhba_config *vhba)
{
	size_t behind = (size_t)(&config->vhbas[config->vhba_count] - (vhba + 1));

	free(vhba->luns);
	memmove(vhba, vhba + 1, behind * sizeof(*vhba));
	explicit_bzero(&config->vhbas[--config->vhba_count], sizeof(*vhba));
}

/* Of several with one initiator name the first has it: whom would it be otherwise? */
int raceway_config_initiators(struct raceway_config_reading *r)
{
	struct raceway_config *config = r->config;
	RACEWAY_FREE struct raceway_vhba_config **order =
		calloc(config->vhba_count + 1, sizeof(struct raceway_vhba_config *));
	RACEWAY_FREE bool *wrong = calloc(config->vhba_count + 1, sizeof(bool));

	if (!order || !wrong)
		return -ENOMEM;
	for (size_t i = 0; i < config->vhba_count; i++)
		order[i] = &config->vhbas[i];
	qsort(order, config->vhba_count, sizeof(struct raceway_vhba_config *), by_initiator);
	for (size_t i = 1, first = 0; i < config->vhba_count; i++) {
		if (strcasecmp(order[i]->initiator, order[first]->initiator)) {
			first = i;
			continue;
		}
		wrong[order[i] - config->vhbas] = true;
		RACEWAY_PROBLEM(r, "vhba", order[i]->name, "initiator %s: %s has it",
				order[i]->initiator, order[first]->name);
	}
	for (size_t i = config->vhba_count; i-- > 0;) {
		if (wrong[i])
			leave_out(config, &config->vhbas[i]);
	}
	return 0;
}
