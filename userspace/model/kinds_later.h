/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of the kinds that have no effect yet: known, and refused as a whole.
 * Part of kinds.c, which includes it once. */
#ifndef RACEWAY_MODEL_KINDS_LATER_H
#define RACEWAY_MODEL_KINDS_LATER_H

static const struct raceway_attr acl_attrs[] = {
	{ .word = "default",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "permit", "deny" },
	  .help = "what no rule matches" },
	DESCRIPTION,
};

static const struct raceway_attr partition_attrs[] = {
	{ .word = "pkey",
	  .type = RACEWAY_TYPE_NUMBER,
	  .min = 0,
	  .max = 0xffff,
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "partition key" },
	DESCRIPTION,
};

static const struct raceway_attr gid_attrs[] = {
	{ .word = "mac",
	  .type = RACEWAY_TYPE_MAC,
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "MAC of the GID" },
	{ .word = "segment",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "segment",
	  .help = "segment it is in" },
	DESCRIPTION,
};

#endif
