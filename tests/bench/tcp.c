// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* (c) One TCP flow between two local vNICs, and from a wire to a local vNIC, through Raceway
 * and through a Linux bridge in alternating rounds. Each end is a thread in a namespace. */
#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "replay.h"

#define ROUNDS 9
#define WARM_UP_S 0.15
#define MEASURE_S 0.6
#define CONNECT_S 5
#define PORT 7001
#define PATTERN_BYTES (1U << 20) /* the stream repeats itself after this */
#define CHUNK_BYTES (128U << 10)
#define SAMPLE_BYTES 512 /* one word of each is compared */
#define GBIT 1000000000ULL
#define BURST (16U << 20)
#define OF_BRIDGE 0.95

/* Ends by number: namespace, address and host end are named after it. */
enum end { GUEST_A = 1, GUEST_B, WIRE };

static uint64_t pattern[PATTERN_BYTES / sizeof(uint64_t)];

struct flow {
	const char *from, *to; /* namespaces */
	const char *address;   /* of the receiver */
	atomic_bool stop, failed;
	_Atomic uint64_t received, wrong;
	int listener;
};

static int socket_in(const char *netns)
{
	int ns = bench_netns_open(netns), fd;

	if (ns < 0)
		return ns;
	fd = setns(ns, CLONE_NEWNET) ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	close(ns);
	return fd < 0 ? -errno : fd;
}

static struct sockaddr_in address_of(const struct flow *flow)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	inet_pton(AF_INET, flow->address, &in.sin_addr);
	return in;
}

static void receive(struct flow *flow, int fd)
{
	static uint8_t buffer[CHUNK_BYTES];
	uint64_t at = 0;
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		/* Words at multiples of SAMPLE_BYTES of the stream. */
		uint64_t i = (SAMPLE_BYTES - at % SAMPLE_BYTES) % SAMPLE_BYTES;

		for (; i + sizeof(uint64_t) <= (uint64_t)n; i += SAMPLE_BYTES)
			if (memcmp(&buffer[i], (uint8_t *)pattern + (at + i) % PATTERN_BYTES,
				   sizeof(uint64_t)))
				flow->wrong++;
		at += (uint64_t)n;
		atomic_store_explicit(&flow->received, at, memory_order_relaxed);
	}
	if (n < 0 && !flow->stop)
		flow->failed = true;
}

static void *receiver(void *context)
{
	struct flow *flow = context;
	int fd;

	bench_pin_to_cpu(1);
	fd = accept(flow->listener, NULL, NULL);
	if (fd < 0) {
		flow->failed = true;
		return NULL;
	}
	receive(flow, fd);
	close(fd);
	return NULL;
}

static void *sender(void *context)
{
	struct flow *flow = context;
	struct sockaddr_in to = address_of(flow);
	uint64_t at = 0;
	int fd;

	bench_pin_to_cpu(0);
	fd = socket_in(flow->from);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		flow->failed = true;
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while (!flow->stop) {
		size_t want = PATTERN_BYTES - at % PATTERN_BYTES;
		ssize_t n = send(fd, (uint8_t *)pattern + at % PATTERN_BYTES,
				 want < CHUNK_BYTES ? want : CHUNK_BYTES, MSG_NOSIGNAL);

		if (n <= 0) {
			flow->failed = true;
			break;
		}
		at += (uint64_t)n;
	}
	close(fd);
	return NULL;
}

/* A thread of its own has the socket made, so that this one stays at home. */
static void *listen_in(void *context)
{
	const struct timeval patience = { .tv_sec = CONNECT_S };
	struct flow *flow = context;
	struct sockaddr_in to = address_of(flow);
	int fd = socket_in(flow->to), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) || listen(fd, 1))
		flow->failed = true;
	flow->listener = fd;
	return NULL;
}

static void pause_for(double seconds)
{
	const struct timespec pause = { .tv_nsec = (long)(seconds * RACEWAY_NSEC_PER_SEC) };

	nanosleep(&pause, NULL);
}

