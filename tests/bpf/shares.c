// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a vNIC that was idle may send at once, and a leaving port that is short of room: green
 * always, yellow by the share of the vNIC whose colour decides.
 *
 * Where a port is concerned its depth is so long that what flows in meanwhile decides nothing. */
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "bed.h"

#define TICKS_PER_MS raceway_ticks(1000000)
#define IDLE_BPS 8000000 /* 1,000 bytes per ms */
#define IDLE_BURST 1000000

static struct bed bed;

static void setup(void)
{
	bed_open(&bed);
}

TestSuite(shares, .init = setup);

static struct raceway_meter *meter(uint32_t vnic, enum raceway_dir dir)
{
	return &bed.dp->vnics[vnic].meter[dir];
}

/* The same frame `times` over, within microseconds: it must leave as it came. Returns the bytes
 * that passed. */
static uint64_t repeat(enum raceway_prog prog, enum bed_dev at, uint32_t src, const struct pkt *in,
		       uint32_t times)
{
	struct xdp_md xdp = { .data_end = in->length, .ingress_ifindex = bed.ifindex[at] };
	struct __sk_buff skb = { .ifindex = bed.ifindex[at] };
	bool is_xdp = prog == RACEWAY_PROG_XDP;
	uint8_t out[2048];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->bytes, .data_size_in = in->length,
		    .data_out = out, .data_size_out = sizeof(out), .repeat = (int)times,
		    .ctx_in = is_xdp ? (void *)&xdp : &skb,
		    .ctx_size_in = is_xdp ? sizeof(xdp) : sizeof(skb));
	struct raceway_stats before, after;

	cr_assert(!raceway_dp_stats(bed.dp, src, RACEWAY_TX, &before));
	cr_assert(!bpf_prog_test_run_opts(bed.dp->prog[prog], &opts), "test run: %m");
	cr_assert(!raceway_dp_stats(bed.dp, src, RACEWAY_TX, &after));
	return after.colour[RACEWAY_YELLOW].bytes - before.colour[RACEWAY_YELLOW].bytes;
}

static void set_idle(uint32_t vnic, uint32_t idle_ms)
{
	bed_vnic(&bed, vnic)->dir[RACEWAY_TX] = (struct raceway_dp_rate){
		.pir_bps = IDLE_BPS,
		.pbs_bytes = IDLE_BURST,
		.idle_ms = idle_ms,
	};
	bed_fill(&bed);
	memset(meter(vnic, RACEWAY_TX), 0, sizeof(struct raceway_meter));
}

/* Of a frame with 46 bytes of payload. */
static void make_ack(struct pkt *pkt)
{
	uint8_t *ip = pkt->bytes + pkt->length - 46;

	memset(ip, 0, 46);
	memcpy(ip - 2, "\x08\x00\x45\x00\x00\x28", 6);
	ip[9] = 6;
	ip[32] = 0x50;
	ip[33] = 0x10;
}

static void idle_burst(enum raceway_prog prog, enum bed_dev at, uint32_t src, uint32_t dst,
		       const uint32_t *tags)
{
	struct pkt large = frame(mac_of(dst), mac_of(src), tags, 1000 - 14);
	struct pkt small = frame(mac_of(dst), mac_of(src), tags, 60 - 14);
	uint64_t most = RACEWAY_IDLE_MS * 1000, start, passed, gained;

	make_ack(&small);
	set_idle(src, RACEWAY_IDLE_MS);
	start = bed_ticks();
	passed = repeat(prog, at, src, &large, 64);
	/* All but the reserve, by whole frames. */
	gained = (bed_ticks() - start) / (TICKS_PER_MS / 1000);
	cr_expect_geq(passed, most * 3 / 4 - 1000, "%lu bytes", passed);
	cr_expect_leq(passed, most * 3 / 4 + gained, "%lu bytes", passed);
	passed += repeat(prog, at, src, &small, 1000);
	gained = (bed_ticks() - start) / (TICKS_PER_MS / 1000);
	cr_expect_geq(passed, most - 60, "%lu bytes", passed);
	cr_expect_leq(passed, most + gained, "%lu bytes", passed);
	/* Credit that was earned is there at once, and a depth that was chosen. */
	set_idle(src, RACEWAY_IDLE_MS);
	meter(src, RACEWAY_TX)->busy = bed_ticks() + RACEWAY_PATIENCE;
	cr_expect_eq(repeat(prog, at, src, &large, 64), 64000);
	set_idle(src, 0);
	cr_expect_eq(repeat(prog, at, src, &large, 64), 64000);
}

