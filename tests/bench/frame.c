// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames and repeated test runs. The time is the kernel's, in whole nanoseconds: around the
 * system call one would also measure how it prepares a program for being run, some 10 ms. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <raceway/parse.h>

#include "bench.h"

#define IPV4_VERSION_IHL 0x45
#define IPV4_TTL 64
#define IPV4_TOTAL (BENCH_FRAME_BYTES - RACEWAY_ETH_HLEN - RACEWAY_VLAN_HLEN)
#define UDP_PORT 4096

void bench_mac(uint32_t number, uint8_t ret_mac[6])
{
	const uint8_t mac[6] = {
		0x02, 0, 0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number,
	};

	memcpy(ret_mac, mac, sizeof(mac));
}

static void put_be16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/* RFC 1071. A bridge with netfilter drops frames whose header checksum is wrong, silently. */
static uint16_t checksum(const uint8_t *p, size_t bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes; i += 2)
		sum += raceway_load_be16(p + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void bench_frame(uint8_t *frame, const uint8_t dst[6], const uint8_t src[6], uint16_t vid)
{
	uint8_t *ip = frame + RACEWAY_ETH_HLEN + RACEWAY_VLAN_HLEN;
	uint8_t *udp = ip + RACEWAY_IPV4_HLEN_MIN;

	memset(frame, 0, BENCH_FRAME_BYTES);
	memcpy(frame, dst, RACEWAY_ETH_ALEN);
	memcpy(frame + RACEWAY_ETH_ALEN, src, RACEWAY_ETH_ALEN);
	put_be16(frame + 12, RACEWAY_ETH_P_8021Q);
	put_be16(frame + 14, vid);
	put_be16(frame + 16, RACEWAY_ETH_P_IP);
	ip[0] = IPV4_VERSION_IHL;
	put_be16(ip + 2, IPV4_TOTAL);
	ip[8] = IPV4_TTL;
	ip[9] = RACEWAY_IPPROTO_UDP;
	memcpy(ip + 12, (const uint8_t[]){ 10, 0, 0, 1, 10, 0, 0, 2 }, 8);
	put_be16(ip + 10, checksum(ip, RACEWAY_IPV4_HLEN_MIN));
	put_be16(udp, UDP_PORT);
	put_be16(udp + 2, UDP_PORT);
	put_be16(udp + 4, IPV4_TOTAL - RACEWAY_IPV4_HLEN_MIN);
}

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / RACEWAY_NSEC_PER_SEC;
}

static int measure_once(struct bench_subject *s, uint32_t repeat)
{
	struct xdp_md ctx = { .data_end = BENCH_FRAME_BYTES, .ingress_ifindex = s->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = s->frame, .data_size_in = BENCH_FRAME_BYTES,
		    .data_out = s->out, .data_size_out = BENCH_FRAME_BYTES,
		    .ctx_in = s->ifindex ? &ctx : NULL, .ctx_size_in = s->ifindex ? sizeof(ctx) : 0,
		    .repeat = (int)repeat);
	int ret = bpf_prog_test_run_opts(s->prog, &opts);
	double ns = opts.duration;

	if (ret)
		return bench_report_invalid("test run: %s", strerror(-ret));
	if (opts.retval != s->want)
		return bench_report_invalid("verdict %u instead of %u", opts.retval, s->want);
	s->runs += repeat;
	if (s->ns <= 0 || ns < s->ns)
		s->ns = ns;
	return 0;
}

int bench_measure(struct bench_subject *subject, size_t count, unsigned int rounds, uint32_t repeat)
{
	for (unsigned int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			int ret = measure_once(&subject[i], repeat);

			if (ret)
				return ret;
		}
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}
