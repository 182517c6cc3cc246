// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* (a) Nanoseconds per packet: the data path cut off after each stage, then whole, between two
 * vNICs on two fabric ports and to and from an uplink whose VLAN has another number. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "replay.h"
#include "stages.skel.h"

#define ROUNDS 25
#define REPEAT 200000
#define SEGMENT 10
#define UPLINK_VID 100
#define LIMIT_NS 150.0
#define LAN_HOST 0x10000 /* its address; the vNICs' are 1..4 */
#define GBIT 1000000000ULL
#define SHORT_BURST 1500 /* a committed bucket that is empty at once: all is yellow */
#define BURST (4U << 20)

enum port_number { PORT_A = 1, PORT_B, PORT_UPLINK, PORTS = PORT_UPLINK };
enum vnic_number { GREEN_A = 1, GREEN_B, YELLOW_A, YELLOW_B, VNICS = YELLOW_B };

enum subject {
	EMPTY,
	PARSE,
	SOURCE,
	DESTINATION,
	METERS,
	COUNTERS,
	WHOLE_GREEN,
	WHOLE_YELLOW,
	REWRITE,     /* the replay alone */
	TO_UPLINK,   /* behind the replay */
	FROM_UPLINK, /* behind the replay */
	SUBJECTS
};

struct stages {
	struct raceway_dp *dp;
	struct raceway_dp_port ports[PORTS];
	struct stages_bpf *cut;
	struct bench_replay alone, to_uplink, from_uplink;
	struct bench_subject subjects[SUBJECTS];
};

static int make_links(struct stages *s)
{
	static const char *const names[PORTS] = { "a0", "a1", "a2" };

	for (uint16_t i = 0; i < PORTS; i++) {
		struct raceway_dp_port *port = &s->ports[i];
		int ret =
			bench_run("ip link add %s up type veth peer name %sx", names[i], names[i]);

		if (!ret)
			ret = bench_run("ip link set %sx up", names[i]);
		if (ret)
			return ret;
		*port = (struct raceway_dp_port){
			.number = (uint16_t)(i + 1),
			.role = i + 1 == PORT_UPLINK ? RACEWAY_ROLE_UPLINK : RACEWAY_ROLE_FABRIC,
			.rate_bps = 98 * GBIT,
			.ifindex = if_nametoindex(names[i]),
		};
		snprintf(port->name, sizeof(port->name), "%s", names[i]);
		snprintf(port->dev, sizeof(port->dev), "%s", names[i]);
	}
	return 0;
}

static int fill(struct stages *s)
{
	const struct raceway_dp_segment segment = {
		.number = SEGMENT,
		.uplink_port = PORT_UPLINK,
		.uplink_vid = UPLINK_VID,
	};
	struct raceway_dp_vnic vnics[VNICS] = { 0 };
	const struct raceway_dp_config config = {
		.ports = s->ports,
		.port_count = PORTS,
		.segments = &segment,
		.segment_count = 1,
		.vnics = vnics,
		.vnic_count = VNICS,
	};

	for (uint32_t i = 0; i < VNICS; i++) {
		bool green = i + 1 < YELLOW_A;
		const struct raceway_dp_rate rate = {
			.cir_bps = green ? 40 * GBIT : RACEWAY_RATE_MIN_BPS,
			.pir_bps = 90 * GBIT,
			.cbs_bytes = green ? BURST : SHORT_BURST,
			.pbs_bytes = 2 * BURST,
		};

		vnics[i] = (struct raceway_dp_vnic){
			.number = i + 1,
			.segment = SEGMENT,
			.port = i % 2 ? PORT_B : PORT_A,
			.mtu = 1500,
			.up = true,
			.spoofcheck = true,
			.dir = { rate, rate },
		};
		snprintf(vnics[i].name, sizeof(vnics[i].name), "v%u", i + 1);
		bench_mac(i + 1, vnics[i].mac);
	}
	return bench_dp_fill(s->dp, &config);
}

