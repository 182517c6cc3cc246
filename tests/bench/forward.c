// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* (b) 64-byte tagged frames per second in at one port and out at another: the bare redirect,
 * Raceway, and a Linux bridge made to do the nearest equivalent. Three lanes stand side by
 * side; one generator feeds them in turn, and generator, lane and sink share one core. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "forward.skel.h"

#define ROUNDS 11
#define BATCH 64
#define SEGMENT 10
#define SENDER 1 /* vNIC and number in its address */
#define RECEIVER 2
#define GBIT 1000000000ULL
#define CBS_BYTES (1U << 20)
#define PBS_BYTES (8U << 20)
#define ARRIVED_MIN 0.99 /* of what was sent; less is no measurement of forwarding */
#define DRAIN_NS 2000000
#define DRAIN_TRIES 500
#define OF_RAW 0.42
#define OF_BRIDGE 4.0

enum lane { RAW, RACEWAY, BRIDGE, LANES };

struct forward {
	struct forward_bpf *skel;
	struct raceway_dp *dp;
	bool filtering;			/* the bridge could be made to */
	uint32_t in[LANES], out[LANES]; /* ifindex of the lane's two ports */
	double rate[LANES][ROUNDS];
	uint64_t arrived[LANES];
};

struct arrived {
	uint64_t good, bad;
};

/* g = p [lane] q = s: the generator sends by g, the sink listens at s. */
static int make_lane(struct forward *f, enum lane lane)
{
	int generator = bpf_program__fd(f->skel->progs.bench_generate);
	int sink = bpf_program__fd(f->skel->progs.bench_sink), ret;
	uint32_t key = lane, ifindex;
	char name[IFNAMSIZ];

	ret = bench_run("ip link add g%d up type veth peer name p%d", lane, lane);
	if (!ret)
		ret = bench_run("ip link add q%d up type veth peer name s%d", lane, lane);
	if (!ret)
		ret = bench_run("ip link set p%d up", lane);
	if (!ret)
		ret = bench_run("ip link set s%d up", lane);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "p%d", lane);
	f->in[lane] = if_nametoindex(name);
	snprintf(name, sizeof(name), "q%d", lane);
	f->out[lane] = if_nametoindex(name);
	snprintf(name, sizeof(name), "s%d", lane);
	ret = bpf_xdp_attach((int)if_nametoindex(name), sink, XDP_FLAGS_DRV_MODE, NULL);
	snprintf(name, sizeof(name), "g%d", lane);
	ifindex = if_nametoindex(name);
	/* Nothing arrives there; but the kernel prepares a program that runs nowhere anew for
	 * every test run, for 10 ms. */
	if (!ret)
		ret = bpf_xdp_attach((int)ifindex, generator, XDP_FLAGS_DRV_MODE, NULL);
	if (!ret &&
	    bpf_map_update_elem(bpf_map__fd(f->skel->maps.senders), &key, &ifindex, BPF_ANY))
		ret = -errno;
	return ret;
}

static int make_raw(struct forward *f)
{
	uint32_t key = 0;

	if (bpf_map_update_elem(bpf_map__fd(f->skel->maps.leaving), &key, &f->out[RAW], BPF_ANY))
		return -errno;
	return bpf_xdp_attach((int)f->in[RAW], bpf_program__fd(f->skel->progs.bench_redirect),
			      XDP_FLAGS_DRV_MODE, NULL);
}

