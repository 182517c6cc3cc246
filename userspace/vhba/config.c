/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The document's objects, one reader each. A wrong form ends the reading; a wrong value leaves
 * the object out. */
#include "vhba/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util/units.h"
#include "vhba/fields.h"
#include "vhba/names.h"
#include "vhba/secret.h"

#define WEIGHT_DEFAULT 1
#define WEIGHT_MAX 1000
#define BLOCK_BYTES 512

/* What the readers share. */
struct reading {
	struct raceway_config *config;
	json_t *problems;
	struct raceway_error *err;
};

void raceway_problem_add(json_t *problems, const char *object, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	json_array_append_new(problems,
			      json_pack("{s:s, s:s}", "object", object, "message", message));
}

#define PROBLEM(reading, kind, name, ...)                                                          \
	do {                                                                                       \
		char object_[RACEWAY_VHBA_NAME_MAX + 16];                                          \
                                                                                                   \
		snprintf(object_, sizeof(object_), "%s %s", kind, name);                           \
		raceway_problem_add((reading)->problems, object_, __VA_ARGS__);                    \
	} while (0)

/* Each reader: 1 taken, 0 left out, -errno. */
static int read_san(struct reading *r, const json_t *from, void *to)
{
	static const char *const types[] = { "pool", "iscsi", "null" };
	struct raceway_san_config *san = to;
	char type[16];
	size_t i = 0;

	if (raceway_field_text(from, "name", true, san->name, sizeof(san->name), r->err) ||
	    raceway_field_text(from, "type", true, type, sizeof(type), r->err) ||
	    raceway_field_text(from, "path", false, san->path, sizeof(san->path), r->err) ||
	    raceway_field_text(from, "portal", false, san->portal, sizeof(san->portal), r->err) ||
	    raceway_field_text(from, "target", false, san->target, sizeof(san->target), r->err))
		return -EINVAL;
	while (i < 3 && strcmp(types[i], type))
		i++;
	san->type = (enum raceway_san_type)i;
	if (i == 3)
		PROBLEM(r, "san", san->name, "type %s is none of pool, iscsi, null", type);
	else if (san->type == RACEWAY_SAN_POOL && san->path[0] != '/')
		PROBLEM(r, "san", san->name, "path must be absolute");
	else if (san->type == RACEWAY_SAN_ISCSI && (!san->portal[0] || !san->target[0]))
		PROBLEM(r, "san", san->name, "portal and target are needed");
	else
		return 1;
	return 0;
}

static int read_volume(struct reading *r, const json_t *from, void *to)
{
	struct raceway_volume_config *volume = to;
	char id[32], san[sizeof(volume->name)], file[sizeof(volume->name)];

	if (raceway_field_text(from, "name", true, volume->name, sizeof(volume->name), r->err) ||
	    raceway_field_text(from, "id", true, id, sizeof(id), r->err) ||
	    raceway_field_text(from, "dev", false, volume->dev, sizeof(volume->dev), r->err) ||
	    raceway_field_number(from, "size", false, 0, INT64_MAX, &volume->size, r->err))
		return -EINVAL;
	if (raceway_name_hex64(id, &volume->id))
		PROBLEM(r, "volume", volume->name, "id is not %d hexadecimal digits",
			RACEWAY_VOLUME_ID_DIGITS);
	else if (raceway_name_split(volume->name, san, file, sizeof(san)))
		PROBLEM(r, "volume", volume->name, "the name is not SAN/NAME");
	else if (!(volume->san = raceway_config_san(r->config, san)))
		PROBLEM(r, "volume", volume->name, "san %s is not served", san);
	else if (!volume->size == !volume->dev[0])
		PROBLEM(r, "volume", volume->name, "either size or dev is needed");
	else if (volume->size % BLOCK_BYTES)
		PROBLEM(r, "volume", volume->name, "size is no multiple of %d", BLOCK_BYTES);
	else
		return 1;
	return 0;
}

static int read_portal(struct reading *r, const json_t *from, void *to)
{
	struct raceway_portal_config *portal = to;
	uint64_t group = 1;
	char transport[16];

	if (raceway_field_text(from, "name", true, portal->name, sizeof(portal->name), r->err) ||
	    raceway_field_text(from, "address", true, portal->address, sizeof(portal->address),
			       r->err) ||
	    raceway_field_text(from, "transport", false, transport, sizeof(transport), r->err) ||
	    raceway_field_number(from, "group", false, 1, UINT16_MAX, &group, r->err))
		return -EINVAL;
	portal->group = (uint16_t)group;
	if (transport[0] && strcmp(transport, "iscsi")) {
		PROBLEM(r, "portal", portal->name, "transport %s: only iscsi is served", transport);
		return 0;
	}
	return 1;
}

static int read_limits(struct reading *r, const json_t *from, struct raceway_limits_config *limits)
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
	limits->weight = (uint32_t)weight;
	return 0;
}