Test(shares, idle_xdp)
{
	idle_burst(RACEWAY_PROG_XDP, F1, C, D, TAGS(C_TAG(20, 0)));
}

Test(shares, idle_tc)
{
	idle_burst(RACEWAY_PROG_VNIC, H1, L, A, NO_TAG);
}

#define PORT_BPS 16000
#define PORT_DEPTH (1000000 * TICKS_PER_MS)

/* A way out, and who is charged for yellow there. */
struct way {
	enum bed_dev at, to;
	uint32_t src, dst;
	uint32_t in[2], out[2];
	uint32_t tx, rx, who;
	enum raceway_dir dir;
};

static const struct way ways[] = {
	{ F1, F2, A, B, { 0 }, { C_TAG(10, 1) }, A, B, B, RACEWAY_RX },
	{ F1, U1, A, X, { 0 }, { C_TAG(100, 1) }, A, 0, A, RACEWAY_TX },
	{ U1, F2, X, B, { C_TAG(100, 0) }, { C_TAG(10, 5) }, 0, B, B, RACEWAY_RX },
	{ H1, F2, L, B, { 0 }, { C_TAG(10, 2) }, L, B, B, RACEWAY_RX },
	{ H1, U1, L, X, { 0 }, { C_TAG(100, 2) }, L, 0, L, RACEWAY_TX },
};

enum lack { ROOM, HALF_IN_USE, FULL };

static struct raceway_port_meter *prepare(const struct way *way, enum lack lack, bool contended)
{
	const uint64_t used[] = { PORT_DEPTH / 4, PORT_DEPTH / 4 * 3, PORT_DEPTH };
	struct raceway_port_meter *port = &bed.dp->port_meters[way->to + 1];
	uint64_t now = bed_ticks();

	port->rate.depth = PORT_DEPTH;
	port->tat = now + used[lack] + (lack == FULL ? TICKS_PER_MS * 10000 : 0);
	port->contended = contended ? now + RACEWAY_PATIENCE : 0;
	port->green = 0;
	memset(&port->vnics, 0, sizeof(port->vnics));
	for (uint32_t n = 1; n <= BED_VNICS; n++)
		for (int d = 0; d < RACEWAY_DIRS; d++)
			memset(&meter(n, d)->port, 0, sizeof(struct raceway_class));
	return port;
}

static void expect(const char *what, const struct way *way, enum raceway_colour colour)
{
	struct pkt out = usual(way->dst, way->src, way->out);

	arrives(&bed, what, way->at, usual(way->dst, way->src, way->in));
	if (way->tx)
		counted(&bed, way->tx, RACEWAY_TX,
			way->dir == RACEWAY_TX ? colour : RACEWAY_YELLOW);
	if (way->rx)
		counted(&bed, way->rx, RACEWAY_RX, colour);
	if (colour == RACEWAY_RED)
		lost(&bed, way->who, way->dir, RACEWAY_DROP_PORT_RATE);
	else
		leaves(&bed, way->to, out);
}

typedef void hook_fn(struct bed *bed);

static uint64_t cost_of(const struct raceway_port_meter *port)
{
	return raceway_cost(port->rate.mult, USUAL_BYTES);
}

