/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What there may be only one of: devices, VLANs of an uplink, segment numbers, MACs of a
 * segment, names of guest ends in a namespace. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/check.h"
#include "util/cleanup.h"
#include "util/units.h"

static int compare_keys(const void *a, const void *b)
{
	const struct raceway_check_key *one = a, *two = b;

	if (one->key != two->key)
		return one->key < two->key ? -1 : 1;
	for (int i = 0; i < 2; i++) {
		int order =
			strcmp(one->text[i] ? one->text[i] : "", two->text[i] ? two->text[i] : "");

		if (order)
			return order;
	}
	return 0;
}

/* Equal keys: those that stayed as they were first, then by name. */
static int compare(const void *a, const void *b)
{
	const struct raceway_check_key *one = a, *two = b;
	int order = compare_keys(a, b);

	if (order)
		return order;
	if (one->touched != two->touched)
		return one->touched ? 1 : -1;
	return one->index < two->index ? -1 : one->index > two->index;
}

void raceway_check_sort(struct raceway_check_key *keys, size_t count)
{
	qsort(keys, count, sizeof(*keys), compare);
}

bool raceway_check_duplicate(struct raceway_check_key *keys, size_t count,
			     const struct raceway_check_key **ret_one,
			     const struct raceway_check_key **ret_two)
{
	raceway_check_sort(keys, count);
	for (size_t i = 1; i < count; i++) {
		if (compare_keys(&keys[i - 1], &keys[i]) == 0) {
			*ret_one = &keys[i - 1];
			*ret_two = &keys[i];
			return true;
		}
	}
	return false;
}

static int unique_devs(struct raceway_check *c, struct raceway_check_key *keys)
{
	const struct raceway_check_key *one, *two;

	for (size_t i = 0; i < c->port_count; i++)
		keys[i] = (struct raceway_check_key){ .text = { c->ports[i].dev },
						      .index = i,
						      .touched = c->ports[i].touched };
	if (!raceway_check_duplicate(keys, c->port_count, &one, &two))
		return 0;
	return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, port, c->ports[two->index].name, "dev",
				  "dev %s is already that of port %s", two->text[0],
				  c->ports[one->index].name);
}

static int unique_numbers(struct raceway_check *c, struct raceway_check_key *keys)
{
	const struct raceway_check_key *one, *two;

	for (size_t i = 0; i < c->segment_count; i++)
		keys[i] = (struct raceway_check_key){ .key = c->segments[i].number,
						      .index = i,
						      .touched = c->segments[i].touched };
	if (!raceway_check_duplicate(keys, c->segment_count, &one, &two))
		return 0;
	return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, segment, c->segments[two->index].name,
				  "number", "number %u is already that of segment %s",
				  c->segments[two->index].number, c->segments[one->index].name);
}

/* Untagged is VLAN 0. */
static int unique_vlans(struct raceway_check *c, struct raceway_check_key *keys)
{
	const struct raceway_check_key *one, *two;
	const struct raceway_check_segment *s;
	char vlan[16] = "untagged";
	size_t count = 0;

	for (size_t i = 0; i < c->segment_count; i++) {
		s = &c->segments[i];
		if (s->uplink)
			keys[count++] = (struct raceway_check_key){ .key = s->vlan,
								    .text = { s->uplink->name },
								    .index = i,
								    .touched = s->touched };
	}
	if (!raceway_check_duplicate(keys, count, &one, &two))
		return 0;
	s = &c->segments[two->index];
	if (s->vlan)
		snprintf(vlan, sizeof(vlan), "vlan %u", s->vlan);
	return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, segment, s->name,
				  s->vlan ? "vlan" : "untagged",
				  "%s of uplink %s is already segment %s", vlan, s->uplink->name,
				  c->segments[one->index].name);
}

