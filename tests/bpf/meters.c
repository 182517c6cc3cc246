// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rates in the programs: colours of a vNIC in both directions, who is charged and who is not,
 * the leaving port in debt, GSO packets by what they are on the wire, jumbo frames. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "bed.h"

static struct bed bed;

static void open_bed(void)
{
	bed_open(&bed);
}

TestSuite(meters, .init = open_bed);

/* Two frames of USUAL_BYTES green and two yellow; what flows in during a test is less than one. */
#define SLOW_CIR 1000
#define SLOW_PIR 2000

static void set_rate(uint32_t vnic, enum raceway_dir dir, uint64_t cir, uint64_t pir)
{
	bed_vnic(&bed, vnic)->dir[dir] = (struct raceway_dp_rate){
		.cir_bps = cir,
		.cbs_bytes = cir ? 2 * USUAL_BYTES : 0,
		.pir_bps = pir,
		.pbs_bytes = (cir ? 4 : 2) * USUAL_BYTES,
	};
	bed_fill(&bed);
}

static struct raceway_meter *meter(uint32_t vnic, enum raceway_dir dir)
{
	return &bed.dp->vnics[vnic].meter[dir];
}

static bool same_tats(const struct raceway_meter *a, const struct raceway_meter *b)
{
	return a->committed_tat == b->committed_tat && a->excess_tat == b->excess_tat;
}

static void empty(struct raceway_meter *m)
{
	m->committed_tat = m->excess_tat = bed_ticks() + RACEWAY_DEPTH_MAX / 2;
}

struct step {
	enum raceway_colour tx, rx;
	bool tx_lost, rx_lost;
};

/* A frame from A to B; a red one is counted red and dropped by the one whose meter it was. */
static void a_to_b(const char *what, struct step step, void (*fire_it)(struct bed *bed))
{
	arrives(&bed, what, F1, usual(B, A, NO_TAG));
	counted(&bed, A, RACEWAY_TX, step.tx);
	if (step.tx == RACEWAY_RED) {
		lost(&bed, A, RACEWAY_TX, RACEWAY_DROP_RATE);
	} else {
		counted(&bed, B, RACEWAY_RX, step.rx);
		if (step.rx == RACEWAY_RED)
			lost(&bed, B, RACEWAY_RX, RACEWAY_DROP_RATE);
		else
			leaves(&bed, F2, usual(B, A, TAGS(C_TAG(10, 1))));
	}
	fire_it(&bed);
}

static void colours(void (*fire_it)(struct bed *bed))
{
	static const enum raceway_colour order[] = { RACEWAY_GREEN,  RACEWAY_GREEN, RACEWAY_YELLOW,
						     RACEWAY_YELLOW, RACEWAY_RED,   RACEWAY_RED };
	struct raceway_meter before;

	set_rate(A, RACEWAY_TX, SLOW_CIR, SLOW_PIR);
	for (int i = 0; i < 6; i++) {
		before = *meter(A, RACEWAY_TX);
		a_to_b("tx", (struct step){ order[i], RACEWAY_YELLOW, 0, 0 }, fire_it);
		cr_expect_eq(order[i] == RACEWAY_GREEN,
			     before.committed_tat != meter(A, RACEWAY_TX)->committed_tat);
		cr_expect_eq(order[i] == RACEWAY_YELLOW,
			     before.excess_tat != meter(A, RACEWAY_TX)->excess_tat);
	}
	set_rate(A, RACEWAY_TX, 0, 0);
	set_rate(B, RACEWAY_RX, SLOW_CIR, SLOW_PIR);
	for (int i = 0; i < 6; i++)
		a_to_b("rx", (struct step){ RACEWAY_YELLOW, order[i], 0, 0 }, fire_it);
}

Test(meters, colours_xdp)
{
	colours(fire_xdp);
}

Test(meters, colours_tc)
{
	colours(fire_tc);
}