/* Yellow where half of the depth is in use and the port contended. */
static void by_share(const struct way *way, uint16_t weight, hook_fn *fire_it)
{
	struct raceway_class *class = &meter(way->who, way->dir)->port;
	struct raceway_port_meter *port;
	uint64_t tat, own;

	bed_vnic(&bed, way->who)->weight = weight;
	bed_fill(&bed);
	port = prepare(way, HALF_IN_USE, true);
	tat = port->tat;
	own = bed_ticks() + TICKS_PER_MS * 100000;
	class->tat = own;
	expect("within its share", way, RACEWAY_YELLOW);
	fire_it(&bed);
	cr_expect_eq(port->tat - tat, cost_of(port));
	cr_expect_eq(class->tat - own, cost_of(port) / weight);
	cr_expect_eq(class->window & ~RACEWAY_WINDOW_ID_MASK, cost_of(port) / weight);
	for (uint32_t n = 1; n <= BED_VNICS; n++)
		for (int d = 0; d < RACEWAY_DIRS; d++)
			cr_expect_eq(!!meter(n, d)->port.tat, n == way->who && d == (int)way->dir,
				     "vnic %u %s", n, d ? "rx" : "tx");
	port = prepare(way, HALF_IN_USE, true);
	class->tat = bed_ticks() + PORT_DEPTH;
	tat = port->tat;
	expect("over its share", way, RACEWAY_RED);
	fire_it(&bed);
	cr_expect_eq(port->tat, tat);
	cr_expect_gt(port->vnics.window & RACEWAY_SUM_MASK, 0, "what it asked for counts");
	cr_expect(!(port->vnics.window & RACEWAY_CROWDED));
}

/* What does not ask for shares, and what has none. */
static void by_room(const struct way *way, hook_fn *fire_it)
{
	struct raceway_class *class = &meter(way->who, way->dir)->port;
	struct raceway_vnic *vnic = &bed.dp->vnics[way->who];
	uint16_t *weight = &vnic->slot[vnic->valid & 1].weight;
	struct raceway_port_meter *port;
	uint64_t tat;

	for (int contended = 0; contended < 2; contended++) {
		prepare(way, contended ? ROOM : HALF_IN_USE, contended);
		tat = class->tat = bed_ticks() + PORT_DEPTH;
		expect("anybody's room", way, RACEWAY_YELLOW);
		fire_it(&bed);
		cr_expect_eq(class->tat, tat);
		port = prepare(way, FULL, contended);
		expect("no room", way, RACEWAY_RED);
		fire_it(&bed);
		cr_expect_eq(!!(port->vnics.window & RACEWAY_CROWDED), contended);
		cr_expect_gt(port->contended, bed_ticks());
		/* A policy without a weight has the least, it is not green. */
		*weight = 0;
		expect("no room, no weight", way, RACEWAY_RED);
		fire_it(&bed);
		*weight = 1;
	}
}

static void green(const struct way *way, hook_fn *fire_it)
{
	struct raceway_class *class = &meter(way->who, way->dir)->port;
	struct raceway_port_meter *port;
	uint64_t tat;

	for (int contended = 0; contended < 2; contended++) {
		port = prepare(way, FULL, contended);
		memset(meter(way->who, way->dir), 0, sizeof(struct raceway_meter));
		tat = port->tat;
		expect("green", way, RACEWAY_GREEN);
		fire_it(&bed);
		cr_expect_eq(port->tat - tat, cost_of(port));
		cr_expect_eq(port->green & ~RACEWAY_WINDOW_ID_MASK, contended ? cost_of(port) : 0);
		cr_expect(!class->tat && !class->window);
	}
}

