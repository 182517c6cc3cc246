/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values of the storage objects: port names, iSCSI names, addresses, paths, lists of LUNs. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"
#include "model/storage.h"
#include "util/units.h"

json_t *raceway_value_name(enum raceway_type type, const char *text)
{
	char name[RACEWAY_ISCSI_NAME_TEXT];
	struct raceway_address address;
	size_t length = strlen(text);
	uint8_t mac[6];
	uint64_t wwn;
	int r;

	switch (type) {
	case RACEWAY_TYPE_IDENTITY:
		if (raceway_parse_mac(text, mac) == 0)
			return json_string(raceway_format_mac(mac, name));
		/* fall through */
	case RACEWAY_TYPE_WWN:
		return raceway_parse_wwn(text, &wwn) ? NULL
						     : json_string(raceway_format_wwn(wwn, name));
	case RACEWAY_TYPE_ISCSI:
		return raceway_parse_iscsi_name(text, name) ? NULL : json_string(name);
	case RACEWAY_TYPE_ADDRESS:
		r = raceway_parse_address(text, RACEWAY_ISCSI_PORT, &address);
		if (r == -ERANGE) /* for the range check to say */
			return json_string(text);
		return r ? NULL : json_string(raceway_format_address(&address, name));
	default:
		while (length > 1 && text[length - 1] == '/')
			length--;
		return json_stringn(text, length);
	}
}

/* Whether a host can have it. */
static bool is_station(const struct raceway_address *address)
{
	const struct in6_addr *six = &((const struct sockaddr_in6 *)&address->to)->sin6_addr;
	uint32_t four = ntohl(((const struct sockaddr_in *)&address->to)->sin_addr.s_addr);

	if (address->to.ss_family == AF_INET6)
		return !IN6_IS_ADDR_UNSPECIFIED(six) && !IN6_IS_ADDR_MULTICAST(six) &&
		       !IN6_IS_ADDR_V4MAPPED(six);
	return four >> 24 != 0 && !IN_MULTICAST(four) && !IN_BADCLASS(four);
}

static int check_address(const struct raceway_attr *attr, const char *object, const char *text,
			 struct raceway_error *err)
{
	struct raceway_address address;

	if (raceway_parse_address(text, RACEWAY_ISCSI_PORT, &address) < 0)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%s %s: the port is out of range, 1 to 65535", attr->word,
					 text);
	if (!is_station(&address))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%s %s is not that of one station; initiators are told to "
					 "come to it",
					 attr->word, text);
	return 0;
}

int raceway_value_check_name(const struct raceway_attr *attr, const char *object, const char *text,
			     struct raceway_error *err)
{
	if ((attr->type == RACEWAY_TYPE_WWN || attr->type == RACEWAY_TYPE_IDENTITY) &&
	    strspn(text, "0") == strlen(text))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%s %s is no name of a port or node", attr->word, text);
	if (attr->type == RACEWAY_TYPE_ADDRESS)
		return check_address(attr, object, text, err);
	if (attr->type == RACEWAY_TYPE_PATH && text[0] != '/')
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%s %.100s must be absolute, beginning with /", attr->word,
					 text);
	return 0;
}

/* --- LUNs --- */

struct lun {
	const struct raceway_attr *attr;
	const char *object;
	struct raceway_error *err;
};

static int fail(const struct lun *l, enum raceway_fault fault, const char *field, const char *what)
{
	return raceway_error_set(l->err, fault, l->object, field, "%s: %s", l->attr->word, what);
}

static int take_number(const struct lun *l, const json_t *value, json_t *out)
{
	static const struct raceway_attr number = {
		.word = "lun", .type = RACEWAY_TYPE_NUMBER, .min = 0, .max = RACEWAY_VHBA_LUN_MAX
	};
	json_t *normal = NULL;
	int r;

	if (!value)
		return fail(l, RACEWAY_FAULT_INVALID, "lun", "lun is missing");
	r = raceway_value_check(&number, l->object, value, &normal, l->err);
	if (r < 0)
		return r;
	json_object_set_new(out, "lun", normal);
	return 0;
}

static int take_volume(const struct lun *l, const json_t *value, json_t *out)
{
	const char *text = json_string_value(value);

	if (!value)
		return fail(l, RACEWAY_FAULT_INVALID, "volume", "volume is missing");
	if (!text || strlen(text) != json_string_length(value) ||
	    !raceway_name_valid(raceway_kind_find(l->attr->ref), text))
		return fail(l, RACEWAY_FAULT_INVALID, "volume",
			    "volume is no name of one: that is SAN/NAME");
	json_object_set_new(out, "volume", json_string(text));
	return 0;
}

