/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PERSISTENT RESERVE IN (SPC-4 6.15). */
#include <stdlib.h>
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/reserve.h"
#include "util/cleanup.h"

#define HEADER 8 /* PRGENERATION, ADDITIONAL LENGTH */
#define RESERVATION_BYTES 16
#define STATUS_BYTES 24 /* and the TransportID */
#define STATUS_ALL_TG_PT 0x02
#define STATUS_HOLDER 0x01

static uint32_t allocation(const struct raceway_task *task)
{
	return raceway_get16(task->cdb + 7);
}

static size_t put_keys(const struct raceway_pr *pr, uint8_t *to)
{
	for (size_t i = 0; i < pr->count; i++)
		raceway_put64(to + 8 * i, pr->list[i].key);
	return 8 * pr->count;
}

/* The key is zero where all registrants hold it (SPC-4 6.15.3.2). */
static size_t put_reservation(const struct raceway_pr *pr, uint8_t *to)
{
	if (!pr->type)
		return 0;
	memset(to, 0, RESERVATION_BYTES);
	raceway_put64(to, raceway_pr_all(pr->type) ? 0 : pr->list[pr->holder].key);
	to[13] = pr->type;
	return RESERVATION_BYTES;
}

static size_t put_full_status(const struct raceway_pr *pr, uint8_t *to)
{
	uint8_t *end = to;

	for (size_t i = 0; i < pr->count; i++) {
		const struct raceway_registration *r = &pr->list[i];

		memset(end, 0, STATUS_BYTES);
		raceway_put64(end, r->key);
		if (r->all_ports)
			end[12] |= STATUS_ALL_TG_PT;
		if (pr->type && (raceway_pr_all(pr->type) || pr->holder == i)) {
			end[12] |= STATUS_HOLDER;
			end[13] = pr->type;
		}
		raceway_put16(end + 18, r->all_ports ? 0 : r->port);
		raceway_put32(end + 20, r->id_bytes);
		memcpy(end + STATUS_BYTES, r->id, r->id_bytes);
		end += STATUS_BYTES + r->id_bytes;
	}
	return (size_t)(end - to);
}

/* A list behind the header, made under the lock. */
static void reply(struct raceway_task *task, size_t per_registration,
		  size_t (*put)(const struct raceway_pr *pr, uint8_t *to))
{
	struct raceway_lu *lu = task->lu;
	RACEWAY_FREE uint8_t *data = NULL;
	size_t bytes = 0;

	pthread_mutex_lock(&lu->lock);
	data = malloc(HEADER + RESERVATION_BYTES + lu->pr->count * per_registration);
	if (data) {
		raceway_put32(data, lu->pr->generation);
		bytes = put(lu->pr, data + HEADER);
		raceway_put32(data + 4, (uint32_t)bytes);
	}
	pthread_mutex_unlock(&lu->lock);
	if (data)
		raceway_task_reply(task, data, HEADER + bytes, allocation(task));
	else
		raceway_task_status(task, RACEWAY_SCSI_BUSY);
}

static void report_capabilities(struct raceway_task *task)
{
	uint8_t data[8] = { 0 };

	data[1] = sizeof(data);
	data[2] = 0x1c; /* CRH SIP_C ATP_C */
	if (task->lu->options.keep)
		data[2] |= 0x01; /* PTPL_C */
	data[3] = 0x80;		 /* TMV */
	pthread_mutex_lock(&task->lu->lock);
	if (task->lu->pr->keep)
		data[3] |= 0x01; /* PTPL_A */
	pthread_mutex_unlock(&task->lu->lock);
	data[4] = 0xea; /* types 7, 6, 5, 3, 1 */
	data[5] = 0x01; /* type 8 */
	raceway_task_reply(task, data, sizeof(data), allocation(task));
}

void raceway_run_persistent_reserve_in(struct raceway_task *task)
{
	switch (task->cdb[1] & 0x1f) {
	case RACEWAY_SA_PR_READ_KEYS:
		reply(task, 8, put_keys);
		return;
	case RACEWAY_SA_PR_READ_RESERVATION:
		reply(task, 0, put_reservation);
		return;
	case RACEWAY_SA_PR_REPORT_CAPABILITIES:
		report_capabilities(task);
		return;
	default:
		reply(task, STATUS_BYTES + RACEWAY_TRANSPORT_ID_MAX, put_full_status);
	}
}