/* The cut programs work on the data path's own tables. */
static int load_cut(struct stages *s)
{
	struct bpf_map *map;
	int ret = 0;

	s->cut = stages_bpf__open();
	if (!s->cut)
		return -errno;
	bpf_object__for_each_map (map, s->cut->obj) {
		for (int i = 0; !ret && i < RACEWAY_MAP_COUNT; i++)
			if (!strcmp(bpf_map__name(map), raceway_map_names[i]))
				ret = bpf_map__reuse_fd(map, s->dp->map[i]);
	}
	return ret ? ret : stages_bpf__load(s->cut);
}

static void frame_between(uint8_t *frame, uint32_t from, uint32_t to, uint16_t vid)
{
	uint8_t src[6], dst[6];

	bench_mac(from, src);
	bench_mac(to, dst);
	bench_frame(frame, dst, src, vid);
}

static void make_subjects(struct stages *s)
{
	const int progs[SUBJECTS] = {
		[EMPTY] = s->alone.empty,
		[PARSE] = bpf_program__fd(s->cut->progs.bench_parse),
		[SOURCE] = bpf_program__fd(s->cut->progs.bench_source),
		[DESTINATION] = bpf_program__fd(s->cut->progs.bench_destination),
		[METERS] = bpf_program__fd(s->cut->progs.bench_meters),
		[COUNTERS] = bpf_program__fd(s->cut->progs.bench_counters),
		[WHOLE_GREEN] = s->dp->prog[RACEWAY_PROG_XDP],
		[WHOLE_YELLOW] = s->dp->prog[RACEWAY_PROG_XDP],
		[REWRITE] = s->alone.prog,
		[TO_UPLINK] = s->to_uplink.prog,
		[FROM_UPLINK] = s->from_uplink.prog,
	};
	struct bench_replay *replays[] = { &s->alone, &s->to_uplink, &s->from_uplink };

	for (int i = 0; i < SUBJECTS; i++) {
		struct bench_subject *subject = &s->subjects[i];

		subject->prog = progs[i];
		subject->ifindex = s->ports[(i == FROM_UPLINK ? PORT_UPLINK : PORT_A) - 1].ifindex;
		subject->want = i < WHOLE_GREEN || i == REWRITE ? XDP_PASS : XDP_REDIRECT;
		frame_between(subject->frame, GREEN_A, GREEN_B, SEGMENT);
	}
	frame_between(s->subjects[WHOLE_YELLOW].frame, YELLOW_A, YELLOW_B, SEGMENT);
	frame_between(s->subjects[TO_UPLINK].frame, GREEN_A, LAN_HOST, SEGMENT);
	frame_between(s->subjects[FROM_UPLINK].frame, LAN_HOST, GREEN_B, UPLINK_VID);
	for (int i = 0; i < 3; i++) {
		memcpy(replays[i]->heads, s->subjects[REWRITE + i].frame, BENCH_HEAD_BYTES);
		bench_replay_use(replays[i], 1);
	}
}

/* Were the frames really sent on, as what they should be, and counted? */
static int check_frame(struct stages *s, enum subject which, uint32_t from, uint32_t to,
		       uint16_t vid)
{
	uint8_t want[BENCH_FRAME_BYTES];

	frame_between(want, from, to, vid);
	if (memcmp(s->subjects[which].out, want, sizeof(want)))
		return bench_report_invalid("(a) subject %d: wrong contents", which);
	return 0;
}

static int check_counter(struct stages *s, uint32_t vnic, enum raceway_dir dir,
			 enum raceway_colour colour, uint64_t want)
{
	struct raceway_stats stats;
	uint64_t all = 0;
	int ret = raceway_dp_stats(s->dp, vnic, dir, &stats);

	for (int i = 0; !ret && i < RACEWAY_COLOURS; i++)
		all += stats.colour[i].packets;
	/* A bucket begins full, so the first few may have another colour. */
	if (ret || all != want || stats.colour[colour].packets < want - want / 1000)
		return bench_report_invalid(
			"(a) vNIC %u counted %llu frames, %llu of colour %d, not %llu", vnic,
			(unsigned long long)all, (unsigned long long)stats.colour[colour].packets,
			(int)colour, (unsigned long long)want);
	return 0;
}

