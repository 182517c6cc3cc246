// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One frame through the programs of the bed: every byte and every counter. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"

#define WAIT_MS 1000

static uint16_t be16_at(const struct pkt *pkt, int at)
{
	return (uint16_t)(pkt->bytes[at] << 8 | pkt->bytes[at + 1]);
}

/* Bytes as the meters count: without the segment's tag, which only ports have, and without a
 * guest's priority tag. */
static uint32_t counted_bytes(const struct shot *shot)
{
	bool tagged = be16_at(&shot->in, 12) == 0x8100 &&
		      (shot->at < BED_PORTS || !(be16_at(&shot->in, 14) & 0xfff));

	return shot->in.length - (tagged ? 4 : 0);
}

void arrives(struct bed *bed, const char *what, enum bed_dev at, struct pkt in)
{
	bed->shot = (struct shot){ .what = what, .at = at, .in = in };
}

void leaves(struct bed *bed, enum bed_dev to, struct pkt out)
{
	bed->shot.copy[bed->shot.copies].to = to;
	bed->shot.copy[bed->shot.copies++].out = out;
}

void to_host(struct bed *bed, struct pkt out)
{
	bed->shot.host = true;
	bed->shot.host_out = out;
}

void to_host_with_tag(struct bed *bed, struct pkt untagged)
{
	to_host(bed, untagged);
	bed->shot.host_vlan = true;
}

void counted(struct bed *bed, uint32_t vnic, enum raceway_dir dir, enum raceway_colour colour)
{
	struct shot *shot = &bed->shot;

	shot->tally[shot->tallies].vnic = vnic;
	shot->tally[shot->tallies].dir = dir;
	shot->tally[shot->tallies].bytes = counted_bytes(shot);
	shot->tally[shot->tallies++].colour = colour;
}

void lost(struct bed *bed, uint32_t vnic, enum raceway_dir dir, enum raceway_drop reason)
{
	bed->shot.loss[bed->shot.losses++] = (struct raceway_drop_key){
		.id = vnic,
		.owner = RACEWAY_OWNER_VNIC,
		.dir = (uint8_t)dir,
		.reason = (uint16_t)reason,
	};
	bed->shot.mtu = bed->shot.mtu || reason == RACEWAY_DROP_MTU;
}

void lost_at(struct bed *bed, enum bed_dev at, enum raceway_drop reason)
{
	bed->shot.loss[bed->shot.losses++] = (struct raceway_drop_key){
		.id = bed->ifindex[at],
		.owner = RACEWAY_OWNER_PORT,
		.dir = RACEWAY_TX,
		.reason = (uint16_t)reason,
	};
	bed->shot.mtu = bed->shot.mtu || reason == RACEWAY_DROP_MTU;
}

void book_frame(struct bed *bed, uint32_t vnic, enum raceway_dir dir, enum raceway_colour colour,
		uint64_t packets, uint64_t bytes)
{
	bed->stats[vnic][dir].colour[colour].packets += packets;
	bed->stats[vnic][dir].colour[colour].bytes += bytes;
}

void book_drop(struct bed *bed, struct raceway_drop_key key, uint64_t packets)
{
	int i = 0;

	while (i < bed->drops && memcmp(&bed->drop[i].key, &key, sizeof(key)))
		i++;
	cr_assert_lt(i, 64);
	bed->drop[i].key = key;
	bed->drop[i].packets += packets;
	if (i == bed->drops)
		bed->drops++;
}

static void book_shot(struct bed *bed)
{
	const struct shot *shot = &bed->shot;

	for (int i = 0; i < shot->tallies; i++)
		book_frame(bed, shot->tally[i].vnic, shot->tally[i].dir, shot->tally[i].colour, 1,
			   shot->tally[i].bytes);
	for (int i = 0; i < shot->losses; i++)
		book_drop(bed, shot->loss[i], 1);
}

struct comparison {
	struct bed *bed;
	const char *what; /* NULL: say nothing */
	int seen, wrong;
};

static int compare_drop(const struct raceway_drop_key *key, uint64_t packets, void *context)
{
	struct comparison *c = context;
	uint64_t should = 0;

	for (int i = 0; i < c->bed->drops; i++)
		if (!memcmp(&c->bed->drop[i].key, key, sizeof(*key)))
			should = c->bed->drop[i].packets;
	c->seen += should != 0;
	c->wrong += packets != should;
	if (c->what)
		cr_expect_eq(packets, should, "%s: drop %s of %s %u %s is %lu, should be %lu",
			     c->what, raceway_drop_name(key->reason), key->owner ? "vnic" : "port",
			     key->id, key->dir ? "rx" : "tx", packets, should);
	return 0;
}

