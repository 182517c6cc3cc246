/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reservations of a unit: persistent ones (SPC-4 5.12), and those of RESERVE (SPC-2 5.5.1).
 *
 * A persistent state is changed on a copy, saved, and then put in the place of the old one, so
 * that a state that could not be saved never was. All of this runs alone on the unit (gate.c), the
 * waiting for stable storage included: changes follow each other in the order in which they came,
 * and no write of who has lost access is under way any more when PREEMPT is answered. */
#ifndef RACEWAY_SCSI_RESERVE_H
#define RACEWAY_SCSI_RESERVE_H

#include "scsi/lu.h"

#define RACEWAY_REGISTRATIONS_MAX 1024

enum raceway_pr_type { /* SPC-4 table 161 */
		       RACEWAY_PR_NONE = 0,
		       RACEWAY_PR_WRITE_EXCLUSIVE = 1,
		       RACEWAY_PR_EXCLUSIVE_ACCESS = 3,
		       RACEWAY_PR_WRITE_EXCLUSIVE_REGISTRANTS = 5,
		       RACEWAY_PR_EXCLUSIVE_ACCESS_REGISTRANTS = 6,
		       RACEWAY_PR_WRITE_EXCLUSIVE_ALL = 7,
		       RACEWAY_PR_EXCLUSIVE_ACCESS_ALL = 8,
};

/* An initiator port behind a target port. */
struct raceway_pr_port {
	const uint8_t *id; /* TransportID */
	uint16_t bytes;
	uint16_t port; /* relative target port */
};

struct raceway_registration {
	uint64_t key;
	uint16_t port;
	bool all_ports;
	uint16_t id_bytes;
	uint8_t id[RACEWAY_TRANSPORT_ID_MAX];
};

struct raceway_pr {
	uint32_t generation;
	bool keep; /* APTPL: over a loss of power */
	uint8_t type;
	size_t holder; /* place in the list; of no meaning without a type */
	size_t count;
	struct raceway_registration *list;
};

enum raceway_pr_verdict {
	RACEWAY_PR_OK,
	RACEWAY_PR_CONFLICT,
	RACEWAY_PR_BAD_LIST,
	RACEWAY_PR_INVALID_RELEASE,
	RACEWAY_PR_FULL,
	RACEWAY_PR_NO_MEMORY,
};

struct raceway_pr_request {
	struct raceway_pr_port from;
	uint8_t action, type;
	uint64_t key, new_key;
	bool keep, all_ports;
	/* REGISTER: TransportIDs that are registered too, already checked. */
	const uint8_t *others;
	size_t others_bytes;
	/* REGISTER AND MOVE */
	struct raceway_pr_port to;
	bool unregister;
};

/* What those learn that are registered with the unit, but for who asked. RACEWAY_ATTENTION_COUNT:
 * nothing. */
struct raceway_pr_effect {
	enum raceway_attention removed, remaining;
	bool abort; /* tasks of the removed */
};

static inline bool raceway_pr_all(uint8_t type)
{
	return type == RACEWAY_PR_WRITE_EXCLUSIVE_ALL || type == RACEWAY_PR_EXCLUSIVE_ACCESS_ALL;
}

static inline bool raceway_pr_registrants(uint8_t type)
{
	return type >= RACEWAY_PR_WRITE_EXCLUSIVE_REGISTRANTS;
}

/* Length of a TransportID at the beginning of `room` bytes; 0: it is none. */
size_t raceway_transport_id_length(const uint8_t *id, size_t room);
/* Place of who is registered, or pr->count. */
size_t raceway_pr_find(const struct raceway_pr *pr, const struct raceway_pr_port *who);
/* Carries the request out on `pr`; if it is refused, `pr` may be half changed. */
enum raceway_pr_verdict raceway_pr_apply(struct raceway_pr *pr,
					 const struct raceway_pr_request *request,
					 struct raceway_pr_effect *ret_effect);
/* NULL: out of memory. */
struct raceway_pr *raceway_pr_copy(const struct raceway_pr *pr);
void raceway_pr_free(struct raceway_pr *pr);

/* Who asks through this I_T_L nexus. */
struct raceway_pr_port raceway_pr_port_of(const struct raceway_itl *itl);
/* Works out again what each may. Under the lock. */
void raceway_reserve_refresh(struct raceway_lu *lu);

/* What is kept beside reservations. */
enum raceway_kept {
	RACEWAY_KEPT_SANITIZING = 1 << 0,   /* it has begun, and did not end well */
	RACEWAY_KEPT_UNRESTRICTED = 1 << 1, /* and may be given up (AUSE) */
};

/* The state as it is kept, with bits of enum raceway_kept; free() it. NULL: out of memory. */
void *raceway_pr_pack(const struct raceway_pr *pr, uint8_t kept, size_t *ret_bytes);
/* From stable storage (lu->options.keep, which is not NULL). 0 or -errno; what cannot be read is
 * -EBADMSG. */
int raceway_pr_load(const struct raceway_lu *lu, struct raceway_pr **ret_pr, uint8_t *ret_kept);

#endif
