/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What makes sense for a device of metal more than for a volume: START STOP UNIT, PREVENT ALLOW
 * MEDIUM REMOVAL, PRE-FETCH, READ DEFECT DATA. */
#include "scsi/bytes.h"
#include "scsi/command.h"

#define START 0x01
#define LOAD_EJECT 0x02
#define POWER_CONDITION 0xf0

static bool flushed(struct raceway_task *task)
{
	if (task->io.result)
		raceway_task_io_failed(task, task->io.result, true);
	else
		raceway_task_good(task);
	return false;
}

/* A volume has nothing that could stop, and nothing to eject. Before an initiator lets go of it,
 * what it wrote is brought to stable storage, as a device does that stops (SBC-3 5.25). */
void raceway_run_start_stop_unit(struct raceway_task *task)
{
	if (task->cdb[4] & (POWER_CONDITION | LOAD_EJECT)) {
		raceway_task_bad_cdb(task, 4);
		return;
	}
	if (task->cdb[4] & START) {
		raceway_task_good(task);
		return;
	}
	if (atomic_load(&task->itl->refused) & RACEWAY_NEED_WRITE) {
		raceway_task_status(task, RACEWAY_SCSI_RESERVATION_CONFLICT);
		return;
	}
	task->advance = flushed;
	raceway_task_submit(task, RACEWAY_IO_FLUSH, 0, 0, NULL);
}

/* The medium cannot be removed anyway. */
void raceway_run_prevent_allow(struct raceway_task *task)
{
	bool prevent = task->cdb[4] & 1;

	if (task->cdb[4] & 2)
		raceway_task_bad_cdb(task, 4);
	else if (prevent && (atomic_load(&task->itl->refused) & RACEWAY_NEED_WRITE))
		raceway_task_status(task, RACEWAY_SCSI_RESERVATION_CONFLICT);
	else
		raceway_task_good(task);
}

/* GOOD, not CONDITION MET: we do not claim that the blocks are in a cache (SBC-3 5.8). */
void raceway_run_prefetch(struct raceway_task *task)
{
	struct raceway_range range;

	raceway_cdb_range(task->cdb, &range);
	if (raceway_task_range_ok(task, &range))
		raceway_task_good(task);
}

/* Both lists are empty, in whatever format they are asked for. */
void raceway_run_read_defect(struct raceway_task *task)
{
	bool ten = task->command->bytes == 10;
	uint8_t data[8] = { 0, (task->cdb[ten ? 2 : 1]) & 0x1f };

	raceway_task_reply(task, data, ten ? 4 : 8,
			   ten ? raceway_get16(task->cdb + 7) : raceway_get32(task->cdb + 6));
}