static int make_raceway(struct forward *f)
{
	const struct raceway_dp_rate rate = {
		.cir_bps = GBIT,
		.pir_bps = 90 * GBIT,
		.cbs_bytes = CBS_BYTES,
		.pbs_bytes = PBS_BYTES,
	};
	const struct raceway_dp_segment segment = { .number = SEGMENT };
	struct raceway_dp_port ports[2] = { 0 };
	struct raceway_dp_vnic vnics[2] = { 0 };
	const struct raceway_dp_config config = { ports, 2, &segment, 1, vnics, 2 };
	int ret = bench_dp_open("b", 0, &f->dp);

	for (uint16_t i = 0; i < 2; i++) {
		struct raceway_dp_port *port = &ports[i];
		struct raceway_dp_vnic *vnic = &vnics[i];

		port->number = (uint16_t)(i + 1);
		port->role = RACEWAY_ROLE_FABRIC;
		port->rate_bps = 98 * GBIT;
		port->ifindex = i ? f->out[RACEWAY] : f->in[RACEWAY];
		if_indextoname(port->ifindex, port->dev);
		snprintf(port->name, sizeof(port->name), "%s", port->dev);
		snprintf(vnic->name, sizeof(vnic->name), "v%d", i + 1);
		vnic->number = i ? RECEIVER : SENDER;
		bench_mac(vnic->number, vnic->mac);
		vnic->segment = SEGMENT;
		vnic->port = port->number;
		vnic->mtu = 1500;
		vnic->up = vnic->spoofcheck = true;
		vnic->dir[RACEWAY_TX] = vnic->dir[RACEWAY_RX] = rate;
	}
	if (!ret)
		ret = bench_dp_fill(f->dp, &config);
	return ret ? ret : bench_dp_attach(f->dp, ports, 2);
}

/* The VLAN by vlan_filtering, the spoof check by a locked port with static addresses, two
 * rates by HTB: one class for the port, one for the receiver. */
static int make_bridge(struct forward *f)
{
	static const char *const commands[] = {
		"ip link set p2 master brb",
		"ip link set q2 master brb",
		"bridge link set dev p2 learning off locked on",
		"bridge link set dev q2 learning off locked on",
		"tc qdisc add dev q2 root handle 1: htb default 10",
		"tc class add dev q2 parent 1: classid 1:1 htb rate 98gbit burst 8m cburst 8m "
		"quantum 60000",
		"tc class add dev q2 parent 1:1 classid 1:10 htb rate 1gbit ceil 90gbit burst 1m "
		"cburst 8m quantum 60000",
		/* A veth takes XDP frames only so, and the sink sees tags in the bytes only. */
		"ethtool -K p2 gro on",
		"ethtool -K q2 txvlan off",
	};
	static const char *const filtered[] = {
		"bridge vlan add dev p2 vid 10",
		"bridge vlan add dev q2 vid 10",
	};
	int ret = bench_bridge_add("brb", 0, &f->filtering);
	const char *vlan = f->filtering ? " vlan 10" : "";

	for (size_t i = 0; !ret && i < sizeof(commands) / sizeof(commands[0]); i++)
		ret = bench_run("%s", commands[i]);
	for (size_t i = 0; !ret && f->filtering && i < 2; i++)
		ret = bench_run("%s", filtered[i]);
	if (!ret)
		ret = bench_run("bridge fdb add 02:00:00:00:00:01 dev p2 master static%s", vlan);
	return ret ? ret
		   : bench_run("bridge fdb add 02:00:00:00:00:02 dev q2 master static%s", vlan);
}

static int read_arrived(struct forward *f, struct arrived *ret_sum)
{
	int cpus = libbpf_num_possible_cpus();
	struct arrived *values = calloc((size_t)cpus, sizeof(*values)), sum = { 0 };
	uint32_t key = 0;

	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(f->skel->maps.arrived), &key, values)) {
		free(values);
		return -errno;
	}
	for (int i = 0; i < cpus; i++) {
		sum.good += values[i].good;
		sum.bad += values[i].bad;
	}
	free(values);
	*ret_sum = sum;
	return 0;
}

/* Until nothing more arrives. */
static int drain(struct forward *f, struct arrived *ret_sum)
{
	const struct timespec pause = { .tv_nsec = DRAIN_NS };
	struct arrived before;
	int ret = read_arrived(f, ret_sum);

	for (int i = 0; !ret && i < DRAIN_TRIES; i++) {
		before = *ret_sum;
		nanosleep(&pause, NULL);
		ret = read_arrived(f, ret_sum);
		if (!memcmp(&before, ret_sum, sizeof(before)))
			break;
	}
	return ret;
}

