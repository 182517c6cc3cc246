// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Many vNICs between two fabric ports, every one of which sends and receives in random order. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "population.h"

#define ROUNDS 12
#define REPEAT (2 * BENCH_HEADS) /* every head twice */
#define PER_SEGMENT 1024
#define GBIT 1000000000ULL
#define MBIT 1000000ULL
#define BURST (1U << 20)
#define COUNTED_BYTES (BENCH_FRAME_BYTES - 4) /* the segment's tag is nobody's */

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
	return vnic % POPULATION_PORTS;
}

static int make_links(char part)
{
	int ret = 0;

	for (unsigned int i = 0; i < POPULATION_PORTS && !ret; i++) {
		ret = bench_run("ip link add %c%u up type veth peer name %c%ux", part, i, part, i);
		if (!ret)
			ret = bench_run("ip link set %c%ux up", part, i);
	}
	return ret;
}

static void make_ports(const struct population *p, struct raceway_dp_port *ports)
{
	for (unsigned int i = 0; i < POPULATION_PORTS; i++) {
		snprintf(ports[i].name, sizeof(ports[i].name), "%c%u", p->part, i);
		snprintf(ports[i].dev, sizeof(ports[i].dev), "%c%u", p->part, i);
		ports[i].number = (uint16_t)(i + 1);
		ports[i].role = RACEWAY_ROLE_FABRIC;
		ports[i].rate_bps = p->metered ? 98 * GBIT : 0;
		ports[i].ifindex = if_nametoindex(ports[i].dev);
	}
}

static void make_vnic(const struct population *p, struct raceway_dp_vnic *vnic, uint32_t number)
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
	if (p->metered)
		vnic->dir[RACEWAY_TX] = vnic->dir[RACEWAY_RX] = rate;
}

static int fill(struct population *p, const struct raceway_dp_port *ports)
{
	struct raceway_dp_vnic *vnics = calloc(p->vnics, sizeof(*vnics));
	struct raceway_dp_segment segments[RACEWAY_VNICS_MAX / PER_SEGMENT] = { 0 };
	const struct raceway_dp_config config = {
		.ports = ports,
		.port_count = POPULATION_PORTS,
		.segments = segments,
		.segment_count = segment_of(p->vnics),
		.vnics = vnics,
		.vnic_count = p->vnics,
	};
	double start;
	int ret;

	if (!vnics)
		return -ENOMEM;
	for (uint16_t i = 0; i < segment_of(p->vnics); i++)
		segments[i].number = (uint16_t)(i + 1);
	for (uint32_t i = 0; i < p->vnics; i++)
		make_vnic(p, &vnics[i], i + 1);
	start = bench_now();
	ret = bench_dp_fill(p->dp, &config);
	p->fill_s = bench_now() - start;
	free(vnics);
	return ret;
}

/* The heads of the frames that arrive at one port: its vNICs in random order as senders, to
 * all vNICs of the sender's segment, again in random order. */