static int run_flow(struct flow *flow, double *ret_bps)
{
	pthread_t in, out;
	uint64_t before, after;
	double start, end;

	flow->received = flow->wrong = 0;
	flow->stop = flow->failed = false;
	flow->listener = -1;
	if (pthread_create(&in, NULL, listen_in, flow))
		return -EAGAIN;
	pthread_join(in, NULL);
	if (flow->failed || pthread_create(&in, NULL, receiver, flow))
		return bench_report_invalid("(c) %s does not listen", flow->to);
	if (pthread_create(&out, NULL, sender, flow))
		return -EAGAIN;
	pause_for(WARM_UP_S);
	before = flow->received;
	start = bench_now();
	pause_for(MEASURE_S);
	after = flow->received;
	end = bench_now();
	flow->stop = true;
	pthread_join(out, NULL);
	pthread_join(in, NULL);
	close(flow->listener);
	if (flow->failed || after == before || flow->wrong)
		return bench_report_invalid(
			"(c) %s to %s: %llu bytes, %llu wrong words", flow->from, flow->to,
			(unsigned long long)(after - before), (unsigned long long)flow->wrong);
	*ret_bps = 8 * (double)(after - before) / (end - start);
	return 0;
}

/* Guests 1 and 2 and a host on a wire (3), by Raceway (r) or by a bridge (b). The wire's far
 * end sends what a wire carries: whole frames with their checksums, no GSO packets. */
static int make_end(char side, unsigned int end)
{
	char name[8];
	int ret;

	snprintf(name, sizeof(name), "%c%u", side, end);
	ret = bench_netns_add(name);
	if (!ret)
		ret = bench_run("ip link add %sh type veth peer name eth0 netns %s", name, name);
	if (!ret)
		ret = bench_run("ip -n %s link set eth0 up address 02:00:00:00:00:0%u", name, end);
	if (!ret)
		ret = bench_run("ip -n %s addr add 10.0.0.%u/24 dev eth0", name, end);
	if (!ret && end == WIRE)
		ret = bench_run("ip netns exec %s ethtool -K eth0 tx off txvlan off gro on", name);
	return ret ? ret : bench_run("ip link set %sh up", name);
}

static int make_bridge(bool *ret_filtering)
{
	int ret = bench_bridge_add("brc", 10, ret_filtering);

	for (unsigned int end = GUEST_A; !ret && end <= WIRE; end++)
		ret = bench_run("ip link set b%uh master brc", end);
	return ret ? ret : bench_run("ethtool -K b%uh gro on", WIRE);
}

static int make_raceway(struct raceway_dp **ret_dp)
{
	const struct raceway_dp_rate rate = {
		.cir_bps = GBIT,
		.pir_bps = 90 * GBIT,
		.cbs_bytes = BURST,
		.pbs_bytes = 2 * BURST,
	};
	const struct raceway_dp_segment segment = { .number = 1, .uplink_port = 1 };
	struct raceway_dp_port port = {
		.name = "r3h",
		.dev = "r3h",
		.number = 1,
		.role = RACEWAY_ROLE_UPLINK,
		.rate_bps = 98 * GBIT,
		.ifindex = if_nametoindex("r3h"),
	};
	struct raceway_dp_vnic vnics[] = { { .name = "r1h" }, { .name = "r2h" } };
	const struct raceway_dp_config config = { &port, 1, &segment, 1, vnics, 2 };
	struct raceway_error err = { 0 };
	int ret = bench_dp_open("c", 0, ret_dp);

	for (unsigned int i = 0; i < 2; i++) {
		struct raceway_dp_vnic *vnic = &vnics[i];

		vnic->number = GUEST_A + i;
		bench_mac(vnic->number, vnic->mac);
		vnic->segment = 1;
		vnic->ifindex = if_nametoindex(vnic->name);
		vnic->mtu = 1500;
		vnic->up = vnic->spoofcheck = true;
		vnic->dir[RACEWAY_TX] = vnic->dir[RACEWAY_RX] = rate;
	}
	if (!ret)
		ret = bench_dp_fill(*ret_dp, &config);
	for (unsigned int i = 0; !ret && i < 2; i++)
		ret = raceway_dp_attach_vnic(*ret_dp, vnics[i].name, vnics[i].ifindex, &err);
	if (!ret)
		ret = bench_dp_attach(*ret_dp, &port, 1);
	return ret ? ret : bench_dp_fill(*ret_dp, &config);
}