/* 1: what proves the initiator is all there. */
static int read_chap(struct reading *r, const json_t *from, struct raceway_vhba_config *vhba)
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
	PROBLEM(r, "vhba", vhba->name, "%s", error.message);
	return 0;
}

static int read_macs(struct reading *r, const json_t *from, struct raceway_vhba_config *vhba)
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

static int read_lun(struct reading *r, const json_t *from, struct raceway_vhba_config *vhba)
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
		PROBLEM(r, "vhba", vhba->name, "lun %u: volume %s is not served", lun->lun, volume);
	else if (lun->volume->san != vhba->san)
		PROBLEM(r, "vhba", vhba->name, "lun %u: volume %s is not on its SAN", lun->lun,
			volume);
	else
		vhba->lun_count++;
	return 0;
}

static int read_luns(struct reading *r, const json_t *from, struct raceway_vhba_config *vhba)
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

static int read_vhba(struct reading *r, const json_t *from, void *to)
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
		PROBLEM(r, "vhba", vhba->name, "auth %s is none of chap, location, none", auth);
	else if (!vhba->san)
		PROBLEM(r, "vhba", vhba->name, "san %s is not served", san);
	if (ret != 1)
		return ret;
	ret = read_luns(r, from, vhba);
	return ret ? ret : 1;
}

struct kind {
	const char *list;
	size_t bytes; /* of one */
	int (*read)(struct reading *r, const json_t *from, void *to);
	size_t array, count; /* offsets in struct raceway_config */
};

#define KIND(list, one, many, number, read)                                                        \
	{                                                                                          \
		list, sizeof(struct one), read, offsetof(struct raceway_config, many),             \
			offsetof(struct raceway_config, number)                                    \
	}

/* In the order in which one refers to another. All begin with their name. */
static const struct kind kinds[] = {
	KIND("sans", raceway_san_config, sans, san_count, read_san),
	KIND("volumes", raceway_volume_config, volumes, volume_count, read_volume),
	KIND("portals", raceway_portal_config, portals, portal_count, read_portal),
	KIND("vhbas", raceway_vhba_config, vhbas, vhba_count, read_vhba),
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int read_kind(struct reading *r, const struct kind *kind, const json_t *document)
{
	const json_t *list = json_object_get(document, kind->list), *object;
	size_t *count = (size_t *)((char *)r->config + kind->count), i;
	char **array = (char **)((char *)r->config + kind->array);

	if (list && !json_is_array(list))
		return raceway_error_set(r->err, RACEWAY_FAULT_INVALID, "", kind->list,
					 "%s is no list", kind->list);
	*array = calloc(json_array_size(list) + 1, kind->bytes);
	if (!*array)
		return -ENOMEM;
	json_array_foreach (list, i, object) {
		char *to = *array + *count * kind->bytes;
		int ret = kind->read(r, object, to);

		if (ret == 1) {
			(*count)++;
			continue;
		}
		if (kind->read == read_vhba)
			free(((struct raceway_vhba_config *)to)->luns);
		explicit_bzero(to, kind->bytes);
		if (ret < 0)
			return ret;
	}
	qsort(*array, *count, kind->bytes, by_name);
	for (i = 1; i < *count; i++) {
		const char *name = *array + i * kind->bytes;

		if (!strcmp(name, name - kind->bytes))
			return raceway_error_set(r->err, RACEWAY_FAULT_INVALID, name, kind->list,
						 "it is in %s twice", kind->list);
	}
	return 0;
}

int raceway_config_read(const json_t *document, json_t *problems,
			struct raceway_config **ret_config, struct raceway_error *err)
{
	struct reading r = { calloc(1, sizeof(*r.config)), problems, err };
	int ret;

	if (!r.config)
		return -ENOMEM;
	ret = raceway_field_text(document, "target", true, r.config->target,
				 sizeof(r.config->target), err);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !ret; i++)
		ret = read_kind(&r, &kinds[i], document);
	if (!ret)
		*ret_config = r.config;
	else
		raceway_config_free(r.config);
	return ret;
}

void raceway_config_free(struct raceway_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->vhba_count; i++)
		free(config->vhbas[i].luns);
	if (config->vhbas)
		explicit_bzero(config->vhbas, config->vhba_count * sizeof(*config->vhbas));
	free(config->sans);
	free(config->volumes);
	free(config->portals);
	free(config->vhbas);
	free(config);
}

const struct raceway_san_config *raceway_config_san(const struct raceway_config *config,
						    const char *name)
{
	return bsearch(name, config->sans, config->san_count, sizeof(*config->sans), by_name);
}

const struct raceway_volume_config *raceway_config_volume(const struct raceway_config *config,
							  const char *name)
{
	return bsearch(name, config->volumes, config->volume_count, sizeof(*config->volumes),
		       by_name);
}