static int take_flag(const struct lun *l, const char *key, const json_t *value, json_t *out)
{
	if (value && !json_is_boolean(value) && !json_is_null(value))
		return raceway_error_set(l->err, RACEWAY_FAULT_SYNTAX, l->object, key,
					 "%s: %s must be true or false", l->attr->word, key);
	if (json_is_true(value))
		json_object_set_new(out, key, json_true());
	return 0;
}

static int take_lun(const struct lun *l, const json_t *item, json_t **ret_out)
{
	json_auto_t *out = json_object();
	const char *key;
	json_t *value;
	int r;

	if (!json_is_object(item))
		return fail(l, RACEWAY_FAULT_SYNTAX, "luns",
			    "each must be an object with lun and volume");
	json_object_foreach ((json_t *)item, key, value)
		if (strcmp(key, "lun") && strcmp(key, "volume") && strcmp(key, "ro") &&
		    strcmp(key, "shared"))
			return raceway_error_set(l->err, RACEWAY_FAULT_SYNTAX, l->object, key,
						 "\"%.40s\" is no word of a LUN; there are: lun "
						 "volume ro shared",
						 key);
	r = take_number(l, json_object_get(item, "lun"), out);
	if (r == 0)
		r = take_volume(l, json_object_get(item, "volume"), out);
	if (r == 0)
		r = take_flag(l, "ro", json_object_get(item, "ro"), out);
	if (r == 0)
		r = take_flag(l, "shared", json_object_get(item, "shared"), out);
	if (r == 0)
		*ret_out = json_incref(out);
	return r;
}

static json_int_t number_of(const json_t *lun)
{
	return json_integer_value(json_object_get(lun, "lun"));
}

/* Where `lun` belongs in the sorted list; -EEXIST if its number or volume is there. */
static int find_place(const struct lun *l, const json_t *list, const json_t *lun, size_t *ret_place)
{
	const json_t *volume = json_object_get(lun, "volume");
	size_t place = json_array_size(list), i;
	json_t *other;

	json_array_foreach (list, i, other) {
		if (number_of(other) == number_of(lun))
			return raceway_error_set(
				l->err, RACEWAY_FAULT_REFUSED, l->object, "lun",
				"lun %lld is already volume %s", (long long)number_of(lun),
				json_string_value(json_object_get(other, "volume")));
		if (json_equal(json_object_get(other, "volume"), volume))
			return raceway_error_set(l->err, RACEWAY_FAULT_REFUSED, l->object, "volume",
						 "volume %s is already lun %lld",
						 json_string_value(volume),
						 (long long)number_of(other));
		if (number_of(other) > number_of(lun) && place > i)
			place = i;
	}
	*ret_place = place;
	return 0;
}

int raceway_value_luns(const struct raceway_attr *attr, const char *object, const json_t *value,
		       json_t **ret_value, struct raceway_error *err)
{
	const struct lun l = { .attr = attr, .object = object, .err = err };
	json_auto_t *list = json_array();
	json_t *item;
	size_t i, place = 0;

	if (!json_is_array(value))
		return fail(&l, RACEWAY_FAULT_SYNTAX, "luns", "must be a list of LUNs");
	if (json_array_size(value) > RACEWAY_VHBA_LUNS)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%zu LUNs are too many for one vHBA, %d are possible",
					 json_array_size(value), RACEWAY_VHBA_LUNS);
	json_array_foreach (value, i, item) {
		json_t *lun = NULL;
		int r = take_lun(&l, item, &lun);

		if (r < 0)
			return r;
		r = find_place(&l, list, lun, &place);
		if (r < 0) {
			json_decref(lun);
			return r;
		}
		json_array_insert_new(list, place, lun);
	}
	*ret_value = json_incref(list);
	return 0;
}

void raceway_luns_format(const json_t *luns, char *buf, size_t size)
{
	size_t used = 0, i;
	json_t *lun;

	snprintf(buf, size, "none");
	json_array_foreach (luns, i, lun) {
		used += (size_t)snprintf(buf + used, size - used, "%s%lld %s%s%s", i ? ", " : "",
					 (long long)number_of(lun),
					 json_string_value(json_object_get(lun, "volume")),
					 json_object_get(lun, "ro") ? " ro" : "",
					 json_object_get(lun, "shared") ? " shared" : "");
		if (used >= size)
			return;
	}
}