/* What is above its rate costs nobody else anything; what passes tx and not rx did cost tx. */
Test(meters, who_is_charged)
{
	struct raceway_meter before;

	set_rate(A, RACEWAY_TX, SLOW_CIR, SLOW_PIR);
	set_rate(B, RACEWAY_RX, SLOW_CIR, SLOW_PIR);
	a_to_b("both green", (struct step){ RACEWAY_GREEN, RACEWAY_GREEN, 0, 0 }, fire_xdp);
	empty(meter(B, RACEWAY_RX));
	before = *meter(B, RACEWAY_RX);
	a_to_b("rx red", (struct step){ RACEWAY_GREEN, RACEWAY_RED, 0, 0 }, fire_xdp);
	a_to_b("tx yellow", (struct step){ RACEWAY_YELLOW, RACEWAY_RED, 0, 0 }, fire_xdp);
	cr_expect(same_tats(&before, meter(B, RACEWAY_RX)), "red charges nothing");
	memset(meter(B, RACEWAY_RX), 0, sizeof(before));
	before = *meter(B, RACEWAY_RX);
	empty(meter(A, RACEWAY_TX));
	a_to_b("tx red", (struct step){ RACEWAY_RED, RACEWAY_RED, 0, 0 }, fire_xdp);
	cr_expect(!memcmp(&before, meter(B, RACEWAY_RX), sizeof(before)), "rx never asked");
	/* Directions and vNICs are apart. */
	passes(&bed, "the other direction", F2, usual(A, B, TAGS(C_TAG(10, 0))), F1,
	       usual(A, B, NO_TAG), B, A);
}

/* XDP decides before it charges: what it hands to the skb path is charged there, once. */
Test(meters, charged_once)
{
	struct raceway_meter before;

	set_rate(A, RACEWAY_TX, SLOW_CIR, SLOW_PIR);
	arrives(&bed, "to a guest", F1, usual(L, A, NO_TAG));
	leaves(&bed, H1, usual(L, A, NO_TAG));
	counted(&bed, A, RACEWAY_TX, RACEWAY_GREEN);
	counted(&bed, L, RACEWAY_RX, RACEWAY_YELLOW);
	before = *meter(A, RACEWAY_TX);
	for (int i = 0; i < 5; i++)
		fire_xdp(&bed);
	cr_expect(!memcmp(&before, meter(A, RACEWAY_TX), sizeof(before)));
	fire_tc(&bed);
	fire_tc(&bed);
}

Test(meters, guests)
{
	set_rate(L, RACEWAY_TX, 0, SLOW_PIR);
	set_rate(L, RACEWAY_RX, SLOW_CIR, SLOW_CIR);
	for (int i = 0; i < 2; i++) {
		passes(&bed, "tx", H1, usual(B, L, NO_TAG), F2, usual(B, L, TAGS(C_TAG(10, 2))), L,
		       B);
		arrives(&bed, "rx", F1, usual(L, A, NO_TAG));
		leaves(&bed, H1, usual(L, A, NO_TAG));
		counted(&bed, A, RACEWAY_TX, RACEWAY_YELLOW);
		counted(&bed, L, RACEWAY_RX, RACEWAY_GREEN);
		fire_tc(&bed);
	}
	arrives(&bed, "tx red", H1, usual(B, L, NO_TAG));
	counted(&bed, L, RACEWAY_TX, RACEWAY_RED);
	lost(&bed, L, RACEWAY_TX, RACEWAY_DROP_RATE);
	fire_tc(&bed);
	arrives(&bed, "rx red", F1, usual(L, A, NO_TAG));
	counted(&bed, A, RACEWAY_TX, RACEWAY_YELLOW);
	counted(&bed, L, RACEWAY_RX, RACEWAY_RED);
	lost(&bed, L, RACEWAY_RX, RACEWAY_DROP_RATE);
	fire_tc(&bed);
}

/* A port that must keep a rate: green always, and charged; yellow while there is room. */
static void spend_port(enum bed_dev port, uint64_t debt)
{
	bed.dp->port_meters[port + 1].tat =
		bed_ticks() + bed.dp->port_meters[port + 1].rate.depth + debt;
}

