// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The bed itself: namespace, devices, configuration. */
#include "bed.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEST_ETHERTYPE 0x88b5 /* IEEE 802, local experiments */

const char *const bed_dev_names[BED_DEVS] = { "f1", "f2", "u1", "u2", "h1", "h2" };

const char *bed_namespace(void)
{
	static char dir[] = "/tmp/raceway-bpf.XXXXXX";
	static const char *const files[] = { "/proc/sys/net/ipv6/conf/default/disable_ipv6",
					     "/proc/sys/net/ipv6/conf/all/disable_ipv6" };

	if (geteuid())
		cr_skip_test("needs root");
	cr_assert(!unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare: %m");
	cr_assert(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount: %m");
	/* Nothing of it outlives the namespace. */
	cr_assert(!mount("tmpfs", "/tmp", "tmpfs", 0, NULL), "mount: %m");
	cr_assert(mkdtemp(dir), "mkdtemp: %m");
	cr_assert(!mount("bpf", dir, "bpf", 0, NULL), "mount: %m");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_WRONLY | O_CLOEXEC);

		if (fd >= 0) {
			cr_assert(write(fd, "1", 1) == 1);
			close(fd);
		}
	}
	return dir;
}

void bed_ip(const char *lines)
{
	char path[] = "/tmp/batch.XXXXXX", *argv[] = { "ip", "-batch", path, NULL };
	int fd = mkstemp(path), status;
	pid_t pid;

	cr_assert(fd >= 0 && write(fd, lines, strlen(lines)) == (ssize_t)strlen(lines));
	close(fd);
	cr_assert(!posix_spawnp(&pid, "ip", NULL, NULL, argv, environ));
	cr_assert(waitpid(pid, &status, 0) == pid && !status, "ip failed at: %s", lines);
	unlink(path);
}

/* The kernel runs XDP tests for a veth's receive queue only once it has a program. */
static void attach_pass(uint32_t ifindex)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int prog = bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, 2, NULL);

	cr_assert_geq(prog, 0, "loading: %m");
	cr_assert_geq(bpf_link_create(prog, (int)ifindex, BPF_XDP, NULL), 0, "attaching: %m");
	close(prog);
}

static int packet_socket(const char *dev, uint16_t protocol)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	address.sll_ifindex = (int)if_nametoindex(dev);
	cr_assert(fd >= 0 && address.sll_ifindex);
	cr_assert(!setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)));
	cr_assert(!bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind: %m");
	return fd;
}

static void make_devices(struct bed *bed)
{
	char lines[4096];
	size_t at = 0;

	for (int i = 0; i < BED_DEVS; i++) {
		const char *name = bed_dev_names[i];

		at += (size_t)snprintf(lines + at, sizeof(lines) - at,
				       "link add %s type veth peer name %sp\n"
				       "link set %s address 02:00:00:00:02:0%d\n"
				       "link set %s up\nlink set %sp mtu 2000 up\n",
				       name, name, name, i, name, name);
	}
	bed_ip(lines);
	for (int i = 0; i < BED_DEVS; i++) {
		char peer[IFNAMSIZ];

		snprintf(peer, sizeof(peer), "%sp", bed_dev_names[i]);
		bed->ifindex[i] = if_nametoindex(bed_dev_names[i]);
		bed->in[i] = packet_socket(peer, 3 /* ETH_P_ALL */);
		bed->host[i] = packet_socket(bed_dev_names[i], TEST_ETHERTYPE);
		attach_pass(bed->ifindex[i]);
	}
}

const uint8_t *mac_of(uint32_t vnic)
{
	static uint8_t mac[X + 1][6];

	mac[vnic][0] = 2;
	mac[vnic][4] = vnic == X;
	mac[vnic][5] = (uint8_t)vnic;
	return mac[vnic];
}

struct place {
	uint16_t segment;
	int at;
	uint8_t pcp;
};

static const struct place places[BED_VNICS + 1] = {
	[A] = { 10, F1, 1 }, [B] = { 10, F2, 5 }, [C] = { 20, F1, 3 },	    [D] = { 20, F2, 0 },
	[L] = { 10, H1, 2 }, [M] = { 20, H2, 4 }, [P] = { 30, F1, 6 },	    [Q] = { 30, F2, 7 },
	[R] = { 40, F1, 0 }, [S] = { 40, F2, 0 }, [T] = { 50, F1, 0 },	    [U] = { 50, F2, 0 },
	[V] = { 60, F1, 0 }, [W] = { 70, F1, 0 }, [N] = { 10, NOWHERE, 0 },
};

