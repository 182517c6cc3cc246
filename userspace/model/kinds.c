/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables of all objects and words. What is understood but has no effect yet is in them too,
 * marked `later`, so that it is refused by name and stored nowhere. */
#include <raceway/limits.h>

#include "model/schema.h"
#include "model/storage.h"

#define BURST_MAX (1ULL << 32)
#define KIND(n, p, up, a, why, text)                                                               \
	{                                                                                          \
		.name = n, .plural = p, .parent = up, .attrs = a,                                  \
		.attr_count = sizeof(a) / sizeof((a)[0]), .later = why, .help = text               \
	}
/* What a template has of a kind. */
#define PATTERN(k, p, a)                                                                           \
	{                                                                                          \
		.name = "template-" k, .plural = p, .parent = "template", .attrs = a,              \
		.attr_count = sizeof(a) / sizeof((a)[0]), .of = k,                                 \
		.help = k " that profiles get from a template"                                     \
	}
#define OVERRIDES                                                                                  \
	{                                                                                          \
		.word = "overrides", .type = RACEWAY_TYPE_TEXT,                                    \
		.flags = RACEWAY_ATTR_LIST | RACEWAY_ATTR_INTERNAL | RACEWAY_ATTR_OWN |            \
			 RACEWAY_ATTR_TOLD,                                                        \
		.help = "words that were set on it itself and do not follow the template"          \
	}
#define DESCRIPTION                                                                                \
	{                                                                                          \
		.word = "description", .type = RACEWAY_TYPE_TEXT, .flags = RACEWAY_ATTR_ALONE,     \
		.help = "free text"                                                                \
	}

static const struct raceway_attr port_attrs[] = {
	{ .word = "dev",
	  .type = RACEWAY_TYPE_IFNAME,
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "the network interface" },
	{ .word = "role",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "uplink", "fabric" },
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "towards the LAN, or towards servers" },
	{ .word = "rate",
	  .type = RACEWAY_TYPE_RATE,
	  .help = "rate of what leaves; default 98 % of the link speed" },
	{ .word = "mode",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "native", "generic" },
	  .default_text = "native",
	  .help = "XDP in the driver, or on request the slow generic one" },
	{ .word = "attach",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "link", "libxdp" },
	  .default_text = "link",
	  .help = "alone on the port, or with other libxdp programs" },
	{ .word = "host",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "keep", "none" },
	  .help = "keep: the host goes on using the port; default keep in standalone, else none" },
	{ .word = "native-segment",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "segment",
	  .help = "segment of untagged frames on a fabric port" },
	{ .word = "trust",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "pcp", "dscp" },
	  .later = "not yet: DCB settings are not managed",
	  .help = "where the priority of a frame is read" },
	{ .word = "pfc",
	  .type = RACEWAY_TYPE_TEXT,
	  .later = "not yet: DCB settings are not managed",
	  .help = "priorities with lossless flow control" },
	{ .word = "ets",
	  .type = RACEWAY_TYPE_TEXT,
	  .later = "not yet: DCB settings are not managed",
	  .help = "share of the link per priority" },
	{ .word = "number",
	  .type = RACEWAY_TYPE_NUMBER,
	  .min = 1,
	  .max = RACEWAY_PORT_MAX,
	  .flags = RACEWAY_ATTR_ASSIGNED | RACEWAY_ATTR_INTERNAL,
	  .help = "number in the maps" },
	DESCRIPTION,
};

static const struct raceway_attr segment_attrs[] = {
	{ .word = "number",
	  .type = RACEWAY_TYPE_NUMBER,
	  .min = 1,
	  .max = RACEWAY_SEGMENT_MAX,
	  .flags = RACEWAY_ATTR_ASSIGNED,
	  .help = "its VLAN on fabric links; default the lowest free one, then kept" },
	{ .word = "uplink",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "port",
	  .help = "port towards the LAN; without one the segment is private" },
	{ .word = "vlan",
	  .type = RACEWAY_TYPE_NUMBER,
	  .min = 1,
	  .max = 4094,
	  .help = "its VLAN on the uplink; default untagged" },
	{ .word = "untagged", .type = RACEWAY_TYPE_FLAG, .help = "no tag on the uplink" },
	{ .word = "switching",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "veb", "vepa", "private" },
	  .default_text = "veb",
	  .help = "between its vNICs: inside, by the external switch, or not" },
	DESCRIPTION,
};