Test(meters, leaving_fabric_port)
{
	struct raceway_port_meter *port = &bed.dp->port_meters[F2 + 1];
	uint64_t before;

	bed.port[F2].rate_bps = 1000000;
	set_rate(B, RACEWAY_RX, SLOW_CIR, 0);
	cr_assert(port->rate.mult);
	port->debt = UINT16_MAX;
	/* As the receiver is within its guarantee. */
	for (int i = 0; i < 2; i++) {
		spend_port(F2, raceway_ticks(30 * RACEWAY_NSEC_PER_SEC));
		before = port->tat;
		a_to_b("green, port in debt", (struct step){ RACEWAY_YELLOW, RACEWAY_GREEN, 0, 0 },
		       i ? fire_tc : fire_xdp);
		cr_expect_eq(port->tat - before, raceway_cost(port->rate.mult, USUAL_BYTES));
	}
	for (int i = 0; i < 2; i++) {
		spend_port(F2, RACEWAY_DEPTH_MAX / 4);
		before = port->tat;
		arrives(&bed, "yellow, port in debt", F1, usual(B, A, NO_TAG));
		counted(&bed, A, RACEWAY_TX, RACEWAY_YELLOW);
		counted(&bed, B, RACEWAY_RX, RACEWAY_RED);
		lost(&bed, B, RACEWAY_RX, RACEWAY_DROP_PORT_RATE);
		(i ? fire_tc : fire_xdp)(&bed);
		cr_expect_eq(port->tat, before, "what did not leave was not charged");
	}
	port->tat = 0;
	before = bed_ticks();
	a_to_b("yellow, room", (struct step){ RACEWAY_YELLOW, RACEWAY_YELLOW, 0, 0 }, fire_xdp);
	cr_expect_geq(port->tat, before + raceway_cost(port->rate.mult, USUAL_BYTES));
	/* Another way out is not concerned. */
	spend_port(F2, RACEWAY_DEPTH_MAX / 4);
	passes(&bed, "the other port", F2, usual(A, B, TAGS(C_TAG(10, 0))), F1, usual(A, B, NO_TAG),
	       B, A);
}

/* Green may owe a port what all of its guarantees may send at once, and no more: what is sent
 * beyond that is not what they promised, and nobody shall wait for it. */
Test(meters, debt_of_a_port)
{
	struct raceway_port_meter *port = &bed.dp->port_meters[F2 + 1];
	uint64_t most, before;

	bed.port[F2].rate_bps = bed.port[U1].rate_bps = 1000000;
	set_rate(C, RACEWAY_TX, SLOW_CIR, 0);
	bed_vnic(&bed, D)->dir[RACEWAY_RX] = bed_vnic(&bed, C)->dir[RACEWAY_TX];
	bed_vnic(&bed, D)->dir[RACEWAY_RX].cbs_bytes = 100000;
	set_rate(B, RACEWAY_RX, SLOW_CIR, SLOW_PIR);
	/* 0.8 s of the rate and twice USUAL_BYTES, in steps of 1.05 ms and one more. */
	cr_expect_eq(port->debt, 801600 * 1000ULL * 256 / (1 << RACEWAY_DEBT_SHIFT) + 1);
	cr_expect_eq(bed.dp->port_meters[U1 + 1].debt, 2);
	cr_expect_eq(bed.dp->port_meters[F1 + 1].debt, 0);
	most = port->rate.depth + ((uint64_t)port->debt << RACEWAY_DEBT_SHIFT);
	for (int i = 0; i < 2; i++) {
		before = bed_ticks();
		port->tat = before + most;
		a_to_b("green, all of it used",
		       (struct step){ RACEWAY_YELLOW, RACEWAY_GREEN, 0, 0 },
		       i ? fire_tc : fire_xdp);
		cr_expect(port->tat >= before + most && port->tat <= bed_ticks() + most);
	}
	/* A sum that no number holds. */
	bed_vnic(&bed, D)->dir[RACEWAY_RX].cbs_bytes = UINT64_MAX;
	bed_fill(&bed);
	cr_expect_eq(port->debt, UINT16_MAX);
}

