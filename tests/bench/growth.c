// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* (d) Growth: the same path with traffic spread in random order over 32, 1,024 and 65,535
 * vNICs, all in tables of 65,536, and the time to fill them. The frames come from a replay of
 * equal length each time, whose own cost is subtracted. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "replay.h"

#define ROUNDS 12
#define REPEAT (2 * BENCH_HEADS) /* every head twice */
#define PER_SEGMENT 1024
#define PORTS 2
#define GBIT 1000000000ULL
#define MBIT 1000000ULL
#define BURST (1U << 20)
#define TIMES_MAX 2.0
#define FILL_MAX_S 1.0
#define MIB (1024.0 * 1024.0)

static const uint32_t sizes[] = { 32, 1024, RACEWAY_VNICS_MAX - 1 };

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct size {
	uint32_t vnics;
	struct raceway_dp *dp;
	struct bench_replay real[PORTS], alone[PORTS]; /* by the port where frames arrive */
	struct bench_subject subject[2 * PORTS];       /* real and alone in turn */
	double fill_s, ns;
};

/* xorshift64, the same order in every run */
static uint64_t random_next(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void shuffle(uint32_t *list, uint32_t count)
{
	for (uint32_t i = count; i > 1; i--) {
		uint32_t j = (uint32_t)(random_next() % i), swap = list[i - 1];

		list[i - 1] = list[j];
		list[j] = swap;
	}
}

static uint16_t segment_of(uint32_t vnic)
{
	return (uint16_t)(1 + (vnic - 1) / PER_SEGMENT);
}

static unsigned int port_of(uint32_t vnic)
{
	return vnic % PORTS;
}

static int make_ports(struct raceway_dp_port *ports)
{
	for (unsigned int i = 0; i < PORTS; i++) {
		int ret = bench_run("ip link add d%u up type veth peer name d%ux", i, i);

		if (!ret)
			ret = bench_run("ip link set d%ux up", i);
		if (ret)
			return ret;
		snprintf(ports[i].name, sizeof(ports[i].name), "d%u", i);
		snprintf(ports[i].dev, sizeof(ports[i].dev), "d%u", i);
		ports[i].number = (uint16_t)(i + 1);
		ports[i].role = RACEWAY_ROLE_FABRIC;
		ports[i].rate_bps = 98 * GBIT;
		ports[i].ifindex = if_nametoindex(ports[i].dev);
	}
	return 0;
}

static void make_vnic(struct raceway_dp_vnic *vnic, uint32_t number)
{
	const struct raceway_dp_rate rate = {
		.cir_bps = 10 * MBIT,
		.pir_bps = 90 * GBIT,
		.cbs_bytes = BURST,
		.pbs_bytes = 2 * BURST,
	};

	snprintf(vnic->name, sizeof(vnic->name), "v%u", number);
	vnic->number = number;
	bench_mac(number, vnic->mac);
	vnic->segment = segment_of(number);
	vnic->port = (uint16_t)(1 + port_of(number));
	vnic->mtu = 1500;
	vnic->up = vnic->spoofcheck = true;
	vnic->dir[RACEWAY_TX] = vnic->dir[RACEWAY_RX] = rate;
}

static int fill(struct size *size, const struct raceway_dp_port *ports)
{
	struct raceway_dp_vnic *vnics = calloc(size->vnics, sizeof(*vnics));
	struct raceway_dp_segment segments[RACEWAY_VNICS_MAX / PER_SEGMENT] = { 0 };
	const struct raceway_dp_config config = {
		.ports = ports,
		.port_count = PORTS,
		.segments = segments,
		.segment_count = segment_of(size->vnics),
		.vnics = vnics,
		.vnic_count = size->vnics,
	};
	double start;
	int ret;

	if (!vnics)
		return -ENOMEM;
	for (uint16_t i = 0; i < segment_of(size->vnics); i++)
		segments[i].number = (uint16_t)(i + 1);
	for (uint32_t i = 0; i < size->vnics; i++)
		make_vnic(&vnics[i], i + 1);
	start = bench_now();
	ret = bench_dp_fill(size->dp, &config);
	size->fill_s = bench_now() - start;
	free(vnics);
	return ret;
}

/* The heads of the frames that arrive at one port: its vNICs in random order as senders, to
 * all vNICs of the sender's segment, again in random order. */
static int make_heads(const struct size *size, unsigned int port, struct bench_head *heads)
{
	uint32_t *from = calloc(size->vnics, sizeof(*from));
	uint32_t *to = calloc(size->vnics, sizeof(*to));
	uint32_t at[RACEWAY_VNICS_MAX / PER_SEGMENT + 1] = { 0 };
	uint32_t senders = 0;

	for (uint32_t n = 1; from && to && n <= size->vnics; n++) {
		to[n - 1] = n;
		if (port_of(n) == port)
			from[senders++] = n;
	}
	for (uint32_t i = 0; from && to && i < BENCH_HEADS; i++) {
		uint8_t frame[BENCH_FRAME_BYTES], src[6], dst[6];
		uint32_t base, count, receiver;
		uint16_t segment;

		if (i % senders == 0)
			shuffle(from, senders);
		segment = segment_of(from[i % senders]);
		base = (segment - 1U) * PER_SEGMENT;
		count = size->vnics - base < PER_SEGMENT ? size->vnics - base : PER_SEGMENT;
		if (at[segment]++ % count == 0)
			shuffle(&to[base], count);
		receiver = to[base + at[segment] % count];
		if (receiver == from[i % senders])
			receiver = to[base + (at[segment] + 1) % count];
		bench_mac(from[i % senders], src);
		bench_mac(receiver, dst);
		bench_frame(frame, dst, src, segment);
		memcpy(&heads[i], frame, sizeof(heads[i]));
	}
	free(from);
	free(to);
	return from && to ? 0 : -ENOMEM;
}

static int make_subjects(struct size *size, const struct raceway_dp_port *ports)
{
	for (unsigned int i = 0; i < PORTS; i++) {
		struct bench_replay *real = &size->real[i], *alone = &size->alone[i];
		int ret = bench_replay_open(size->dp->prog[RACEWAY_PROG_XDP], real);

		if (!ret)
			ret = bench_replay_open(-1, alone);
		if (!ret)
			ret = make_heads(size, i, real->heads);
		if (ret)
			return ret;
		memcpy(alone->heads, real->heads, BENCH_HEADS * sizeof(*real->heads));
		bench_replay_use(real, BENCH_HEADS);
		bench_replay_use(alone, BENCH_HEADS);
		size->subject[2 * i].prog = real->prog;
		size->subject[2 * i].want = XDP_REDIRECT;
		size->subject[2 * i + 1].prog = alone->prog;
		size->subject[2 * i + 1].want = XDP_PASS;
		for (unsigned int j = 2 * i; j < 2 * i + 2; j++) {
			static const uint8_t none[6];

			size->subject[j].ifindex = ports[i].ifindex;
			bench_frame(size->subject[j].frame, none, none, 0);
		}
	}
	return 0;
}

/* Every vNIC sent and received, no frame was lost on the way. */
static int check(const struct size *size)
{
	uint64_t sum[RACEWAY_DIRS] = { 0 }, runs = size->subject[0].runs + size->subject[2].runs;

	for (uint32_t n = 1; n <= size->vnics; n++) {
		for (int dir = 0; dir < RACEWAY_DIRS; dir++) {
			struct raceway_stats stats;
			uint64_t packets = 0;
			int ret = raceway_dp_stats(size->dp, n, (enum raceway_dir)dir, &stats);

			for (int i = 0; !ret && i < RACEWAY_RED; i++)
				packets += stats.colour[i].packets;
			if (!packets)
				return bench_report_invalid("(d) vNIC %u had no traffic", n);
			sum[dir] += packets;
		}
	}
	if (sum[RACEWAY_TX] != runs || sum[RACEWAY_RX] != runs || bench_dp_drops(size->dp))
		return bench_report_invalid("(d) %u vNICs: %llu of %llu frames counted",
					    size->vnics, (unsigned long long)sum[RACEWAY_TX],
					    (unsigned long long)runs);
	return 0;
}

static void report(struct size *all)
{
	static const char *const what[SIZES] = {
		"whole path, traffic over 32 vNICs",
		"whole path, traffic over 1,024 vNICs",
		"whole path, traffic over 65,535 vNICs",
	};
	struct bench_row row = { .part = 'd' };
	uint64_t bytes;

	for (unsigned int i = 0; i < SIZES; i++) {
		row.what = what[i];
		row.unit = "ns";
		row.ours = all[i].ns;
		row.reference = i ? all[0].ns : 0;
		row.reference_what = "32 vNICs";
		row.value = all[i].ns / all[0].ns;
		row.target = i + 1 == SIZES ? BENCH_AT_MOST : BENCH_NO_TARGET;
		row.limit = TIMES_MAX;
		row.target_text = "<= 2 x 32";
		bench_report_row(&row);
	}
	row = (struct bench_row){
		.part = 'd',
		.what = "tables filled with 65,535 vNICs",
		.unit = "s",
		.ours = all[SIZES - 1].fill_s,
		.value = all[SIZES - 1].fill_s,
		.target = BENCH_AT_MOST,
		.limit = FILL_MAX_S,
		.target_text = "< 1 s",
	};
	bench_report_row(&row);
	if (raceway_dp_memory(all[SIZES - 1].dp, &bytes))
		return;
	row.what = "kernel memory of tables of 65,536";
	row.unit = "MiB";
	row.ours = (double)bytes / MIB;
	row.target = BENCH_NO_TARGET;
	bench_report_row(&row);
}

static int measure(struct size *all)
{
	int ret = 0;

	for (unsigned int round = 0; round < ROUNDS; round++)
		for (unsigned int i = 0; !ret && i < SIZES; i++)
			ret = bench_measure(all[i].subject, 2 * PORTS, 1, REPEAT);
	for (unsigned int i = 0; !ret && i < SIZES; i++) {
		const struct bench_subject *s = all[i].subject;

		all[i].ns = (s[0].ns - s[1].ns + s[2].ns - s[3].ns) / PORTS;
		ret = check(&all[i]);
	}
	return ret;
}

int bench_growth(void)
{
	struct raceway_dp_port ports[PORTS] = { 0 };
	struct size all[SIZES] = { 0 };
	char name[16];
	int ret = make_ports(ports);

	for (unsigned int i = 0; !ret && i < SIZES; i++) {
		all[i].vnics = sizes[i];
		snprintf(name, sizeof(name), "d%u", i);
		ret = bench_dp_open(name, RACEWAY_VNICS_MAX, &all[i].dp);
		if (!ret)
			ret = fill(&all[i], ports);
		/* A veth has receive queues for XDP only with a program on it. */
		if (!ret && !i)
			ret = bench_dp_attach(all[i].dp, ports, PORTS);
		if (!ret)
			ret = make_subjects(&all[i], ports);
	}
	if (!ret)
		ret = measure(all);
	if (!ret)
		report(all);
	for (unsigned int i = 0; i < SIZES; i++) {
		for (unsigned int port = 0; port < PORTS; port++) {
			bench_replay_close(&all[i].real[port]);
			bench_replay_close(&all[i].alone[port]);
		}
		raceway_dp_close(all[i].dp);
	}
	return ret;
}
