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

static const struct raceway_attr san_attrs[] = {
	{ .word = "type",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "pool", "iscsi", "fc", "null" },
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "where the storage is" },
	{ .word = "path", .type = RACEWAY_TYPE_TEXT, .help = "directory of a pool" },
	{ .word = "portal", .type = RACEWAY_TYPE_TEXT, .help = "address of an iSCSI array" },
	{ .word = "target", .type = RACEWAY_TYPE_TEXT, .help = "target name of an iSCSI array" },
	{ .word = "host", .type = RACEWAY_TYPE_TEXT, .help = "fc_host of the SAN" },
	DESCRIPTION,
};

static const struct raceway_attr volume_attrs[] = {
	{ .word = "size", .type = RACEWAY_TYPE_SIZE, .help = "size of a new volume" },
	{ .word = "dev", .type = RACEWAY_TYPE_TEXT, .help = "existing block device" },
	DESCRIPTION,
};

static const struct raceway_attr portal_attrs[] = {
	{ .word = "address",
	  .type = RACEWAY_TYPE_TEXT,
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "IP address and port" },
	{ .word = "transport",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "iscsi", "iser", "srp" },
	  .help = "protocol" },
	{ .word = "segment",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "segment",
	  .help = "segment it is in" },
	{ .word = "mac", .type = RACEWAY_TYPE_MAC, .help = "its address there" },
	{ .word = "netns", .type = RACEWAY_TYPE_NAME, .help = "or the namespace it is in" },
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

static const struct raceway_attr template_attrs[] = {
	{ .word = "updating", .type = RACEWAY_TYPE_FLAG, .help = "profiles follow its changes" },
	{ .word = "initial", .type = RACEWAY_TYPE_FLAG, .help = "profiles are made from it once" },
	DESCRIPTION,
};

static const struct raceway_attr vhba_attrs[] = {
	{ .word = "san",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "san",
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "SAN it is on" },
	{ .word = "wwpn",
	  .type = RACEWAY_TYPE_TEXT,
	  .flags = RACEWAY_ATTR_ASSIGNED,
	  .help = "its port name" },
	{ .word = "pool",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "pool",
	  .help = "pool that the port name comes from" },
	{ .word = "wwnn", .type = RACEWAY_TYPE_TEXT, .help = "its node name" },
	{ .word = "initiator", .type = RACEWAY_TYPE_TEXT, .help = "iSCSI name of the initiator" },
	{ .word = "transport",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "iscsi", "iser", "srp" },
	  .help = "protocol" },
	{ .word = "auth",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "chap", "location", "none" },
	  .help = "how a session proves whose it is" },
	{ .word = "chap", .type = RACEWAY_TYPE_TEXT, .help = "CHAP user of the initiator" },
	{ .word = "secret-file", .type = RACEWAY_TYPE_TEXT, .help = "file with the CHAP secret" },
	{ .word = "mutual-chap", .type = RACEWAY_TYPE_TEXT, .help = "CHAP user of the target" },
	{ .word = "cir", .type = RACEWAY_TYPE_RATE, .help = "guaranteed bandwidth" },
	{ .word = "pir", .type = RACEWAY_TYPE_RATE, .help = "peak bandwidth" },
	{ .word = "iops-cir",
	  .type = RACEWAY_TYPE_NUMBER,
	  .help = "guaranteed operations per second" },
	{ .word = "iops-pir", .type = RACEWAY_TYPE_NUMBER, .help = "peak operations per second" },
	{ .word = "weight", .type = RACEWAY_TYPE_NUMBER, .help = "share of what is unused" },
	DESCRIPTION,
};

static const struct raceway_attr pool_attrs[] = {
	{ .word = "type",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "mac", "wwpn", "wwnn" },
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "kind of identity" },
	{ .word = "from",
	  .type = RACEWAY_TYPE_TEXT,
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "first identity" },
	{ .word = "to",
	  .type = RACEWAY_TYPE_TEXT,
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "last identity" },
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
