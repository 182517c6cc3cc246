/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Target port groups (SPC-4 5.15): all ports of a unit are one group, and either of the two states
 * that an initiator may put it into gives access to everything. */
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/vpd.h"

#define PORTS_MAX 64
#define GROUP_HEADER 8
#define STATE_OPTIMIZED 0
#define STATE_NON_OPTIMIZED 1
#define SUPPORTED 0x03 /* those two */
#define CHANGED_BY_COMMAND 1
#define EXTENDED_FORMAT 1

static void add_port(uint16_t *ports, size_t *count, uint16_t port)
{
	for (size_t i = 0; i < *count; i++)
		if (ports[i] == port)
			return;
	if (*count < PORTS_MAX)
		ports[(*count)++] = port;
}

/* Ports through which somebody sees the unit now; that of the task first. */
static size_t find_ports(const struct raceway_task *task, uint16_t *ports, uint8_t *ret_state)
{
	struct raceway_lu *lu = task->lu;
	size_t count = 0;

	add_port(ports, &count, task->nexus->options.relative_port);
	pthread_mutex_lock(&lu->lock);
	for (const struct raceway_itl *itl = lu->itls; itl; itl = itl->next)
		add_port(ports, &count, itl->nexus->options.relative_port);
	*ret_state = lu->access_state;
	pthread_mutex_unlock(&lu->lock);
	return count;
}

void raceway_run_report_port_groups(struct raceway_task *task)
{
	unsigned int format = task->cdb[1] >> 5;
	size_t header = format == EXTENDED_FORMAT ? 8 : 4, ports;
	uint8_t data[8 + GROUP_HEADER + 4 * PORTS_MAX] = { 0 }, *group = data + header, state;
	uint16_t port[PORTS_MAX];

	if (format > EXTENDED_FORMAT) {
		raceway_task_bad_cdb(task, 1);
		return;
	}
	ports = find_ports(task, port, &state);
	group[0] = state;
	group[1] = SUPPORTED;
	raceway_put16(group + 2, RACEWAY_PORT_GROUP);
	group[5] = state == STATE_OPTIMIZED ? 0 : CHANGED_BY_COMMAND;
	group[7] = (uint8_t)ports;
	for (size_t i = 0; i < ports; i++)
		raceway_put16(group + GROUP_HEADER + 4 * i + 2, port[i]);
	if (format == EXTENDED_FORMAT)
		data[4] = EXTENDED_FORMAT << 4;
	raceway_put32(data, (uint32_t)(header - 4 + GROUP_HEADER + 4 * ports));
	raceway_task_reply(task, data, header + GROUP_HEADER + 4 * ports,
			   raceway_get32(task->cdb + 6));
}

/* A list of states and groups, of which ours is the only one (SPC-4 6.45). */
void raceway_run_set_port_groups(struct raceway_task *task)
{
	uint32_t bytes = raceway_get32(task->cdb + 6);
	struct raceway_lu *lu = task->lu;
	uint8_t state = UINT8_MAX, old;

	if (bytes && !raceway_task_list_ok(task, bytes))
		return;
	if (bytes && bytes % 4) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_PARAMETER_LIST_LENGTH);
		return;
	}
	for (uint32_t at = 4; at < bytes; at += 4) {
		state = task->out[at] & 0x0f;
		if (state > STATE_NON_OPTIMIZED ||
		    raceway_get16(task->out + at + 2) != RACEWAY_PORT_GROUP) {
			raceway_task_bad_list(task, (uint16_t)at);
			return;
		}
	}
	if (state == UINT8_MAX) {
		raceway_task_good(task);
		return;
	}
	pthread_mutex_lock(&lu->lock);
	old = lu->access_state;
	lu->access_state = state;
	pthread_mutex_unlock(&lu->lock);
	if (old != state)
		raceway_attention_raise(lu, RACEWAY_ATTENTION_ACCESS_CHANGED, task->itl);
	raceway_task_good(task);
}
