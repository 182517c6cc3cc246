/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* REPORT SUPPORTED OPERATION CODES and REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS (SPC-4 6.35,
 * 6.36), out of the table that the commands are checked by. */
#include <stdlib.h>
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "util/cleanup.h"

#define RCTD 0x80 /* time-outs too */
#define TIMEOUTS_BYTES 12
#define ALL_HEADER 4
#define ALL_DESCRIPTOR 8
#define ONE_HEADER 4
#define SUPPORT_NONE 1
#define SUPPORT_STANDARD 3

enum option {
	ALL,
	BY_OPCODE,	  /* it must have no service actions */
	BY_ACTION,	  /* it must have some */
	BY_OPCODE_ACTION, /* whichever fits */
};

/* No time is told: a volume may be as slow as what is behind it. */
static uint8_t *put_timeouts(uint8_t *to)
{
	memset(to, 0, TIMEOUTS_BYTES);
	raceway_put16(to, TIMEOUTS_BYTES - 2);
	return to + TIMEOUTS_BYTES;
}

static uint8_t *put_command(const struct raceway_command *command, bool timeouts, uint8_t *to)
{
	memset(to, 0, ALL_DESCRIPTOR);
	to[0] = command->opcode;
	if (command->service_action != RACEWAY_NO_SERVICE_ACTION) {
		raceway_put16(to + 2, (uint8_t)command->service_action);
		to[5] = 0x01; /* SERVACTV */
	}
	raceway_put16(to + 6, command->bytes);
	if (!timeouts)
		return to + ALL_DESCRIPTOR;
	to[5] |= 0x02; /* CTDP */
	return put_timeouts(to + ALL_DESCRIPTOR);
}

static void report_all(struct raceway_task *task, bool timeouts, uint32_t allocation)
{
	size_t room = ALL_HEADER + raceway_command_count * (ALL_DESCRIPTOR + TIMEOUTS_BYTES);
	RACEWAY_FREE uint8_t *data = malloc(room);
	uint8_t *end;

	if (!data) {
		raceway_task_status(task, RACEWAY_SCSI_BUSY);
		return;
	}
	end = data + ALL_HEADER;
	for (size_t i = 0; i < raceway_command_count; i++)
		if (raceway_command_served(&raceway_commands[i], task->lu))
			end = put_command(&raceway_commands[i], timeouts, end);
	raceway_put32(data, (uint32_t)(end - data - ALL_HEADER));
	raceway_task_reply(task, data, (size_t)(end - data), allocation);
}

static void report_one(struct raceway_task *task, const struct raceway_command *command,
		       bool timeouts, uint32_t allocation)
{
	uint8_t data[ONE_HEADER + RACEWAY_CDB_CHECKED + TIMEOUTS_BYTES] = { 0 };
	uint8_t *end = data + ONE_HEADER;

	if (!command || !raceway_command_served(command, task->lu)) {
		data[1] = SUPPORT_NONE;
		raceway_task_reply(task, data, ONE_HEADER, allocation);
		return;
	}
	data[1] = SUPPORT_STANDARD;
	raceway_put16(data + 2, command->bytes);
	memcpy(end, command->usage, command->bytes);
	end[0] = command->opcode;
	if (command->service_action != RACEWAY_NO_SERVICE_ACTION)
		end[1] = (uint8_t)((end[1] & 0xe0) | command->service_action);
	end += command->bytes;
	if (timeouts) {
		data[1] |= 0x80; /* CTDP */
		end = put_timeouts(end);
	}
	raceway_task_reply(task, data, (size_t)(end - data), allocation);
}

void raceway_run_report_opcodes(struct raceway_task *task)
{
	bool timeouts = task->cdb[2] & RCTD, plain, other;
	unsigned int option = task->cdb[2] & 7, action = raceway_get16(task->cdb + 4);
	uint32_t allocation = raceway_get32(task->cdb + 6);
	const struct raceway_command *command;

	if (option == ALL) {
		report_all(task, timeouts, allocation);
		return;
	}
	command = raceway_command_find(task->cdb[3], RACEWAY_NO_SERVICE_ACTION, &other);
	plain = command;
	if (option > BY_OPCODE_ACTION || (option == BY_OPCODE && other && !plain) ||
	    (option == BY_ACTION && plain)) {
		raceway_task_bad_cdb(task, 2);
		return;
	}
	if (option != BY_OPCODE && !plain)
		command = action > 0x1f ? NULL
					: raceway_command_find(task->cdb[3], (int)action, NULL);
	if (option == BY_OPCODE_ACTION && plain && action)
		command = NULL;
	report_one(task, command, timeouts, allocation);
}

void raceway_run_report_tmfs(struct raceway_task *task)
{
	bool extended = task->cdb[2] & 0x80;
	uint8_t data[16] = { 0 };

	data[0] = 0xde; /* ABORT TASK (SET), CLEAR TASK SET, LU RESET, QUERY TASK, TARGET RESET */
	data[1] = 0x06; /* QUERY ASYNCHRONOUS EVENT, QUERY TASK SET */
	data[3] = extended ? 12 : 0;
	raceway_task_reply(task, data, extended ? 16 : 4, raceway_get32(task->cdb + 6));
}
