/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The document's objects, one reader each. A wrong form ends the reading; a wrong value leaves
 * the object out. */
#include "vhba/config_reading.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "vhba/fields.h"
#include "vhba/names.h"

#define BLOCK_BYTES 512

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

/* Each reader: 1 taken, 0 left out, -errno. */
static int read_san(struct raceway_config_reading *r, const json_t *from, void *to)
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
		RACEWAY_PROBLEM(r, "san", san->name, "type %s is none of pool, iscsi, null", type);
	else if (san->type == RACEWAY_SAN_POOL && san->path[0] != '/')
		RACEWAY_PROBLEM(r, "san", san->name, "path must be absolute");
	else if (san->type == RACEWAY_SAN_ISCSI && (!san->portal[0] || !san->target[0]))
		RACEWAY_PROBLEM(r, "san", san->name, "portal and target are needed");
	else
		return 1;
	return 0;
}

static int read_volume(struct raceway_config_reading *r, const json_t *from, void *to)
{
	struct raceway_volume_config *volume = to;
	char id[32], san[sizeof(volume->name)], file[sizeof(volume->name)];

	if (raceway_field_text(from, "name", true, volume->name, sizeof(volume->name), r->err) ||
	    raceway_field_text(from, "id", true, id, sizeof(id), r->err) ||
	    raceway_field_text(from, "dev", false, volume->dev, sizeof(volume->dev), r->err) ||
	    raceway_field_number(from, "size", false, 0, INT64_MAX, &volume->size, r->err))
		return -EINVAL;
	if (raceway_name_hex64(id, &volume->id))
		RACEWAY_PROBLEM(r, "volume", volume->name, "id is not %d hexadecimal digits",
				RACEWAY_VOLUME_ID_DIGITS);
	else if (raceway_name_split(volume->name, san, file, sizeof(san)))
		RACEWAY_PROBLEM(r, "volume", volume->name, "the name is not SAN/NAME");
	else if (!(volume->san = raceway_config_san(r->config, san)))
		RACEWAY_PROBLEM(r, "volume", volume->name, "san %s is not served", san);
	else if (!volume->size == !volume->dev[0])
		RACEWAY_PROBLEM(r, "volume", volume->name, "either size or dev is needed");
	else if (volume->size % BLOCK_BYTES)
		RACEWAY_PROBLEM(r, "volume", volume->name, "size is no multiple of %d",
				BLOCK_BYTES);
	else
		return 1;
	return 0;
}

static int read_portal(struct raceway_config_reading *r, const json_t *from, void *to)
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
		RACEWAY_PROBLEM(r, "portal", portal->name, "transport %s: only iscsi is served",
				transport);
		return 0;
	}
	return 1;
}

struct kind {
	const char *list;
	size_t bytes; /* of one */
	int (*read)(struct raceway_config_reading *r, const json_t *from, void *to);
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
	KIND("vhbas", raceway_vhba_config, vhbas, vhba_count, raceway_config_vhba),
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int read_kind(struct raceway_config_reading *r, const struct kind *kind,
		     const json_t *document)
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
		if (kind->read == raceway_config_vhba)
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
	struct raceway_config_reading r = { calloc(1, sizeof(*r.config)), problems, err };
	int ret;

	if (!r.config)
		return -ENOMEM;
	ret = raceway_field_text(document, "target", true, r.config->target,
				 sizeof(r.config->target), err);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !ret; i++)
		ret = read_kind(&r, &kinds[i], document);
	if (!ret)
		ret = raceway_config_initiators(&r);
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