/* At an uplink the sender's colour decides. */
Test(meters, leaving_uplink)
{
	struct pkt in = usual(X, A, NO_TAG), out = usual(X, A, TAGS(C_TAG(100, 1)));

	bed.port[U1].rate_bps = 1000000;
	set_rate(A, RACEWAY_TX, SLOW_CIR, 0);
	for (int i = 0; i < 4; i++) {
		spend_port(U1, RACEWAY_DEPTH_MAX / 4);
		arrives(&bed, "port in debt", F1, in);
		if (i < 2) {
			counted(&bed, A, RACEWAY_TX, RACEWAY_GREEN);
			leaves(&bed, U1, out);
		} else {
			counted(&bed, A, RACEWAY_TX, RACEWAY_RED);
			lost(&bed, A, RACEWAY_TX, RACEWAY_DROP_PORT_RATE);
		}
		(i & 1 ? fire_tc : fire_xdp)(&bed);
	}
}

/* Copies of group frames are charged like all else, each to its receiver. */
Test(meters, copies)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct pkt in = frame(broadcast, mac_of(C), TAGS(C_TAG(20, 0)), USUAL_BYTES - 14);

	bed.port[U1].rate_bps = 1000000;
	set_rate(D, RACEWAY_RX, SLOW_CIR, SLOW_CIR);
	set_rate(C, RACEWAY_TX, 0, SLOW_PIR);
	empty(meter(D, RACEWAY_RX));
	spend_port(U1, RACEWAY_DEPTH_MAX / 4);
	for (int i = 0; i < 3; i++) {
		arrives(&bed, "copies", F1, in);
		if (i == 2) {
			counted(&bed, C, RACEWAY_TX, RACEWAY_RED);
			lost(&bed, C, RACEWAY_TX, RACEWAY_DROP_RATE);
			fire_tc(&bed);
			break;
		}
		counted(&bed, C, RACEWAY_TX, RACEWAY_YELLOW);
		lost(&bed, C, RACEWAY_TX, RACEWAY_DROP_PORT_RATE);
		counted(&bed, D, RACEWAY_RX, RACEWAY_RED);
		lost(&bed, D, RACEWAY_RX, RACEWAY_DROP_RATE);
		counted(&bed, M, RACEWAY_RX, RACEWAY_YELLOW);
		leaves(&bed, H2, frame(broadcast, mac_of(C), NO_TAG, USUAL_BYTES - 14));
		fire_tc(&bed);
	}
}

#define TCP_HEADERS 54

/* An IPv4 TCP frame of the guest behind H1 with `payload` bytes. */
static uint32_t tcp_frame(uint8_t *bytes, uint32_t payload)
{
	uint8_t *ip = bytes + 14, *tcp = ip + 20;

	memset(bytes, 0x5a, TCP_HEADERS + payload);
	memcpy(bytes, mac_of(X), 6);
	memcpy(bytes + 6, mac_of(L), 6);
	memcpy(bytes + 12, "\x08\x00", 2);
	memset(ip, 0, 40);
	ip[0] = 0x45;
	ip[2] = (uint8_t)((payload + 40) >> 8);
	ip[3] = (uint8_t)(payload + 40);
	ip[8] = 64;
	ip[9] = 6;
	tcp[12] = 0x50;
	return TCP_HEADERS + payload;
}

static int send_gso(uint32_t payload, uint32_t size, uint32_t segments)
{
	struct __sk_buff ctx = { .gso_size = size, .gso_segs = segments };
	static uint8_t bytes[4096];

	return run_tc(&bed, RACEWAY_PROG_VNIC, H1, bytes, tcp_frame(bytes, payload), &ctx);
}