static int unique_macs(struct raceway_check *c, struct raceway_check_key *keys)
{
	const struct raceway_check_key *one, *two;

	for (size_t i = 0; i < c->vnic_count; i++) {
		const struct raceway_check_vnic *v = &c->vnics[i];

		keys[i] = (struct raceway_check_key){ .key = v->segment->number,
						      .text = { raceway_model_text(c->vnic, v->doc,
										   "mac") },
						      .index = i,
						      .touched = v->moved };
	}
	if (!raceway_check_duplicate(keys, c->vnic_count, &one, &two))
		return 0;
	return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, vnic, c->vnics[two->index].name, "mac",
				  "mac %s is already that of vnic %s in segment %s", two->text[0],
				  c->vnics[one->index].name, c->vnics[two->index].segment->name);
}

/* Whether the kernel could not tell a guest end in the daemon's own namespace from a host end. */
static bool is_host_end(const char *ifname)
{
	return strncmp(ifname, "rw", 2) == 0 && ifname[2] &&
	       ifname[2 + strspn(ifname + 2, "0123456789")] == '\0';
}

/* The name of a local vNIC's guest end: given, the vNIC's own in a namespace, PROFILE-NAME. */
static int guest_end(struct raceway_check *c, const struct raceway_check_vnic *v, const char *netns,
		     char ifname[RACEWAY_MODEL_NAME])
{
	const char *given = raceway_model_text(c->vnic, v->doc, "ifname");

	snprintf(ifname, RACEWAY_MODEL_NAME, "%s",
		 given	 ? given
		 : netns ? strchr(v->name, '/') + 1
			 : v->name);
	if (!given && !netns)
		*strchr(ifname, '/') = '-';
	if (strlen(ifname) >= IFNAMSIZ)
		return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_INVALID, vnic, v->name, "ifname",
					  "its interface would be called %s, longer than %d "
					  "characters; give a shorter ifname",
					  ifname, IFNAMSIZ - 1);
	if (!netns && is_host_end(ifname))
		return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, vnic, v->name, "ifname",
					  "ifname %s is how the host ends of vNICs are called; "
					  "give another",
					  ifname);
	for (size_t i = 0; !netns && i < c->port_count; i++) {
		if (strcmp(c->ports[i].dev, ifname) == 0)
			return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, vnic, v->name, "ifname",
						  "ifname %s is taken by port %s; give another",
						  ifname, c->ports[i].name);
	}
	return 0;
}

static int unique_guest_ends(struct raceway_check *c, struct raceway_check_key *keys)
{
	RACEWAY_FREE char(*names)[RACEWAY_MODEL_NAME] = calloc(c->vnic_count + 1, sizeof(*names));
	const struct raceway_check_key *one, *two;
	size_t count = 0;

	if (!names)
		return raceway_error_set(c->err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	for (size_t i = 0; i < c->vnic_count; i++) {
		const struct raceway_check_vnic *v = &c->vnics[i];
		const char *netns = raceway_model_text(c->vnic, v->doc, "netns");
		int r;

		if (!v->local)
			continue;
		r = guest_end(c, v, netns, names[i]);
		if (r < 0)
			return r;
		keys[count++] = (struct raceway_check_key){ .text = { netns, names[i] },
							    .index = i,
							    .touched = v->moved };
	}
	if (!raceway_check_duplicate(keys, count, &one, &two))
		return 0;
	return RACEWAY_CHECK_FAIL(
		c, RACEWAY_FAULT_REFUSED, vnic, c->vnics[two->index].name, "ifname",
		"ifname %s is already that of vnic %s in %s%s; give another", two->text[1],
		c->vnics[one->index].name, two->text[0] ? "netns " : "this namespace",
		two->text[0] ? two->text[0] : "");
}

int raceway_check_unique(struct raceway_check *c)
{
	static int (*const checks[])(struct raceway_check *, struct raceway_check_key *) = {
		unique_devs, unique_numbers, unique_vlans, unique_macs, unique_guest_ends,
	};
	size_t most = c->port_count + c->segment_count + c->vnic_count + 1;
	RACEWAY_FREE struct raceway_check_key *keys = calloc(most, sizeof(*keys));
	int r = 0;

	if (!keys)
		return raceway_error_set(c->err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	for (size_t i = 0; r == 0 && i < sizeof(checks) / sizeof(checks[0]); i++)
		r = checks[i](c, keys);
	return r;
}
