/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The API's bed: a core with a real store, netdevs in a private place, and a stub of a data path.
 */
#ifndef RACEWAY_TESTS_API_BED_H
#define RACEWAY_TESTS_API_BED_H

#include "api/api.h"
#include "stub.h"

extern struct raceway_core core;
extern struct raceway_response answer;	    /* to the last call() */
extern char bed_state[];		    /* the state directory */
extern const char *if_match;		    /* sent along with it */
extern const struct raceway_caller *caller; /* who calls; at first the daemon */

/* A new state with an uplink "up0", and the end of it. */
void bed_begin(void);
void bed_end(void);
/* Opens the same state again. */
void open_core(void);
/* `path` may have ?stats, ?dry_run, ?prune. The answer's status. */
unsigned int call(const char *method, const char *path, const char *body);
/* The text at a key of the first object of the answer's list, or of the error. */
const char *text(const char *list, const char *key);
/* Port up0, segment lan; and then profile web1, bound to local, with a vNIC eth0. */
void add_port_and_segment(void);
void add_local_vnic(void);

#endif
