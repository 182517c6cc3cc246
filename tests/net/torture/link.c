// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The session: login, reading back, and commands with their answers, by libiscsi. */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_S 10
#define CHECK_CELLS 32U
#define ISID_QUALIFIER 1
#define ISID_MASK 0xffffffU
/* Of a hundred commands. */
#define SHARE_FUA 15U
#define SHARE_UNMAP 10U
#define SHARE_SYNC 3U
#define LARGE_ONE_IN 16U
#define SMALL_CELLS_MAX 8U
#define TRIES_MAX 8

uint32_t random_below(uint64_t *state, uint32_t bound)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((*state >> 33) % bound);
}

static int capacity(struct link *link)
{
	struct scsi_task *task = iscsi_readcapacity16_sync(link->iscsi, link->lun);
	const struct scsi_readcapacity16 *rc;
	int ret = -ENOTCONN;

	if (!task)
		return ret;
	rc = task->status == SCSI_STATUS_GOOD ? scsi_datain_unmarshall(task) : NULL;
	if (rc) {
		link->block_bytes = rc->block_length;
		link->unmaps = rc->lbpme && rc->lbprz;
		ret = 0;
		if (!rc->block_length || CELL_BYTES % rc->block_length ||
		    (rc->returned_lba + 1) * rc->block_length <
			    (uint64_t)link->cells->count * CELL_BYTES) {
			fprintf(stderr, "torture: the LUN is too small for %u cells\n",
				link->cells->count);
			ret = -EINVAL;
		}
	}
	scsi_free_scsi_task(task);
	return ret;
}

int link_open(struct link *link)
{
	struct iscsi_url *url;
	int ret = -EINVAL;

	link->iscsi = iscsi_create_context(link->initiator ? link->initiator
							   : "iqn.2026-11.local.raceway:torture");
	url = link->iscsi ? iscsi_parse_full_url(link->iscsi, link->url) : NULL;
	if (!url) {
		fprintf(stderr, "torture: %s: %s\n", link->url,
			link->iscsi ? iscsi_get_error(link->iscsi) : "no memory");
		goto drop;
	}
	link->lun = url->lun;
	iscsi_set_noautoreconnect(link->iscsi, 1);
	iscsi_set_timeout(link->iscsi, TIMEOUT_S);
	iscsi_set_session_type(link->iscsi, ISCSI_SESSION_NORMAL);
	iscsi_set_targetname(link->iscsi, url->target);
	iscsi_set_header_digest(link->iscsi, ISCSI_HEADER_DIGEST_NONE_CRC32C);
	/* The same session each time: the target ends the old one's commands before it answers. */
	iscsi_set_isid_random(link->iscsi, link->run & ISID_MASK, ISID_QUALIFIER);
	if (url->user[0])
		iscsi_set_initiator_username_pwd(link->iscsi, url->user, url->passwd);
	ret = -ENOTCONN;
	if (!iscsi_full_connect_sync(link->iscsi, url->portal, url->lun))
		ret = capacity(link);
	iscsi_destroy_url(url);
drop:
	if (ret)
		link_drop(link);
	return ret;
}

unsigned int link_drop(struct link *link)
{
	unsigned int cut = link->under_way;

	if (link->iscsi)
		iscsi_destroy_context(link->iscsi); /* answers all that is under way */
	link->iscsi = NULL;
	return cut;
}

static int flush(struct link *link)
{
	struct scsi_task *task = iscsi_synchronizecache10_sync(link->iscsi, link->lun, 0, 0, 0, 0);
	int ret = task && task->status == SCSI_STATUS_GOOD ? 0 : -ENOTCONN;

	if (task)
		scsi_free_scsi_task(task);
	return ret;
}

int link_check(struct link *link, struct cells_found *found)
{
	uint32_t blocks = CELL_BYTES / link->block_bytes;

	/* What is read must not be lost any more. */
	if (flush(link))
		return -ENOTCONN;
	for (uint32_t i = 0, n; i < link->cells->count; i += n) {
		struct scsi_task *task;
		int ret = -ENOTCONN;

		n = link->cells->count - i;
		if (n > CHECK_CELLS)
			n = CHECK_CELLS;
		task = iscsi_read16_sync(link->iscsi, link->lun, (uint64_t)i * blocks,
					 n * CELL_BYTES, (int)link->block_bytes, 0, 0, 0, 0, 0);
		if (task && task->status == SCSI_STATUS_GOOD &&
		    task->datain.size == (int)(n * CELL_BYTES)) {
			cells_check(link->cells, i, n, task->datain.data, found);
			ret = 0;
		}
		if (task)
			scsi_free_scsi_task(task);
		if (ret)
			return ret;
	}
	return 0;
}

