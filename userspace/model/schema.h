/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The objects of Raceway as tables: one list of kinds and attributes from which the command
 * line, JSON, YAML, validation, help, completion and manual pages all come. */
#ifndef RACEWAY_MODEL_SCHEMA_H
#define RACEWAY_MODEL_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* In a normalised document: rates, sizes, times, numbers are JSON integers (bit/s, bytes, ns);
 * on|off is a boolean; everything else a string in its canonical form. */
enum raceway_type {
	RACEWAY_TYPE_TEXT,   /* no control characters, at most 255 bytes */
	RACEWAY_TYPE_NAME,   /* 1-63 of A-Z a-z 0-9 . _ - , starting with a letter or digit */
	RACEWAY_TYPE_IFNAME, /* 1-15, what the kernel takes as an interface's name */
	RACEWAY_TYPE_NUMBER,
	RACEWAY_TYPE_RATE,
	RACEWAY_TYPE_SIZE,
	RACEWAY_TYPE_TIME,
	RACEWAY_TYPE_ONOFF,
	RACEWAY_TYPE_MAC, /* lower case, unicast, not zero */
	RACEWAY_TYPE_CHOICE,
	RACEWAY_TYPE_REF,      /* name of an object of kind `ref` */
	RACEWAY_TYPE_FLAG,     /* a bare word without value (`untagged`): true */
	RACEWAY_TYPE_PATH,     /* absolute, without a slash at its end */
	RACEWAY_TYPE_WWN,      /* 16 hexadecimal digits in lower case, not zero */
	RACEWAY_TYPE_ISCSI,    /* an iSCSI name in lower case */
	RACEWAY_TYPE_ADDRESS,  /* IP:PORT of a station, IPv6 in brackets */
	RACEWAY_TYPE_LUNS,     /* array of {"lun", "volume", "ro", "shared"} by number; no word */
	RACEWAY_TYPE_IDENTITY, /* what MAC or WWN takes, in the form of the one that it is */
};

#define RACEWAY_ATTR_REQUIRED (1U << 0)
#define RACEWAY_ATTR_ASSIGNED (1U << 1)	   /* given by Raceway when absent, and kept */
#define RACEWAY_ATTR_CREATE_ONLY (1U << 2) /* `set` refuses it: delete and add anew */
#define RACEWAY_ATTR_INTERNAL (1U << 3)	   /* kept in the store, neither input nor exported */
/* A list of values of the type: a JSON array of at least one, in the given order. On the command
 * line the word may come several times, each parses to an array of what it names ("a" or "a,b"),
 * and the arrays are joined. */
#define RACEWAY_ATTR_LIST (1U << 4)
#define RACEWAY_ATTR_DOCUMENT (1U << 5) /* in documents and the API only: no word of add or set */
#define RACEWAY_ATTR_OWN (1U << 6)	/* of one object alone: a template's member has it not */
#define RACEWAY_ATTR_TOLD (1U << 7)	/* INTERNAL, but a difference all the same */

#define RACEWAY_ATTR_ALONE (1U << 8) /* no rule reads it beside another object's words */

struct raceway_attr {
	const char *word; /* as on the command line: "tx-cir"; JSON: "tx_cir" */
	enum raceway_type type;
	uint64_t min, max;	      /* NUMBER, RATE, SIZE, TIME; 0, 0: the type's own range */
	const char *choices[8];	      /* CHOICE, NULL-terminated */
	const char *later_choices[4]; /* choices that are refused with status 3 */
	const char *ref;	      /* REF, LUNS: the kind's name */
	const char *default_text;     /* default as the user would write it; NULL: absent */
	unsigned int flags;	      /* RACEWAY_ATTR_* */
	const char *later;	      /* not NULL: refused with status 3; why, in words */
	const char *help;	      /* one line */
	const char *after, *as;	      /* directly behind the word `after` it may be said as `as` */
};

struct raceway_kind {
	const char *name;   /* "vnic" */
	const char *plural; /* "vnics": JSON key and API path */
	const char *parent; /* "profile": names are PARENT/NAME, document nested; else NULL */
	const struct raceway_attr *attrs;
	size_t attr_count;
	const char *later; /* not NULL: the whole kind is refused with status 3 */
	const char *help;
	const char *of; /* "vnic": what templates have of that kind, before people called by its
			 * name; it shares the attributes, those with OWN left out */
};

extern const struct raceway_kind raceway_kinds[];
extern const size_t raceway_kind_count;
/* The first so many are known to people; the others have `of`. */
extern const size_t raceway_kind_known;

/* What the kernel takes as an interface's name, and no pattern. */
bool raceway_ifname_valid(const char *name);
/* A name as RACEWAY_TYPE_NAME has it; a nested kind's is PARENT/NAME. */
bool raceway_name_valid(const struct raceway_kind *kind, const char *name);

/* By name or plural; NULL if there is none. */
const struct raceway_kind *raceway_kind_find(const char *name);
/* The kind that templates have in place of this one; NULL: their members are of no such kind. */
const struct raceway_kind *raceway_kind_pattern(const struct raceway_kind *kind);
/* What people call it: "vnic" whether of a profile or of a template. */
const char *raceway_kind_word(const struct raceway_kind *kind);
/* Whether its objects stand in the lists of their parents: those of profiles and templates. */
bool raceway_kind_nested(const struct raceway_kind *kind);
/* By word ("tx-cir") or JSON key ("tx_cir"); NULL if there is none. */
const struct raceway_attr *raceway_attr_find(const struct raceway_kind *kind, const char *word);
/* "tx-cir" -> "tx_cir". Returns buf. */
char *raceway_attr_key(const struct raceway_attr *attr, char *buf, size_t size);

/* A word of the command line to a normalised JSON value (a new reference). `text` is NULL for
 * RACEWAY_TYPE_FLAG. Only the syntax is judged (SYNTAX), so that `vlan x` exits with 2, and a
 * choice that is none; one that comes later is CANNOT. Ranges, names and texts are
 * raceway_value_check()'s. */
int raceway_value_parse(const struct raceway_attr *attr, const char *object, const char *text,
			json_t **ret_value, struct raceway_error *err);
/* A JSON value from a document or the API, where numbers may be strings with units, to its
 * normalised form, ranges and choices included (INVALID), later ones CANNOT. SYNTAX if it is of
 * the wrong type. */
int raceway_value_check(const struct raceway_attr *attr, const char *object, const json_t *value,
			json_t **ret_value, struct raceway_error *err);

#endif