static int check(struct stages *s)
{
	const struct bench_subject *of = s->subjects;
	uint64_t both = of[COUNTERS].runs + of[WHOLE_GREEN].runs;
	uint64_t drops = bench_dp_drops(s->dp);
	int ret = drops ? bench_report_invalid("(a) %llu drops", (unsigned long long)drops) : 0;

	ret = ret ?: check_frame(s, WHOLE_GREEN, GREEN_A, GREEN_B, SEGMENT);
	ret = ret ?: check_frame(s, WHOLE_YELLOW, YELLOW_A, YELLOW_B, SEGMENT);
	ret = ret ?: check_frame(s, TO_UPLINK, GREEN_A, LAN_HOST, UPLINK_VID);
	ret = ret ?: check_frame(s, FROM_UPLINK, LAN_HOST, GREEN_B, SEGMENT);
	ret = ret
		      ?: check_counter(s, GREEN_A, RACEWAY_TX, RACEWAY_GREEN,
				       both + of[TO_UPLINK].runs);
	ret = ret
		      ?: check_counter(s, GREEN_B, RACEWAY_RX, RACEWAY_GREEN,
				       both + of[FROM_UPLINK].runs);
	ret = ret ?: check_counter(s, YELLOW_A, RACEWAY_TX, RACEWAY_YELLOW, of[WHOLE_YELLOW].runs);
	return ret ?: check_counter(s, YELLOW_B, RACEWAY_RX, RACEWAY_YELLOW, of[WHOLE_YELLOW].runs);
}

static void report(const struct stages *s)
{
	static const char *const what[SUBJECTS] = {
		[EMPTY] = "empty XDP program",
		[PARSE] = "parse",
		[SOURCE] = "+ port, segment, source, spoof check",
		[DESTINATION] = "+ destination, leaving port",
		[METERS] = "+ tx, rx and port meter",
		[COUNTERS] = "+ counters",
		[WHOLE_GREEN] = "whole path, two vNICs, within the guarantee",
		[WHOLE_YELLOW] = "whole path, two vNICs, above the guarantee",
		[TO_UPLINK] = "whole path, vNIC to uplink, tag translated",
		[FROM_UPLINK] = "whole path, uplink to vNIC, tag translated",
	};

	for (int i = 0; i < SUBJECTS; i++) {
		double ns = s->subjects[i].ns;
		struct bench_row row = {
			.part = 'a',
			.what = what[i],
			.unit = "ns",
			.reference = i ? s->subjects[EMPTY].ns : 0,
			.reference_what = "empty program",
			.limit = LIMIT_NS,
			.target_text = "<= 150 ns",
		};

		if (i == REWRITE)
			continue;
		/* Behind the replay there is a frame's parse and verdict, but no entry of its own.
		 */
		if (i > REWRITE)
			ns = ns - s->subjects[REWRITE].ns + s->subjects[EMPTY].ns;
		row.ours = row.value = ns;
		if (i >= WHOLE_GREEN)
			row.target = BENCH_AT_MOST;
		bench_report_row(&row);
	}
}

int bench_stages(void)
{
	struct stages s = { 0 };
	int ret = make_links(&s);

	if (!ret)
		ret = bench_dp_open("a", 0, &s.dp);
	if (!ret)
		ret = fill(&s);
	if (!ret)
		ret = bench_dp_attach(s.dp, s.ports, PORTS);
	if (!ret)
		ret = load_cut(&s);
	if (!ret)
		ret = bench_replay_open(-1, &s.alone);
	if (!ret)
		ret = bench_replay_open(s.dp->prog[RACEWAY_PROG_XDP], &s.to_uplink);
	if (!ret)
		ret = bench_replay_open(s.dp->prog[RACEWAY_PROG_XDP], &s.from_uplink);
	if (!ret) {
		make_subjects(&s);
		ret = bench_measure(s.subjects, SUBJECTS, ROUNDS, REPEAT);
	}
	if (!ret)
		ret = check(&s);
	if (!ret)
		report(&s);
	bench_replay_close(&s.from_uplink);
	bench_replay_close(&s.to_uplink);
	bench_replay_close(&s.alone);
	stages_bpf__destroy(s.cut);
	raceway_dp_close(s.dp);
	return ret;
}
