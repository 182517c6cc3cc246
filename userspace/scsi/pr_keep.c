/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Persistent reservations on stable storage, and that a unit is not sanitized yet: a header and a
 * record for each registration, all numbers big-endian, and a sum over everything. The same on
 * every machine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/reserve.h"
#include "util/cleanup.h"

#define MAGIC 0x52575052U /* "RWPR" */
#define VERSION 1
#define HEADER 16 /* magic, version, type, kept, registrations, holder, sum */
#define RECORD 16 /* key, port, all ports, length of the ID, reserved; the ID follows */
#define SUM_AT 12
#define STATE_MAX (HEADER + RACEWAY_REGISTRATIONS_MAX * (RECORD + RACEWAY_TRANSPORT_ID_MAX))

/* FNV-1a, with the four bytes of the sum itself left out. */
static uint32_t sum_of(const uint8_t *state, size_t bytes)
{
	uint32_t sum = 2166136261U;

	for (size_t i = 0; i < bytes; i++)
		if (i < SUM_AT || i >= SUM_AT + 4)
			sum = (sum ^ state[i]) * 16777619U;
	return sum;
}

static uint8_t *put_record(const struct raceway_registration *r, uint8_t *to)
{
	memset(to, 0, RECORD);
	raceway_put64(to, r->key);
	raceway_put16(to + 8, r->port);
	to[10] = r->all_ports;
	raceway_put16(to + 12, r->id_bytes);
	memcpy(to + RECORD, r->id, r->id_bytes);
	return to + RECORD + r->id_bytes;
}

void *raceway_pr_pack(const struct raceway_pr *pr, uint8_t kept, size_t *ret_bytes)
{
	size_t count = pr->keep ? pr->count : 0;
	uint8_t *state = calloc(1, HEADER + count * (RECORD + RACEWAY_TRANSPORT_ID_MAX));
	uint8_t *end;

	if (!state)
		return NULL;
	raceway_put32(state, MAGIC);
	raceway_put16(state + 4, VERSION);
	state[6] = count ? pr->type : 0;
	state[7] = kept;
	raceway_put16(state + 8, (uint16_t)count);
	raceway_put16(state + 10, (uint16_t)pr->holder);
	end = state + HEADER;
	for (size_t i = 0; i < count; i++)
		end = put_record(&pr->list[i], end);
	*ret_bytes = (size_t)(end - state);
	raceway_put32(state + SUM_AT, sum_of(state, *ret_bytes));
	return state;
}

static const uint8_t *get_record(const uint8_t *from, const uint8_t *end,
				 struct raceway_registration *r)
{
	if (end - from < RECORD)
		return NULL;
	r->key = raceway_get64(from);
	r->port = raceway_get16(from + 8);
	r->all_ports = from[10];
	r->id_bytes = raceway_get16(from + 12);
	from += RECORD;
	if (!r->key || r->id_bytes > RACEWAY_TRANSPORT_ID_MAX || end - from < r->id_bytes)
		return NULL;
	memcpy(r->id, from, r->id_bytes);
	return from + r->id_bytes;
}

static bool type_ok(uint8_t type)
{
	return type <= RACEWAY_PR_EXCLUSIVE_ACCESS_ALL && type != 2 && type != 4;
}

static int parse(const uint8_t *state, size_t bytes, struct raceway_pr *pr, uint8_t *ret_kept)
{
	const uint8_t *at = state + HEADER, *end = state + bytes;
	size_t count;

	if (bytes < HEADER || raceway_get32(state) != MAGIC ||
	    raceway_get16(state + 4) != VERSION ||
	    raceway_get32(state + SUM_AT) != sum_of(state, bytes) || !type_ok(state[6]))
		return -EBADMSG;
	count = raceway_get16(state + 8);
	pr->type = state[6];
	pr->holder = raceway_get16(state + 10);
	if (count > RACEWAY_REGISTRATIONS_MAX || (pr->type && pr->holder >= count))
		return -EBADMSG;
	pr->list = calloc(count ? count : 1, sizeof(*pr->list));
	if (!pr->list)
		return -ENOMEM;
	while (pr->count < count && at)
		at = get_record(at, end, &pr->list[pr->count++]);
	pr->keep = count;
	*ret_kept = state[7];
	return at == end ? 0 : -EBADMSG;
}

int raceway_pr_load(const struct raceway_lu *lu, struct raceway_pr **ret_pr, uint8_t *ret_kept)
{
	RACEWAY_FREE uint8_t *state = malloc(STATE_MAX);
	struct raceway_pr *pr = raceway_pr_copy(NULL);
	size_t bytes = 0;
	uint8_t kept = 0;
	int r = state && pr ? 0 : -ENOMEM;

	if (!r)
		r = lu->options.keep->load(lu->options.keep->context, state, STATE_MAX, &bytes);
	if (!r && bytes > STATE_MAX)
		r = -EBADMSG;
	if (!r && bytes)
		r = parse(state, bytes, pr, &kept);
	if (r) {
		raceway_pr_free(pr);
		return r;
	}
	*ret_pr = pr;
	*ret_kept = kept;
	return 0;
}
