/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Workers in simulated time. */
#ifndef RACEWAY_TESTS_FLOW_SIMULATED_H
#define RACEWAY_TESTS_FLOW_SIMULATED_H

#include "vhba/worker.h"

struct raceway_worker *simulated_worker(unsigned int number);
/* What moving a MiB takes of the time; nothing unless this is called. */
void simulated_cost(uint64_t ns_per_mib);
/* The worker stands still for `for_ns`, each `every_ns`; 0: never. */
void simulated_stalls(uint64_t every_ns, uint64_t for_ns);
/* Runs what was called, then timers in their order, each `late_ns` too late, up to `until_ns`. */
void simulated_run(uint64_t until_ns, uint64_t late_ns);

#endif