static int run_lane(struct forward *f, enum lane lane, unsigned int round)
{
	static const char *const names[LANES] = { "bare redirect", "Raceway", "bridge" };
	static const int frames[LANES] = { 2000000, 1000000, 300000 };
	struct xdp_md ctx = { .data_end = BENCH_FRAME_BYTES };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->skel->bss->frame,
		    .data_size_in = BENCH_FRAME_BYTES, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH,
		    .repeat = frames[lane]);
	struct arrived before, after;
	double start, seconds;
	uint64_t good;
	int ret = drain(f, &before);

	if (ret)
		return ret;
	f->skel->bss->lane = lane;
	start = bench_now();
	ret = bpf_prog_test_run_opts(bpf_program__fd(f->skel->progs.bench_generate), &opts);
	seconds = bench_now() - start;
	if (!ret)
		ret = drain(f, &after);
	if (ret)
		return ret;
	good = after.good - before.good;
	if (after.bad != before.bad)
		return bench_report_invalid("(b) %s: %llu wrong frames arrived", names[lane],
					    (unsigned long long)(after.bad - before.bad));
	if (good < ARRIVED_MIN * frames[lane])
		return bench_report_invalid("(b) %s: %llu of %d frames arrived", names[lane],
					    (unsigned long long)good, frames[lane]);
	f->rate[lane][round] = (double)good / seconds;
	f->arrived[lane] += good;
	return 0;
}

/* What the sink saw is what Raceway says that it sent on. */
static int check(struct forward *f)
{
	uint64_t drops = bench_dp_drops(f->dp);

	for (int dir = 0; dir < RACEWAY_DIRS; dir++) {
		struct raceway_stats stats;
		uint64_t sum = 0;
		int ret = raceway_dp_stats(f->dp, dir == RACEWAY_TX ? SENDER : RECEIVER,
					   (enum raceway_dir)dir, &stats);

		for (int i = 0; !ret && i < RACEWAY_RED; i++)
			sum += stats.colour[i].packets;
		if (ret || drops || sum != f->arrived[RACEWAY])
			return bench_report_invalid("(b) %llu counted, %llu dropped, %llu arrived",
						    (unsigned long long)sum,
						    (unsigned long long)drops,
						    (unsigned long long)f->arrived[RACEWAY]);
	}
	return 0;
}

static void report(struct forward *f)
{
	double raw = bench_median(f->rate[RAW], ROUNDS);
	double ours = bench_median(f->rate[RACEWAY], ROUNDS);
	double bridge = bench_median(f->rate[BRIDGE], ROUNDS);
	struct bench_row row = {
		.part = 'b',
		.what = "64-byte tagged frames, port to port",
		.unit = "frames/s",
		.ours = ours,
		.reference = raw,
		.reference_what = "bare XDP redirect",
		.value = ours / raw,
		.target = BENCH_AT_LEAST,
		.limit = OF_RAW,
		.target_text = ">= 0.42 of raw",
	};

	bench_report_row(&row);
	row.reference = bridge;
	row.reference_what =
		f->filtering ? "bridge, vlan_filtering, HTB" : "bridge, HTB, no VLANs here";
	row.value = ours / bridge;
	row.limit = OF_BRIDGE;
	row.target_text = ">= 4 x the bridge";
	bench_report_row(&row);
}

int bench_forward(void)
{
	struct forward f = { .skel = forward_bpf__open_and_load() };
	uint8_t src[6], dst[6];
	int ret = f.skel ? 0 : -errno;

	for (int lane = 0; !ret && lane < LANES; lane++)
		ret = make_lane(&f, (enum lane)lane);
	if (!ret)
		ret = make_raw(&f);
	if (!ret)
		ret = make_raceway(&f);
	if (!ret)
		ret = make_bridge(&f);
	if (!ret) {
		bench_mac(SENDER, src);
		bench_mac(RECEIVER, dst);
		bench_frame((uint8_t *)f.skel->bss->frame, dst, src, SEGMENT);
	}
	for (unsigned int round = 0; !ret && round < ROUNDS; round++)
		for (int lane = 0; !ret && lane < LANES; lane++)
			ret = run_lane(&f, (enum lane)lane, round);
	if (!ret)
		ret = check(&f);
	if (!ret)
		report(&f);
	raceway_dp_close(f.dp);
	forward_bpf__destroy(f.skel);
	return ret;
}