static void make_config(struct bed *bed)
{
	static const struct raceway_dp_segment segments[BED_SEGMENTS] = {
		{ 10, U1 + 1, 100, RACEWAY_VEB },  { 20, U1 + 1, 0, RACEWAY_VEB },
		{ 30, U1 + 1, 300, RACEWAY_VEPA }, { 40, U1 + 1, 400, RACEWAY_PRIVATE },
		{ 50, 0, 0, RACEWAY_VEB },	   { 60, U2 + 1, 0, RACEWAY_VEB },
		{ 70, 0, 0, RACEWAY_PRIVATE },
	};

	memcpy(bed->segment, segments, sizeof(segments));
	for (int i = 0; i < BED_PORTS; i++) {
		struct raceway_dp_port *port = &bed->port[i];

		snprintf(port->name, sizeof(port->name), "%s", bed_dev_names[i]);
		snprintf(port->dev, sizeof(port->dev), "%s", bed_dev_names[i]);
		port->ifindex = bed->ifindex[i];
		port->number = (uint16_t)(i + 1);
		port->role = i < U1 ? RACEWAY_ROLE_FABRIC : RACEWAY_ROLE_UPLINK;
		port->native_segment = i == F1 ? 10 : 0;
		port->host_keep = i == U2;
	}
	for (uint32_t n = 1; n <= BED_VNICS; n++) {
		struct raceway_dp_vnic *vnic = bed_vnic(bed, n);
		int at = places[n].at;

		snprintf(vnic->name, sizeof(vnic->name), "test/%u", n);
		vnic->number = n;
		memcpy(vnic->mac, mac_of(n), 6);
		vnic->segment = places[n].segment;
		vnic->port = at >= 0 && at < BED_PORTS ? (uint16_t)(at + 1) : 0;
		vnic->ifindex = at >= BED_PORTS ? bed->ifindex[at] : 0;
		vnic->pcp = places[n].pcp;
		vnic->mtu = 1500;
		vnic->up = vnic->spoofcheck = true;
	}
	bed->config = (struct raceway_dp_config){
		.ports = bed->port,
		.port_count = BED_PORTS,
		.segments = bed->segment,
		.segment_count = BED_SEGMENTS,
		.vnics = bed->vnic,
		.vnic_count = BED_VNICS,
	};
}

struct raceway_dp_vnic *bed_vnic(struct bed *bed, uint32_t number)
{
	return &bed->vnic[number - 1];
}

void bed_fill(struct bed *bed)
{
	struct raceway_error err = { 0 };
	char text[512];

	cr_assert(!raceway_dp_fill(bed->dp, &bed->config, &err), "%s",
		  raceway_error_format(&err, text, sizeof(text)));
}

void bed_open(struct bed *bed)
{
	struct raceway_error err = { 0 };
	char dir[128], text[512];

	memset(bed, 0, sizeof(*bed));
	snprintf(dir, sizeof(dir), "%s/rw", bed_namespace());
	make_devices(bed);
	cr_assert(!raceway_dp_open(dir, BED_MAX_VNICS, &bed->dp, &err), "%s",
		  raceway_error_format(&err, text, sizeof(text)));
	make_config(bed);
	bed_fill(bed);
	for (int i = 0; i < BED_DEVS; i++)
		cr_assert(!raceway_attach_tc(bed->dp, bed_dev_names[i], bed->ifindex[i],
					     i < BED_PORTS ? RACEWAY_PROG_TC : RACEWAY_PROG_VNIC,
					     &err),
			  "%s", raceway_error_format(&err, text, sizeof(text)));
}

int bed_map_of(int prog, const char *end, uint32_t *ret_id)
{
	uint32_t ids[32] = { 0 }, size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info prog_info = { .nr_map_ids = 32, .map_ids = (uintptr_t)ids };

	cr_assert(!bpf_obj_get_info_by_fd(prog, &prog_info, &size));
	for (uint32_t i = 0; i < prog_info.nr_map_ids; i++) {
		struct bpf_map_info info = { 0 };
		int fd = bpf_map_get_fd_by_id(ids[i]);

		size = sizeof(info);
		cr_assert(fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size));
		*ret_id = info.id;
		if (strlen(info.name) >= strlen(end) &&
		    !strcmp(info.name + strlen(info.name) - strlen(end), end))
			return fd;
		close(fd);
	}
	cr_assert(false, "no map %s", end);
	return -1;
}

uint64_t bed_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return raceway_ticks((uint64_t)now.tv_sec * RACEWAY_NSEC_PER_SEC + (uint64_t)now.tv_nsec);
}

struct pkt frame(const uint8_t *dst, const uint8_t *src, const uint32_t *tags, uint32_t payload)
{
	struct pkt pkt = { .length = 12 };

	memcpy(pkt.bytes, dst, 6);
	memcpy(pkt.bytes + 6, src, 6);
	for (; *tags; tags++) {
		uint32_t tag = htonl(*tags);

		memcpy(pkt.bytes + pkt.length, &tag, 4);
		pkt.length += 4;
	}
	pkt.bytes[pkt.length++] = TEST_ETHERTYPE >> 8;
	pkt.bytes[pkt.length++] = TEST_ETHERTYPE & 0xff;
	cr_assert(pkt.length + payload <= sizeof(pkt.bytes));
	for (uint32_t i = 0; i < payload; i++)
		pkt.bytes[pkt.length++] = (uint8_t)(i * 7 + src[5] + dst[5]);
	return pkt;
}

struct pkt usual(uint32_t dst, uint32_t src, const uint32_t *tags)
{
	return frame(mac_of(dst), mac_of(src), tags, USUAL_BYTES - 14);
}