/* Counted is what will be on the wire: every segment with headers of its own. */
Test(meters, gso_by_its_segments)
{
	struct raceway_drop_key mtu = {
		.id = L,
		.owner = RACEWAY_OWNER_VNIC,
		.dir = RACEWAY_TX,
		.reason = RACEWAY_DROP_MTU,
	};

	cr_expect_eq(send_gso(3000, 1000, 3), TC_ACT_REDIRECT);
	book_frame(&bed, L, RACEWAY_TX, RACEWAY_YELLOW, 3, 3000 + 3 * TCP_HEADERS);
	check_books(&bed, "three segments");
	cr_expect_eq(send_gso(2001, 1000, 0), TC_ACT_REDIRECT);
	book_frame(&bed, L, RACEWAY_TX, RACEWAY_YELLOW, 3, 2001 + 3 * TCP_HEADERS);
	check_books(&bed, "segments that nobody has counted");
	cr_expect_eq(send_gso(2920, 1460, 2), TC_ACT_REDIRECT);
	book_frame(&bed, L, RACEWAY_TX, RACEWAY_YELLOW, 2, 2920 + 2 * TCP_HEADERS);
	check_books(&bed, "segments as long as the link carries");
	cr_expect_eq(send_gso(2922, 1461, 2), TC_ACT_SHOT);
	book_drop(&bed, mtu, 2);
	check_books(&bed, "a byte longer");
	cr_expect_eq(send_gso(2000, 0, 0), TC_ACT_SHOT);
	book_drop(&bed, mtu, 1);
	check_books(&bed, "no GSO packet, and too long");
	cr_expect_eq(send_gso(1460, 0, 0), TC_ACT_REDIRECT);
	book_frame(&bed, L, RACEWAY_TX, RACEWAY_YELLOW, 1, 1514);
	check_books(&bed, "no GSO packet");
}

/* More bytes on the wire than the meter can charge at once: no frame. */
Test(meters, gso_beyond_the_meter)
{
	struct raceway_drop_key malformed = {
		.id = bed.ifindex[H1],
		.owner = RACEWAY_OWNER_PORT,
		.dir = RACEWAY_TX,
		.reason = RACEWAY_DROP_MALFORMED,
	};

	cr_expect_eq(send_gso(3000, 1000, 19000), TC_ACT_REDIRECT);
	book_frame(&bed, L, RACEWAY_TX, RACEWAY_YELLOW, 19000, 3000 + 19000 * TCP_HEADERS);
	check_books(&bed, "just below");
	cr_expect_eq(send_gso(3000, 1000, 19500), TC_ACT_SHOT);
	book_drop(&bed, malformed, 19500);
	check_books(&bed, "beyond");
}

static int run_jumbo(uint32_t payload)
{
	static uint8_t in[9100], out[9200];
	struct xdp_md ctx = { .data_end = payload + 14, .ingress_ifindex = bed.ifindex[F1] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = payload + 14,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);

	memcpy(in, mac_of(B), 6);
	memcpy(in + 6, mac_of(A), 6);
	in[12] = 0x88;
	in[13] = 0xb5;
	for (uint32_t i = 14; i < payload + 14; i++)
		in[i] = (uint8_t)(i * 7);
	cr_assert(!bpf_prog_test_run_opts(bed.dp->prog[RACEWAY_PROG_XDP], &opts), "%m");
	if (opts.retval == XDP_REDIRECT) {
		cr_expect_eq(opts.data_size_out, payload + 18);
		cr_expect(!memcmp(out, in, 12) && !memcmp(out + 16, in + 12, payload + 2));
		cr_expect(!memcmp(out + 12, "\x81\x00\x20\x0a", 4));
	}
	return (int)opts.retval;
}

/* Several buffers go by XDP only where the leaving driver says that it takes them. */
Test(meters, jumbo)
{
	struct raceway_port_meter *port = &bed.dp->port_meters[F2 + 1];

	bed_vnic(&bed, B)->mtu = 9000;
	bed_fill(&bed);
	port->flags = RACEWAY_LEAVING_FRAGS;
	cr_expect_eq(run_jumbo(9000), XDP_PASS, "longer than the leaving port: the skb tells");
	check_books(&bed, "handed over");
	port->mtu = 9000;
	cr_expect_eq(run_jumbo(9000), XDP_REDIRECT);
	book_frame(&bed, A, RACEWAY_TX, RACEWAY_YELLOW, 1, 9014);
	book_frame(&bed, B, RACEWAY_RX, RACEWAY_YELLOW, 1, 9014);
	check_books(&bed, "several buffers");
	port->flags = 0;
	cr_expect_eq(run_jumbo(9000), XDP_PASS);
	cr_expect_eq(run_jumbo(1500), XDP_REDIRECT, "one buffer always");
	book_frame(&bed, A, RACEWAY_TX, RACEWAY_YELLOW, 1, 1514);
	book_frame(&bed, B, RACEWAY_RX, RACEWAY_YELLOW, 1, 1514);
	check_books(&bed, "one buffer");
}