static int make_heads(const struct population *p, unsigned int port, struct bench_head *heads)
{
	uint32_t *from = calloc(p->vnics, sizeof(*from));
	uint32_t *to = calloc(p->vnics, sizeof(*to));
	uint32_t at[RACEWAY_VNICS_MAX / PER_SEGMENT + 1] = { 0 };
	uint32_t senders = 0;

	for (uint32_t n = 1; from && to && n <= p->vnics; n++) {
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
		count = p->vnics - base < PER_SEGMENT ? p->vnics - base : PER_SEGMENT;
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

static int make_subjects(struct population *p, const struct raceway_dp_port *ports)
{
	for (unsigned int i = 0; i < POPULATION_PORTS; i++) {
		struct bench_replay *real = &p->real[i], *alone = &p->alone[i];
		int ret = bench_replay_open(p->dp->prog[RACEWAY_PROG_XDP], real);

		if (!ret)
			ret = bench_replay_open(-1, alone);
		if (!ret)
			ret = make_heads(p, i, real->heads);
		if (ret)
			return ret;
		memcpy(alone->heads, real->heads, BENCH_HEADS * sizeof(*real->heads));
		bench_replay_use(real, BENCH_HEADS);
		bench_replay_use(alone, BENCH_HEADS);
		p->subject[2 * i].prog = real->prog;
		p->subject[2 * i].want = XDP_REDIRECT;
		p->subject[2 * i + 1].prog = alone->prog;
		p->subject[2 * i + 1].want = XDP_PASS;
		for (unsigned int j = 2 * i; j < 2 * i + 2; j++) {
			static const uint8_t none[6];

			p->subject[j].ifindex = ports[i].ifindex;
			bench_frame(p->subject[j].frame, none, none, 0);
		}
	}
	return 0;
}

/* What the leaving ports' meters were charged with is seen only while it has not run off again:
 * that they were is. */
static int check_ports(const struct population *p)
{
	for (unsigned int i = 0; i < POPULATION_PORTS; i++) {
		bool charged = p->dp->port_meters[i + 1].tat != p->port_tat[i];

		if (charged != p->metered)
			return bench_report_invalid("(%c) port %u: its meter was%s charged",
						    p->part, i + 1, charged ? "" : " not");
	}
	return 0;
}

/* Every vNIC sent and received, no frame was lost on the way, and what was charged for them is what
 * they were long. */
static int check(const struct population *p)
{
	uint64_t frames[RACEWAY_DIRS] = { 0 }, bytes[RACEWAY_DIRS] = { 0 };
	uint64_t runs = p->subject[0].runs + p->subject[2].runs;

	for (uint32_t n = 1; n <= p->vnics; n++) {
		for (int dir = 0; dir < RACEWAY_DIRS; dir++) {
			struct raceway_stats stats;
			uint64_t before = frames[dir];
			int ret = raceway_dp_stats(p->dp, n, (enum raceway_dir)dir, &stats);

			for (int i = 0; !ret && i < RACEWAY_RED; i++) {
				frames[dir] += stats.colour[i].packets;
				bytes[dir] += stats.colour[i].bytes;
			}
			if (frames[dir] == before)
				return bench_report_invalid("(%c) vNIC %u had no traffic", p->part,
							    n);
		}
	}
	for (int dir = 0; dir < RACEWAY_DIRS; dir++)
		if (frames[dir] != runs || bytes[dir] != runs * COUNTED_BYTES)
			return bench_report_invalid(
				"(%c) %u vNICs: %llu of %llu frames counted", p->part, p->vnics,
				(unsigned long long)frames[dir], (unsigned long long)runs);
	if (bench_dp_drops(p->dp))
		return bench_report_invalid("(%c) %u vNICs: drops", p->part, p->vnics);
	return check_ports(p);
}

int population_open(struct population *all, size_t count)
{
	struct raceway_dp_port ports[POPULATION_PORTS] = { 0 };
	char name[32];
	int ret = make_links(all[0].part);

	for (size_t i = 0; !ret && i < count; i++) {
		make_ports(&all[i], ports);
		snprintf(name, sizeof(name), "%c%zu", all[i].part, i);
		ret = bench_dp_open(name, RACEWAY_VNICS_MAX, &all[i].dp);
		if (!ret)
			ret = fill(&all[i], ports);
		/* A veth has receive queues for XDP only with a program on it. */
		if (!ret && !i)
			ret = bench_dp_attach(all[i].dp, ports, POPULATION_PORTS);
		if (!ret)
			ret = make_subjects(&all[i], ports);
	}
	return ret;
}

int population_measure(struct population *all, size_t count)
{
	int ret = 0;

	for (size_t i = 0; i < count; i++)
		for (unsigned int port = 0; port < POPULATION_PORTS; port++)
			all[i].port_tat[port] = all[i].dp->port_meters[port + 1].tat;
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; !ret && i < count; i++)
			ret = bench_measure(all[i].subject, 2 * POPULATION_PORTS, 1, REPEAT);
	for (size_t i = 0; !ret && i < count; i++) {
		const struct bench_subject *s = all[i].subject;

		all[i].ns = (s[0].ns - s[1].ns + s[2].ns - s[3].ns) / POPULATION_PORTS;
		ret = check(&all[i]);
	}
	return ret;
}

void population_close(struct population *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (unsigned int port = 0; port < POPULATION_PORTS; port++) {
			bench_replay_close(&all[i].real[port]);
			bench_replay_close(&all[i].alone[port]);
		}
		raceway_dp_close(all[i].dp);
	}
}