/* Returns how many counters are not as told. */
static int compare_books(struct bed *bed, const char *what)
{
	struct comparison c = { .bed = bed, .what = what };

	for (uint32_t n = 1; n <= BED_VNICS_MAX; n++)
		for (int d = 0; d < RACEWAY_DIRS; d++) {
			const struct raceway_stats *should = &bed->stats[n][d];
			struct raceway_stats is;

			cr_assert(!raceway_dp_stats(bed->dp, n, d, &is));
			if (!memcmp(&is, should, sizeof(is)))
				continue;
			c.wrong++;
			for (int k = 0; what && k < RACEWAY_COLOURS; k++)
				cr_expect(
					!memcmp(&is.colour[k], &should->colour[k],
						sizeof(is.colour[k])),
					"%s: vnic %u %s colour %d: %llu packets %llu bytes, should "
					"be %llu, %llu",
					what, n, d ? "rx" : "tx", k, is.colour[k].packets,
					is.colour[k].bytes, should->colour[k].packets,
					should->colour[k].bytes);
		}
	raceway_dp_drops(bed->dp, compare_drop, &c);
	if (what)
		cr_expect_eq(c.seen, bed->drops, "%s: %d drop counters, should be %d", what, c.seen,
			     bed->drops);
	return c.wrong + (c.seen != bed->drops);
}

void check_books(struct bed *bed, const char *what)
{
	cr_assert(!compare_books(bed, what), "%s: counters", what);
}

int run_xdp(struct bed *bed, enum bed_dev at, const struct pkt *in, struct pkt *out)
{
	struct xdp_md ctx = { .data_end = in->length, .ingress_ifindex = bed->ifindex[at] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->bytes, .data_size_in = in->length,
		    .data_out = out->bytes, .data_size_out = sizeof(out->bytes), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);

	cr_assert(!bpf_prog_test_run_opts(bed->dp->prog[RACEWAY_PROG_XDP], &opts),
		  "%s: test run of %u bytes: %m", bed->shot.what ?: "", in->length);
	out->length = opts.data_size_out;
	return (int)opts.retval;
}

int run_tc(struct bed *bed, int prog, enum bed_dev at, const void *in, uint32_t length,
	   struct __sk_buff *ctx)
{
	static uint8_t out[65536];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = length, .data_out = out,
		    .data_size_out = sizeof(out), .ctx_in = ctx, .ctx_size_in = sizeof(*ctx),
		    .repeat = 1);

	ctx->ifindex = bed->ifindex[at];
	cr_assert(!bpf_prog_test_run_opts(bed->dp->prog[prog], &opts), "test run: %m");
	return (int)opts.retval;
}

static void show(const char *what, const struct pkt *is, const struct pkt *should)
{
	char text[2][100];

	for (int w = 0; w < 2; w++)
		for (uint32_t i = 0; i < 32; i++)
			snprintf(text[w] + 3 * i, 4, "%02x ", (w ? should : is)->bytes[i]);
	cr_expect(false, "%s: %u bytes %s, should be %u bytes %s", what, is->length, text[0],
		  should->length, text[1]);
}

static void expect_pkt(const char *what, const struct pkt *is, const struct pkt *should)
{
	if (is->length != should->length || memcmp(is->bytes, should->bytes, is->length))
		show(what, is, should);
}

/* Only the wanted way out exists: taking another one is a drop. */
static void only_leaving(struct bed *bed, int port)
{
	for (uint32_t n = 1; n <= BED_PORTS; n++)
		bpf_map_delete_elem(bed->dp->map[RACEWAY_MAP_LEAVING], &n);
	for (uint32_t n = 1; n <= bed->config.port_count; n++)
		if (port < 0 || n == (uint32_t)port)
			cr_assert(!bpf_map_update_elem(bed->dp->map[RACEWAY_MAP_LEAVING], &n,
						       &bed->ifindex[n - 1], BPF_ANY));
}

static bool xdp_hands_over(const struct shot *shot)
{
	return (shot->in.bytes[0] & 1) || shot->host || shot->mtu ||
	       (shot->copies && shot->copy[0].to >= BED_PORTS);
}

void fire_xdp(struct bed *bed)
{
	const struct shot *shot = &bed->shot;
	struct pkt out = { 0 };
	int verdict;

	if (shot->copies && shot->copy[0].to < BED_PORTS)
		only_leaving(bed, shot->copy[0].to + 1);
	verdict = run_xdp(bed, shot->at, &shot->in, &out);
	only_leaving(bed, -1);
	if (xdp_hands_over(shot)) {
		cr_expect_eq(verdict, XDP_PASS, "%s: verdict %d, should pass", shot->what, verdict);
		expect_pkt(shot->what, &out, &shot->in);
		check_books(bed, shot->what);
		return;
	}
	cr_expect_eq(verdict, shot->copies ? XDP_REDIRECT : XDP_DROP, "%s: XDP verdict %d",
		     shot->what, verdict);
	if (shot->copies)
		expect_pkt(shot->what, &out, &shot->copy[0].out);
	book_shot(bed);
	check_books(bed, shot->what);
}

