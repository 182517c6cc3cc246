/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finding kinds and attributes in the tables, and what a name is. */
#include "model/schema.h"

#include <ctype.h>
#include <net/if.h>
#include <string.h>

#define NAME_MAX_LENGTH 63

const struct raceway_kind *raceway_kind_find(const char *name)
{
	for (size_t i = 0; i < raceway_kind_count; i++) {
		if (strcmp(raceway_kinds[i].name, name) == 0 ||
		    strcmp(raceway_kinds[i].plural, name) == 0)
			return &raceway_kinds[i];
	}
	return NULL;
}

const struct raceway_kind *raceway_kind_pattern(const struct raceway_kind *kind)
{
	for (size_t i = raceway_kind_known; i < raceway_kind_count; i++)
		if (strcmp(raceway_kinds[i].of, kind->name) == 0)
			return &raceway_kinds[i];
	return NULL;
}

const char *raceway_kind_word(const struct raceway_kind *kind)
{
	return kind->of ? kind->of : kind->name;
}

bool raceway_kind_nested(const struct raceway_kind *kind)
{
	return kind->parent && (kind->of || raceway_kind_pattern(kind));
}

/* "tx_cir" and "tx-cir" are the same word. */
static bool same_word(const char *word, const char *text)
{
	for (; *word && *text; word++, text++) {
		if (*word != *text && !(*word == '-' && *text == '_'))
			return false;
	}
	return *word == *text;
}

const struct raceway_attr *raceway_attr_find(const struct raceway_kind *kind, const char *word)
{
	for (size_t i = 0; i < kind->attr_count; i++) {
		if (same_word(kind->attrs[i].word, word))
			return kind->of && (kind->attrs[i].flags & RACEWAY_ATTR_OWN)
				       ? NULL
				       : &kind->attrs[i];
	}
	return NULL;
}

/* For every value of every object, in each change: no format is parsed. */
char *raceway_attr_key(const struct raceway_attr *attr, char *buf, size_t size)
{
	size_t i = 0;

	for (; attr->word[i] && i + 1 < size; i++)
		buf[i] = attr->word[i] == '-' ? '_' : attr->word[i];
	buf[i] = '\0';
	return buf;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One name of `length` characters, not yet ended by 0. */
static bool part_valid(const char *name, size_t length)
{
	if (length < 1 || length > NAME_MAX_LENGTH || !is_alnum(name[0]))
		return false;
	for (size_t i = 1; i < length; i++) {
		if (!is_alnum(name[i]) && !strchr("._-", name[i]))
			return false;
	}
	return true;
}

bool raceway_name_valid(const struct raceway_kind *kind, const char *name)
{
	const char *slash = strchr(name, '/');

	if (!kind || !kind->parent)
		return part_valid(name, strlen(name));
	return slash && part_valid(name, (size_t)(slash - name)) &&
	       part_valid(slash + 1, strlen(slash + 1));
}

bool raceway_ifname_valid(const char *name)
{
	size_t length = strlen(name);

	if (length < 1 || length >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++) {
		/* '%' makes the kernel number the name itself */
		if (!isgraph((unsigned char)*name) || strchr("/:%", *name))
			return false;
	}
	return true;
}