static void ended(struct iscsi_context *iscsi, int status, void *command_data, void *private_data)
{
	struct op *op = private_data;
	struct link *link = op->link;
	struct scsi_task *task = command_data;
	bool acked = status == SCSI_STATUS_GOOD;

	if (acked)
		link->done[op->kind]++;
	if (op->kind != OP_SYNC) {
		cells_end(link->cells, op->first, op->count, acked, op->kind == OP_WRITE_FUA);
	} else {
		link->syncing = false;
		if (acked)
			cells_sync_end(link->cells);
	}
	if (status == SCSI_STATUS_CHECK_CONDITION && task->sense.key != SCSI_SENSE_UNIT_ATTENTION) {
		link->refused++;
		fprintf(stderr, "torture: command %d refused: %s\n", (int)op->kind,
			iscsi_get_error(iscsi));
	}
	op->used = false;
	link->under_way--;
	if (task)
		scsi_free_scsi_task(task);
}

static struct scsi_task *send_op(struct link *link, struct op *op)
{
	uint32_t blocks = CELL_BYTES / link->block_bytes;
	struct unmap_list range = { (uint64_t)op->first * blocks, op->count * blocks };

	switch (op->kind) {
	case OP_SYNC:
		return iscsi_synchronizecache16_task(link->iscsi, link->lun, 0, 0, 0, 0, ended, op);
	case OP_UNMAP:
		return iscsi_unmap_task(link->iscsi, link->lun, 0, 0, &range, 1, ended, op);
	default:
		return iscsi_write16_task(link->iscsi, link->lun, range.lba, op->data,
					  op->count * CELL_BYTES, (int)link->block_bytes, 0, 0,
					  op->kind == OP_WRITE_FUA, 0, 0, ended, op);
	}
}

static enum op_kind choose(const struct link *link, uint64_t *random)
{
	uint32_t dice = random_below(random, 100);

	if (dice < SHARE_SYNC)
		return link->syncing ? OP_WRITE : OP_SYNC;
	dice -= SHARE_SYNC;
	if (dice < SHARE_UNMAP)
		return link->unmaps ? OP_UNMAP : OP_WRITE;
	return dice - SHARE_UNMAP < SHARE_FUA ? OP_WRITE_FUA : OP_WRITE;
}

/* False: all cells that were tried have a command. */
static bool prepare(struct link *link, struct op *op, uint64_t *random)
{
	struct cells *cells = link->cells;

	op->kind = choose(link, random);
	if (op->kind == OP_SYNC) {
		link->syncing = true;
		cells_sync_begin(cells);
		return true;
	}
	op->count = random_below(random, LARGE_ONE_IN) ? 1 + random_below(random, SMALL_CELLS_MAX)
						       : 1 + random_below(random, OP_CELLS_MAX);
	for (int i = 0; i < TRIES_MAX; i++) {
		op->first = random_below(random, cells->count - op->count + 1);
		if (!cells_take(cells, op->first, op->count))
			continue;
		cells_write(cells, op->first, op->count, op->kind == OP_UNMAP ? NULL : op->data);
		return true;
	}
	return false;
}

void link_fill(struct link *link, uint64_t *random)
{
	for (unsigned int i = 0; i < OPS_MAX && link->under_way < link->depth; i++) {
		struct op *op = &link->ops[i];

		if (op->used)
			continue;
		if (!prepare(link, op, random))
			return;
		op->link = link;
		op->used = true;
		link->under_way++;
		if (!send_op(link, op)) {
			ended(link->iscsi, SCSI_STATUS_CANCELLED, NULL, op);
			return;
		}
	}
}

int link_wait(struct link *link, int ms)
{
	struct pollfd fd = {
		.fd = iscsi_get_fd(link->iscsi),
		.events = (short)iscsi_which_events(link->iscsi),
	};

	if (poll(&fd, 1, ms) < 0 && errno != EINTR)
		return -errno;
	return iscsi_service(link->iscsi, fd.revents) ? -ENOTCONN : 0;
}