/* Receives one frame that came in, its tag put back. Returns false if there is none. */
static bool capture(int fd, struct pkt *pkt, int *ret_type)
{
	for (;;) {
		uint8_t control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
		struct sockaddr_ll from;
		struct iovec iov = { pkt->bytes, sizeof(pkt->bytes) - 4 };
		struct msghdr msg = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
		struct cmsghdr *c;

		if (n < 0)
			return false;
		if (from.sll_pkttype == PACKET_OUTGOING)
			continue;
		pkt->length = (uint32_t)n;
		*ret_type = from.sll_pkttype;
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			struct tpacket_auxdata aux;
			uint16_t tag[2];

			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
				continue;
			tag[0] = htons(aux.tp_vlan_tpid);
			tag[1] = htons(aux.tp_vlan_tci);
			memmove(pkt->bytes + 16, pkt->bytes + 12, pkt->length - 12);
			memcpy(pkt->bytes + 12, tag, sizeof(tag));
			pkt->length += 4;
		}
		return true;
	}
}

/* Takes what has come so far; each frame must be one of the copies told. */
static void take_copies(struct bed *bed, unsigned int *seen, bool *host)
{
	const struct shot *shot = &bed->shot;
	struct pkt pkt;
	int type;

	for (int dev = 0; dev < BED_DEVS; dev++) {
		while (capture(bed->in[dev], &pkt, &type)) {
			int i = 0;

			while (i < shot->copies && (shot->copy[i].to != dev || *seen & 1U << i))
				i++;
			cr_expect_lt(i, shot->copies, "%s: a frame of %u bytes too many at %s",
				     shot->what, pkt.length, bed_dev_names[dev]);
			if (i == shot->copies)
				continue;
			*seen |= 1U << i;
			expect_pkt(shot->what, &pkt, &shot->copy[i].out);
		}
		while (capture(bed->host[dev], &pkt, &type)) {
			cr_expect(shot->host && dev == (int)shot->at, "%s: the host got it at %s",
				  shot->what, bed_dev_names[dev]);
			if (shot->host)
				expect_pkt(shot->what, &pkt, &shot->host_out);
			if (shot->in.bytes[0] & 1) /* only those are for all but another VLAN's */
				cr_expect_eq(type == PACKET_OTHERHOST, shot->host_vlan,
					     "%s: the tag of the host's copy", shot->what);
			*host = true;
		}
	}
}

void fire_tc(struct bed *bed)
{
	const struct shot *shot = &bed->shot;
	unsigned int seen = 0, all = (1U << shot->copies) - 1;
	bool host = false;
	int wrong = 1;

	book_shot(bed);
	cr_assert_eq(send(bed->in[shot->at], shot->in.bytes, shot->in.length, 0),
		     (ssize_t)shot->in.length, "%s: send: %m", shot->what);
	for (int waited = 0; waited < WAIT_MS * 4; waited++) {
		take_copies(bed, &seen, &host);
		wrong = compare_books(bed, NULL);
		if (seen == all && host == shot->host && !wrong)
			break;
		usleep(250);
	}
	cr_expect_eq(seen, all, "%s: copies seen %x, should be %x", shot->what, seen, all);
	cr_expect_eq(host, shot->host, "%s: the host got it: %d", shot->what, host);
	if (wrong)
		compare_books(bed, shot->what);
	usleep(500); /* for what must not come */
	take_copies(bed, &seen, &host);
	/* The counters are cumulative: all that follows would fail too. */
	cr_assert(seen == all && host == shot->host && !wrong, "%s: through TC", shot->what);
}

void fire(struct bed *bed)
{
	if (bed->shot.at < BED_PORTS)
		fire_xdp(bed);
	fire_tc(bed);
}

void passes(struct bed *bed, const char *what, enum bed_dev at, struct pkt in, enum bed_dev to,
	    struct pkt out, uint32_t tx, uint32_t rx)
{
	arrives(bed, what, at, in);
	leaves(bed, to, out);
	if (tx)
		counted(bed, tx, RACEWAY_TX, RACEWAY_YELLOW);
	if (rx)
		counted(bed, rx, RACEWAY_RX, RACEWAY_YELLOW);
	fire(bed);
}

void is_lost(struct bed *bed, const char *what, enum bed_dev at, struct pkt in, uint32_t vnic,
	     enum raceway_dir dir, enum raceway_drop reason)
{
	arrives(bed, what, at, in);
	if (vnic)
		lost(bed, vnic, dir, reason);
	else
		lost_at(bed, at, reason);
	fire(bed);
}