static const struct raceway_attr server_attrs[] = {
	{ .word = "port",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "port",
	  .flags = RACEWAY_ATTR_LIST,
	  .help = "fabric port it is wired to; one" },
	DESCRIPTION,
};

static const struct raceway_attr profile_attrs[] = {
	{ .word = "from",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "template",
	  .help = "template it is made from; an updating one is followed" },
	{ .word = "server",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "server",
	  .help = "where it is bound (profile bind, unbind)" },
	DESCRIPTION,
};

static const struct raceway_attr vnic_attrs[] = {
	{ .word = "segment",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "segment",
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "the segment it is in" },
	{ .word = "mac",
	  .type = RACEWAY_TYPE_MAC,
	  .flags = RACEWAY_ATTR_ASSIGNED | RACEWAY_ATTR_OWN,
	  .help = "its address; default one of its pool, else one made from its name" },
	{ .word = "pool",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "pool",
	  .help = "pool of type mac that its address comes from" },
	{ .word = "mtu",
	  .type = RACEWAY_TYPE_NUMBER,
	  .min = RACEWAY_MTU_MIN,
	  .max = RACEWAY_MTU_MAX,
	  .default_text = "1500",
	  .help = "largest payload of a frame" },
	{ .word = "ifname",
	  .type = RACEWAY_TYPE_IFNAME,
	  .flags = RACEWAY_ATTR_OWN,
	  .help = "name of the netdev; default the vNIC's with netns, else PROFILE-NAME" },
	{ .word = "netns",
	  .type = RACEWAY_TYPE_NAME,
	  .flags = RACEWAY_ATTR_OWN,
	  .help = "network namespace of the netdev, a name under /run/netns" },
	{ .word = "kind",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "veth", "tap", "vf" },
	  .later_choices = { "tap", "vf" },
	  .default_text = "veth",
	  .help = "what the netdev is" },
	{ .word = "tx-cir",
	  .type = RACEWAY_TYPE_RATE,
	  .default_text = "0",
	  .help = "guaranteed rate of what the server sends" },
	{ .word = "tx-pir",
	  .type = RACEWAY_TYPE_RATE,
	  .flags = RACEWAY_ATTR_ALONE,
	  .help = "peak rate of what the server sends; default no limit" },
	{ .word = "tx-cbs",
	  .type = RACEWAY_TYPE_SIZE,
	  .min = 1,
	  .max = BURST_MAX,
	  .flags = RACEWAY_ATTR_ALONE,
	  .help = "burst within the guarantee; default from the rate" },
	{ .word = "tx-pbs",
	  .type = RACEWAY_TYPE_SIZE,
	  .min = 1,
	  .max = BURST_MAX,
	  .flags = RACEWAY_ATTR_ALONE,
	  .help = "burst within the peak rate; default from the rate" },
	{ .word = "rx-cir",
	  .type = RACEWAY_TYPE_RATE,
	  .default_text = "0",
	  .help = "guaranteed rate of what the server receives" },
	{ .word = "rx-pir",
	  .type = RACEWAY_TYPE_RATE,
	  .flags = RACEWAY_ATTR_ALONE,
	  .help = "peak rate of what the server receives; default no limit" },
	{ .word = "rx-cbs",
	  .type = RACEWAY_TYPE_SIZE,
	  .min = 1,
	  .max = BURST_MAX,
	  .flags = RACEWAY_ATTR_ALONE,
	  .help = "burst within the guarantee; default from the rate" },
	{ .word = "rx-pbs",
	  .type = RACEWAY_TYPE_SIZE,
	  .min = 1,
	  .max = BURST_MAX,
	  .flags = RACEWAY_ATTR_ALONE,
	  .help = "burst within the peak rate; default from the rate" },
	{ .word = "weight",
	  .type = RACEWAY_TYPE_NUMBER,
	  .min = 1,
	  .max = RACEWAY_WEIGHT_MAX,
	  .default_text = "1",
	  .flags = RACEWAY_ATTR_ALONE,
	  .help = "share of what guarantees leave unused, beside the others' weights" },
	{ .word = "acl",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "acl",
	  .later = "not yet: there are no access lists",
	  .help = "access list" },
	{ .word = "class",
	  .type = RACEWAY_TYPE_NUMBER,
	  .min = 0,
	  .max = RACEWAY_CLASSES - 1,
	  .default_text = "0",
	  .flags = RACEWAY_ATTR_ALONE,
	  .help = "priority of its frames on links" },
	{ .word = "spoofcheck",
	  .type = RACEWAY_TYPE_ONOFF,
	  .default_text = "on",
	  .help = "only its own MAC as source" },
	{ .word = "trunk",
	  .type = RACEWAY_TYPE_ONOFF,
	  .default_text = "off",
	  .help = "its frames may carry a further VLAN tag" },
	{ .word = "rdma",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "on", "off", "partition" },
	  .later = "not yet: RoCE is neither guarded nor partitioned",
	  .help = "RoCE of this vNIC" },
	{ .word = "state",
	  .type = RACEWAY_TYPE_CHOICE,
	  .choices = { "up", "down" },
	  .default_text = "up",
	  .flags = RACEWAY_ATTR_ALONE,
	  .help = "whether frames pass" },
	{ .word = "number",
	  .type = RACEWAY_TYPE_NUMBER,
	  .min = 1,
	  .max = RACEWAY_VNICS_MAX - 1,
	  .flags = RACEWAY_ATTR_ASSIGNED | RACEWAY_ATTR_INTERNAL | RACEWAY_ATTR_OWN,
	  .help = "number in the maps" },
	OVERRIDES,
	DESCRIPTION,
};