static void report(const char *what, const char *reference, bool has_target, double *ours,
		   double *bridge)
{
	double x = bench_median(ours, ROUNDS), y = bench_median(bridge, ROUNDS);
	const struct bench_row row = {
		.part = 'c',
		.what = what,
		.unit = "Gbit/s",
		.ours = x / GBIT,
		.reference = y / GBIT,
		.reference_what = reference,
		.value = x / y,
		.target = has_target ? BENCH_AT_LEAST : BENCH_NO_TARGET,
		.limit = OF_BRIDGE,
		.target_text = ">= 0.95 of the bridge",
	};

	bench_report_row(&row);
}

/* Did all that the receiver got pass the data path, metered? */
static int check(struct raceway_dp *dp, uint64_t bytes)
{
	struct raceway_stats stats;
	uint64_t sum = 0;
	int ret = raceway_dp_stats(dp, GUEST_B, RACEWAY_RX, &stats);

	for (int i = 0; !ret && i < RACEWAY_RED; i++)
		sum += stats.colour[i].bytes;
	if (ret || sum < bytes)
		return bench_report_invalid("(c) %llu bytes counted, %llu received",
					    (unsigned long long)sum, (unsigned long long)bytes);
	return 0;
}

enum lane { LOCAL, LOCAL_BRIDGE, WIRED, WIRED_BRIDGE, WIRED_XDP_BRIDGE, LANES };

static int run_lane(enum lane lane, struct flow *flow, int empty, double *ret_bps)
{
	static const char *const from[LANES] = { "r1", "b1", "r3", "b3", "b3" };
	char name[8];
	int port, ret;

	flow->from = from[lane];
	flow->to = lane == LOCAL || lane == WIRED ? "r2" : "b2";
	flow->address = "10.0.0.2";
	if (lane != WIRED_XDP_BRIDGE)
		return run_flow(flow, ret_bps);
	snprintf(name, sizeof(name), "b%uh", WIRE);
	port = (int)if_nametoindex(name);
	ret = bpf_xdp_attach(port, empty, XDP_FLAGS_DRV_MODE, NULL);
	if (!ret)
		ret = run_flow(flow, ret_bps);
	return ret ? ret : bpf_xdp_detach(port, XDP_FLAGS_DRV_MODE, NULL);
}

static int run_rounds(struct raceway_dp *dp, bool filtering, int empty)
{
	const char *bridge = filtering ? "bridge, vlan_filtering" : "bridge, no VLANs here";
	double bps[LANES][ROUNDS];
	struct flow flow;
	uint64_t bytes = 0;
	int ret = 0;

	for (size_t i = 0; i < sizeof(pattern) / sizeof(pattern[0]); i++)
		pattern[i] = i * 0x9e3779b97f4a7c15ULL; /* no two words alike */
	for (unsigned int round = 0; !ret && round < ROUNDS; round++) {
		for (int lane = 0; !ret && lane < LANES; lane++) {
			ret = run_lane((enum lane)lane, &flow, empty, &bps[lane][round]);
			if (lane == LOCAL || lane == WIRED)
				bytes += flow.received;
		}
	}
	if (!ret)
		ret = check(dp, bytes);
	if (ret)
		return ret;
	report("one TCP flow, local vNIC to local vNIC", bridge, true, bps[LOCAL],
	       bps[LOCAL_BRIDGE]);
	report("one TCP flow, wire to local vNIC", bridge, true, bps[WIRED], bps[WIRED_BRIDGE]);
	report("one TCP flow, wire to local vNIC", "bridge behind an empty XDP", false, bps[WIRED],
	       bps[WIRED_XDP_BRIDGE]);
	return 0;
}

int bench_tcp(void)
{
	struct bench_replay replay = { 0 };
	struct raceway_dp *dp = NULL;
	bool filtering;
	int ret = bench_replay_open(-1, &replay);

	for (unsigned int end = GUEST_A; !ret && end <= WIRE; end++) {
		ret = make_end('r', end);
		if (!ret)
			ret = make_end('b', end);
	}
	if (!ret)
		ret = make_bridge(&filtering);
	if (!ret)
		ret = make_raceway(&dp);
	if (!ret)
		ret = run_rounds(dp, filtering, replay.empty);
	raceway_dp_close(dp);
	bench_replay_close(&replay);
	return ret;
}