static void all_ways(hook_fn *fire_it)
{
	bed.port[F2].rate_bps = bed.port[U1].rate_bps = PORT_BPS;
	bed_fill(&bed);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct way *way = &ways[i];
		struct raceway_dp_rate *rate = &bed_vnic(&bed, way->who)->dir[way->dir];

		if (way->at >= BED_PORTS && fire_it == fire_xdp)
			continue;
		by_share(way, 3, fire_it);
		by_share(way, 1, fire_it);
		by_room(way, fire_it);
		*rate = (struct raceway_dp_rate){ .cir_bps = 1000000, .cbs_bytes = 100000 };
		bed_fill(&bed);
		green(way, fire_it);
		*rate = (struct raceway_dp_rate){ 0 };
		bed_fill(&bed);
	}
}

Test(shares, leaving_port_xdp)
{
	all_ways(fire_xdp);
}

Test(shares, leaving_port_tc)
{
	all_ways(fire_tc);
}

/* A change of policy leaves meters and counters alone; a number used anew has no past. */
Test(shares, policy_changes)
{
	struct raceway_dp_rate rate = {
		.pir_bps = IDLE_BPS,
		.pbs_bytes = IDLE_BURST,
		.idle_ms = RACEWAY_IDLE_MS,
	};
	struct raceway_meter before[RACEWAY_DIRS];
	static struct raceway_stats cpu[1024];
	uint32_t key = B * RACEWAY_DIRS + RACEWAY_RX;
	uint64_t now, begin;

	cr_assert_leq(bed.dp->cpus, 1024);
	bed_vnic(&bed, B)->dir[RACEWAY_RX] = bed_vnic(&bed, B)->dir[RACEWAY_TX] = rate;
	bed_fill(&bed);
	for (int i = 0; i < 3; i++)
		passes(&bed, "traffic", F1, usual(B, A, NO_TAG), F2,
		       usual(B, A, TAGS(C_TAG(10, 1))), A, B);
	cr_assert(!bpf_map_lookup_elem(bed.dp->map[RACEWAY_MAP_STATS], &key, cpu));
	cpu[0].colour[RACEWAY_MARKED] = (struct raceway_count){ 3, 300 };
	cr_assert(!bpf_map_update_elem(bed.dp->map[RACEWAY_MAP_STATS], &key, cpu, BPF_ANY));
	book_frame(&bed, B, RACEWAY_RX, RACEWAY_MARKED, 3, 300);
	for (int d = 0; d < RACEWAY_DIRS; d++) {
		/* Nothing ahead that a new rate would scale. */
		memset(meter(B, d), 0x11 * (d + 1), sizeof(before[d]));
		meter(B, d)->committed_tat = meter(B, d)->excess_tat = 7;
		before[d] = *meter(B, d);
	}
	bed_vnic(&bed, B)->weight = 9;
	bed_vnic(&bed, B)->dir[RACEWAY_RX].pir_bps *= 2;
	bed_vnic(&bed, B)->dir[RACEWAY_TX].idle_ms = 0;
	bed_fill(&bed);
	cr_expect(!memcmp(before, bed.dp->vnics[B].meter, sizeof(before)));
	cr_expect_eq(bed.dp->vnics[B].slot[bed.dp->vnics[B].valid & 1].weight, 9);
	check_books(&bed, "after a change");
	bed.dp->vnics[B].group_tat = 7;
	*bed_vnic(&bed, B) = *bed_vnic(&bed, W);
	bed.config.vnic_count--;
	bed_fill(&bed);
	bed_vnic(&bed, B)->number = B;
	now = bed_ticks();
	bed_fill(&bed);
	begin = bed.dp->vnics[B].group_tat;
	cr_expect(begin >= now && begin <= bed_ticks(), "begins now");
	for (int d = 0; d < RACEWAY_DIRS; d++) {
		raceway_meter_begin(&before[d], begin);
		cr_expect(!memcmp(meter(B, d), &before[d], sizeof(before[d])));
	}
	memset(bed.stats[B], 0, sizeof(bed.stats[B]));
	check_books(&bed, "a number used anew");
}