#include "model/kinds_identity.h"
#include "model/kinds_later.h"
#include "model/kinds_storage.h"

/* In the order of a document, so that what is referred to mostly comes before what refers. */
const struct raceway_kind raceway_kinds[] = {
	KIND("port", "ports", NULL, port_attrs, NULL,
	     "attach point towards the LAN or towards servers"),
	KIND("segment", "segments", NULL, segment_attrs, NULL,
	     "broadcast domain: a VLAN of an uplink, or private"),
	KIND("server", "servers", NULL, server_attrs, NULL,
	     "machine that profiles are bound to; local is this one"),
	KIND("pool", "pools", NULL, pool_attrs, NULL, "range of identities, each given out once"),
	KIND("acl", "acls", NULL, acl_attrs, "not yet: there are no access lists",
	     "access list of vNICs"),
	KIND("san", "sans", NULL, san_attrs, NULL, "storage that vHBAs reach"),
	KIND("volume", "volumes", "san", volume_attrs, NULL, "block device of a SAN"),
	KIND("portal", "portals", NULL, portal_attrs, NULL,
	     "address under which storage is served"),
	KIND("partition", "partitions", NULL, partition_attrs,
	     "not yet: RoCE is neither guarded nor partitioned",
	     "set of vNICs that may speak RDMA to each other"),
	KIND("template", "templates", NULL, template_attrs, NULL, "what profiles are made from"),
	KIND("profile", "profiles", NULL, profile_attrs, NULL, "the I/O of a server or guest"),
	KIND("vnic", "vnics", "profile", vnic_attrs, NULL, "virtual NIC of a profile"),
	KIND("vhba", "vhbas", "profile", vhba_attrs, NULL, "virtual HBA of a profile"),
	KIND("gid", "gids", NULL, gid_attrs, "not yet: there is no GID table",
	     "MAC of an RDMA address"),
	PATTERN("vnic", "vnics", vnic_attrs),
	PATTERN("vhba", "vhbas", vhba_attrs),
};
const size_t raceway_kind_count = sizeof(raceway_kinds) / sizeof(raceway_kinds[0]);
const size_t raceway_kind_known = sizeof(raceway_kinds) / sizeof(raceway_kinds[0]) - 2;
