/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The benchmark's parts and what they share. A part adds its rows to the report; what cannot
 * be believed is reported as invalid, and then the whole run ends with a failure. */
#ifndef RACEWAY_BENCH_BENCH_H
#define RACEWAY_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/dp.h"
#include "shared.h"

#define BENCH_RUN_DIR "/run" /* a tmpfs of this process's own mount namespace */
#define BENCH_BPFFS BENCH_RUN_DIR "/bpf"

/* Parts: each returns 0, or -errno if it could not be set up. */
int bench_stages(void);	 /* (a) ns per packet by stage */
int bench_forward(void); /* (b) 64-byte frames per second */
int bench_tcp(void);	 /* (c) TCP through local vNICs and from a wire */
int bench_growth(void);	 /* (d) from 32 to 65,535 vNICs */
int bench_meters(void);	 /* (e) what all the meters of a frame cost */

/* report.c: the table, build/bench.json and whether the run was valid. */
enum bench_target {
	BENCH_NO_TARGET,
	BENCH_AT_MOST,	/* value <= limit */
	BENCH_AT_LEAST, /* value >= limit */
};

struct bench_row {
	char part;	  /* 'a'..'e' */
	const char *what; /* static */
	const char *unit; /* of ours and reference */
	double ours;
	double reference;	    /* 0: none */
	const char *reference_what; /* static */
	double value;		    /* what the target is about: a ratio, or ours again */
	enum bench_target target;
	double limit;
	const char *target_text; /* static */
};

void bench_report_row(const struct bench_row *row);
/* What was measured cannot be believed; printed at once and remembered. Returns -EIO. */
int bench_report_invalid(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool bench_report_is_valid(void);
void bench_report_print(void);
int bench_report_write(const char *path);

/* world.c: namespaces, links and commands. Everything ends with the process. */
int bench_world_enter(void);
/* Runs a command, words separated by single blanks, no shell. 0, or -EIO if it failed. */
int bench_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A bridge with vlan_filtering where the kernel has it. Without (CONFIG_BRIDGE_VLAN_FILTERING is
 * an option) the bridge does less work than it should, and the rows say so. */
int bench_bridge_add(const char *name, unsigned int pvid, bool *ret_filtering);
/* A named namespace, silent but for what is asked of it. */
int bench_netns_add(const char *name);
int bench_netns_open(const char *name); /* descriptor or -errno */
/* This thread on the n-th CPU that the process may use (or the last there is). */
void bench_pin_to_cpu(unsigned int n);
/* A data path with its pins in BENCH_BPFFS/name. */
int bench_dp_open(const char *name, uint32_t max_vnics, struct raceway_dp **ret_dp);
int bench_dp_fill(struct raceway_dp *dp, const struct raceway_dp_config *config);
int bench_dp_attach(struct raceway_dp *dp, const struct raceway_dp_port *ports, size_t count);
/* Packets of all drop counters together. */
uint64_t bench_dp_drops(struct raceway_dp *dp);

/* frame.c: frames, test runs and figures. */
void bench_mac(uint32_t number, uint8_t ret_mac[6]);
/* BENCH_FRAME_BYTES of a valid UDP datagram over IPv4 behind a C-tag. */
void bench_frame(uint8_t *frame, const uint8_t dst[6], const uint8_t src[6], uint16_t vid);
/* One measured program: the frame is given anew for each round, not for each repeat. */
struct bench_subject {
	int prog;
	uint32_t ifindex; /* where the frame arrives */
	uint8_t frame[BENCH_FRAME_BYTES];
	uint32_t want; /* the verdict */
	uint64_t runs; /* so far */
	double ns;     /* the least of all rounds */
	uint8_t out[BENCH_FRAME_BYTES];
};
/* Alternates over the subjects; a wrong verdict is reported as invalid. */
int bench_measure(struct bench_subject *subject, size_t count, unsigned int rounds,
		  uint32_t repeat);
double bench_median(double *values, size_t count); /* sorts them */
double bench_now(void);				   /* seconds */

#endif
