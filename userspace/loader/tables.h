/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One fill of the tables and its parts: vNICs and addresses in tables.c, ports, segments and
 * their members in tables_ports.c, meters in tables_meters.c, the check in tables_check.c. */
#ifndef RACEWAY_LOADER_TABLES_H
#define RACEWAY_LOADER_TABLES_H

#include "loader/dp.h"

struct raceway_tables {
	const struct raceway_dp_config *config;
	bool places;	  /* more than policies changes: what is where, or who is there at all */
	uint8_t *changed; /* by index of config->vnics */
	struct raceway_vnic_policy *policy; /* the same, of those that changed */
	struct raceway_fdb_key *staged;	    /* entries that this fill added */
	size_t staged_count;
	struct raceway_fdb_key *retired; /* entries that nobody wants any more */
	size_t retired_count;
	uint8_t *wanted; /* by vNIC number */
	uint8_t *moved;	 /* by index of config->vnics: the address had an entry already */
	uint32_t port_ifindex[RACEWAY_PORTS];
	uint32_t port_former[RACEWAY_PORTS]; /* the number was another interface's until now */
	uint32_t port_mtu[RACEWAY_PORTS];
	uint64_t port_cbs[RACEWAY_PORTS]; /* sum of the committed bursts that may leave there */
	uint16_t port_native[RACEWAY_PORTS];
	uint8_t port_role[RACEWAY_PORTS];
	/* by segment number: the config's entry, and its staged members */
	const struct raceway_dp_segment *segment[RACEWAY_SEGMENTS];
	uint16_t member_count[RACEWAY_SEGMENTS];
	uint8_t member_slot[RACEWAY_SEGMENTS];
};

struct raceway_new_vnics {
	struct raceway_dp *dp;
	uint8_t *is;
};

/* What differs from the former configuration; NULL: everything may. */
void raceway_tables_compare(struct raceway_dp *dp, struct raceway_tables *t,
			    const struct raceway_dp_config *former);
/* Numbers in range, addresses unique, references that resolve, members that fit. */
int raceway_tables_check(struct raceway_dp *dp, struct raceway_tables *t,
			 struct raceway_error *err);
/* Everything of ports, segments and members that can fail. Nothing is in force yet. */
int raceway_tables_stage_ports(struct raceway_dp *dp, struct raceway_tables *t);
int raceway_tables_stage_members(struct raceway_dp *dp, struct raceway_tables *t);
void raceway_tables_unstage_ports(struct raceway_dp *dp, struct raceway_tables *t);
/* Last: numbers of ports that changed hands lead to their new interfaces. */
void raceway_tables_rebind_ports(struct raceway_dp *dp, struct raceway_tables *t);
void raceway_tables_switch_ports(struct raceway_dp *dp, struct raceway_tables *t);
void raceway_tables_switch_segments(struct raceway_dp *dp, struct raceway_tables *t);
/* Full buckets for a vNIC whose number is new. */
void raceway_tables_begin_meters(struct raceway_vnic *vnic);
/* What a vNIC's buckets lack in bytes stays. */
void raceway_tables_rescale_meters(struct raceway_vnic *vnic, const struct raceway_vnic_policy *old,
				   const struct raceway_vnic_policy *new);
/* A leaving port's rate, 0 for none; its state begins, or lacks the same bytes as before. Green
 * may be charged `cbs_bytes` more than there is. */
void raceway_tables_port_meter(struct raceway_port_meter *meter, uint64_t rate_bps,
			       uint64_t cbs_bytes);
/* Keys of ports, VLANs and foreign sources that the config does not have. */
void raceway_tables_clear(struct raceway_dp *dp, struct raceway_tables *t);

#endif
