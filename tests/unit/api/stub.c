/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A data path that does nothing but remember. Stands in the place of userspace/loader. */
#include "stub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "loader/links.h"
#include "loader/send.h"

struct stub stub;
static char somewhere;

int raceway_dp_open(const char *pin_dir, uint32_t max_vnics, struct raceway_dp **ret_dp,
		    struct raceway_error *err)
{
	char path[128];

	/* As the data path does: the daemon locks it. */
	snprintf(path, sizeof(path), "%s/v%d", pin_dir, RACEWAY_LAYOUT);
	mkdir(path, 0700);
	*ret_dp = (struct raceway_dp *)&somewhere;
	return 0;
}

void raceway_dp_close(struct raceway_dp *dp)
{
}

uint32_t raceway_dp_max_vnics(const struct raceway_dp *dp)
{
	return 64;
}

int raceway_dp_change(struct raceway_dp *dp, const struct raceway_dp_config *config,
		      const struct raceway_dp_config *former, struct raceway_error *err)
{
	if (stub.fail_fill)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "stub", "", "no tables");
	stub.fills++;
	stub.ports = config->port_count;
	stub.segments = config->segment_count;
	stub.vnics = config->vnic_count;
	for (size_t i = 0; i < config->vnic_count && i < 64; i++)
		stub.vnic[i] = config->vnics[i];
	return 0;
}

void raceway_dp_settle(struct raceway_dp *dp)
{
	stub.settles++;
}

static void attach(uint32_t ifindex)
{
	for (size_t i = 0; i < stub.attached_count; i++)
		if (stub.attached[i] == ifindex)
			return;
	stub.attached[stub.attached_count++] = ifindex;
}

static void detach(uint32_t ifindex)
{
	for (size_t i = 0; i < stub.attached_count; i++)
		if (stub.attached[i] == ifindex)
			stub.attached[i] = stub.attached[--stub.attached_count];
}

int raceway_dp_attach_port(struct raceway_dp *dp, const struct raceway_dp_port *port,
			   struct raceway_error *err)
{
	if (stub.fail_attach_port)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, "stub", "mode",
					 "no native XDP");
	attach(port->ifindex);
	return 0;
}

int raceway_dp_detach_port(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   struct raceway_error *err)
{
	detach(ifindex);
	return 0;
}

int raceway_dp_attach_vnic(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   struct raceway_error *err)
{
	if (stub.fail_attach_vnic)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "stub", "", "no program");
	attach(ifindex);
	return 0;
}

int raceway_dp_detach_vnic(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   struct raceway_error *err)
{
	detach(ifindex);
	return 0;
}

int raceway_dp_retire(struct raceway_dp *dp, const uint32_t *keep_ifindex, size_t count,
		      struct raceway_error *err)
{
	for (size_t i = 0; i < stub.attached_count;) {
		bool kept = false;

		for (size_t k = 0; k < count; k++)
			kept |= keep_ifindex[k] == stub.attached[i];
		if (kept)
			i++;
		else
			detach(stub.attached[i]);
	}
	return 0;
}

int raceway_dp_upgrade(struct raceway_dp *dp, struct raceway_error *err)
{
	stub.upgrades++;
	return 0;
}

int raceway_dp_port_info(struct raceway_dp *dp, uint32_t ifindex,
			 struct raceway_dp_port_info *ret_info)
{
	*ret_info = (struct raceway_dp_port_info){ .attached = true,
						   .native = true,
						   .fq = stub.fq,
						   .warning = "peer: ethtool -K lan0 txvlan off" };
	return 0;
}

bool raceway_dp_paces(const struct raceway_dp *dp, uint16_t port)
{
	return stub.fq && port;
}

int raceway_dp_look_at_qdisc(struct raceway_dp *dp, uint32_t ifindex)
{
	stub.looked_at_qdisc++;
	return 0;
}

int raceway_link_get(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex)
{
	for (size_t i = 0; i < stub.attached_count; i++)
		if (stub.attached[i] == ifindex)
			return open("/dev/null", O_RDONLY | O_CLOEXEC);
	return -ENOENT;
}

int raceway_dp_stats(struct raceway_dp *dp, uint32_t vnic, enum raceway_dir dir,
		     struct raceway_stats *ret_stats)
{
	*ret_stats = (struct raceway_stats){ 0 };
	if (dir == RACEWAY_TX) {
		ret_stats->colour[RACEWAY_GREEN] = (struct raceway_count){ 10, stub.bytes };
		ret_stats->colour[RACEWAY_RED] = (struct raceway_count){ 3, 300 };
	}
	return 0;
}

int raceway_dp_drops(struct raceway_dp *dp,
		     int (*fn)(const struct raceway_drop_key *key, uint64_t packets, void *context),
		     void *context)
{
	const struct raceway_drop_key key = {
		.id = 1, .owner = RACEWAY_OWNER_VNIC, .dir = RACEWAY_TX, .reason = RACEWAY_DROP_RATE
	};

	return fn(&key, 3, context);
}

int raceway_dp_memory(struct raceway_dp *dp, uint64_t *ret_bytes)
{
	*ret_bytes = 1 << 20;
	return 0;
}

const char *raceway_drop_name(unsigned int reason)
{
	return reason == RACEWAY_DROP_RATE ? "rate" : NULL;
}

int raceway_dp_places(struct raceway_dp *dp, struct raceway_places *ret_places)
{
	*ret_places = (struct raceway_places){ 0 };
	return 0;
}

int raceway_send_open(int *ret_fd, struct raceway_error *err)
{
	*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return 0;
}

int raceway_send_frame(int fd, uint32_t ifindex, const uint8_t *frame, size_t bytes)
{
	return 0;
}
