/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of pools and templates. Part of kinds.c, which includes it once. */
#ifndef RACEWAY_MODEL_KINDS_IDENTITY_H
#define RACEWAY_MODEL_KINDS_IDENTITY_H

static const struct raceway_attr pool_attrs[] = {
	{ .word = "type",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "mac", "wwpn", "wwnn" },
	  .flags = RACEWAY_ATTR_REQUIRED | RACEWAY_ATTR_CREATE_ONLY,
	  .help = "what it gives: addresses of vNICs, port names or node names of vHBAs" },
	{ .word = "from",
	  .type = RACEWAY_TYPE_IDENTITY,
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "first identity" },
	{ .word = "to",
	  .type = RACEWAY_TYPE_IDENTITY,
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "last identity; at most 16777216 in all" },
	{ .word = "reservations",
	  .type = RACEWAY_TYPE_IDENTITY,
	  .flags = RACEWAY_ATTR_LIST | RACEWAY_ATTR_DOCUMENT,
	  .help = "what it does not give (pool reserve, release)" },
	{ .word = "last",
	  .type = RACEWAY_TYPE_IDENTITY,
	  .flags = RACEWAY_ATTR_INTERNAL,
	  .help = "given last: the search for the next one begins behind it" },
	DESCRIPTION,
};

static const struct raceway_attr template_attrs[] = {
	{ .word = "updating",
	  .type = RACEWAY_TYPE_FLAG,
	  .help = "profiles made from it follow its changes, but for what was set on them" },
	{ .word = "initial",
	  .type = RACEWAY_TYPE_FLAG,
	  .help = "profiles made from it are copies (the default)" },
	DESCRIPTION,
};

#endif
