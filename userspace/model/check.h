/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All objects of a model resolved to plain structs, for the cross checks. Arrays are sorted by
 * name, so that errors do not depend on the order in which things were made. */
#ifndef RACEWAY_MODEL_CHECK_H
#define RACEWAY_MODEL_CHECK_H

#include <raceway/maps.h>

#include "model/internal.h"

struct raceway_check_vnic;

struct raceway_check_port {
	const char *name, *dev;
	const json_t *doc;
	bool uplink; /* else fabric */
	bool touched;
	bool new_dev;  /* what its device is like is to be judged */
	bool new_rate; /* and what it can promise */
	bool mtu_asked;
	uint32_t mtu;				  /* 0: unknown */
	uint64_t promised_bps;			  /* of the guarantees that the port has to keep */
	const struct raceway_check_vnic *changed; /* one with a guarantee that was changed */
};

struct raceway_check_segment {
	const char *name;
	struct raceway_check_port *uplink; /* NULL: private */
	uint16_t number, vlan;
	bool touched;
};

struct raceway_check_server {
	const char *name;
	const json_t *ports;		 /* array of names, or NULL */
	struct raceway_check_port *port; /* the first, where its vNICs are; NULL: none */
	bool local, touched;
};

struct raceway_check_profile {
	const char *name;
	struct raceway_check_server *server; /* NULL: not bound */
	bool touched;
};

struct raceway_check_vnic {
	const char *name;
	const json_t *doc;
	struct raceway_check_segment *segment;
	struct raceway_check_profile *profile;
	struct raceway_check_port *port; /* location; NULL: local or nowhere */
	bool local;
	bool touched; /* the vNIC itself */
	bool moved;   /* the vNIC, its segment, profile or server */
	uint64_t cir_bps[RACEWAY_DIRS];
};

struct raceway_check {
	const struct raceway_model *model;
	const struct raceway_world *world; /* never NULL; callbacks may be */
	struct raceway_error *err;
	const struct raceway_kind *port, *segment, *server, *profile, *vnic;
	struct raceway_check_port *ports;
	struct raceway_check_segment *segments;
	struct raceway_check_server *servers;
	struct raceway_check_profile *profiles;
	struct raceway_check_vnic *vnics;
	size_t port_count, segment_count, server_count, profile_count, vnic_count;
};

/* Says `error` of the object "kind name" and returns it negative. */
#define RACEWAY_CHECK_FAIL(check, fault, kind, name, field, ...)                                   \
	({                                                                                         \
		char object_[RACEWAY_MODEL_NAME];                                                  \
		raceway_error_set((check)->err, fault,                                             \
				  raceway_model_object((check)->kind, name, object_), field,       \
				  __VA_ARGS__);                                                    \
	})

/* Something that must be unique. Found as a pair of which `two` is the one to blame: the one
 * that was changed if only one was, else the later by name. */
struct raceway_check_key {
	uint64_t key;
	const char *text[2]; /* NULL: "" */
	size_t index;	     /* in its array */
	bool touched;
};
void raceway_check_sort(struct raceway_check_key *keys, size_t count);
bool raceway_check_duplicate(struct raceway_check_key *keys, size_t count,
			     const struct raceway_check_key **ret_one,
			     const struct raceway_check_key **ret_two);

/* Fills the arrays; references that lead nowhere are the error. */
int raceway_check_resolve(struct raceway_check *check);
/* Where the profile of "PROFILE/NAME" is bound; NULL: nowhere. */
const struct raceway_check_server *raceway_check_server_of(const struct raceway_check *check,
							   const char *name);
void raceway_check_clear(struct raceway_check *check);

/* Devices, VLANs, numbers, MACs, names of guest ends: one each. */
int raceway_check_unique(struct raceway_check *check);
/* Roles of ports, spoofcheck, room in the maps, MTU. */
int raceway_check_fit(struct raceway_check *check);
/* Guarantees against the rates of ports. */
int raceway_check_admit(struct raceway_check *check);
/* Ranges of pools, what is given out of them; names of templates. */
int raceway_check_pools(struct raceway_check *check);
/* Identities, addresses and paths: one each; volumes on their SANs; who may share. */
int raceway_check_storage(struct raceway_check *check);

#endif
