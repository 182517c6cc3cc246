/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Nexuses and the units they see: the map, its changes, and the end. */
#include "scsi/nexus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/lu.h"
#include "scsi/reserve.h"
#include "util/cleanup.h"

#define METHOD_PERIPHERAL 0 /* SAM-5 4.7.7 */
#define METHOD_FLAT 1

void raceway_itl_hold(struct raceway_itl *itl)
{
	itl->holds++;
}

static void detach(struct raceway_itl *itl)
{
	struct raceway_itl **link = &itl->lu->itls;

	while (*link != itl)
		link = &(*link)->next;
	*link = itl->next;
}

void raceway_itl_put(struct raceway_itl *itl)
{
	if (--itl->holds)
		return;
	pthread_mutex_lock(&itl->lu->lock);
	detach(itl);
	pthread_mutex_unlock(&itl->lu->lock);
	raceway_lu_put(itl->lu);
	free(itl->copies);
	free(itl);
}

/* One unit comes into the map of a nexus. */
static struct raceway_itl *itl_new(struct raceway_nexus *nexus, const struct raceway_lun *lun)
{
	struct raceway_itl *itl = calloc(1, sizeof(*itl));

	if (!itl)
		return NULL;
	itl->lun = *lun;
	itl->nexus = nexus;
	itl->lu = raceway_lu_hold(lun->lu);
	itl->holds = 1;
	atomic_init(&itl->attentions, 1U << RACEWAY_ATTENTION_POWER_ON);
	pthread_mutex_lock(&lun->lu->lock);
	itl->next = lun->lu->itls;
	lun->lu->itls = itl;
	raceway_reserve_refresh(lun->lu);
	pthread_mutex_unlock(&lun->lu->lock);
	return itl;
}

/* ... and out of it. What it had reserved by RESERVE is free again; its tasks are aborted. */
static void itl_leave(struct raceway_itl *itl)
{
	struct raceway_lu *lu = itl->lu;

	pthread_mutex_lock(&lu->lock);
	if (lu->reserved == itl) {
		lu->reserved = NULL;
		raceway_reserve_refresh(lu);
	}
	pthread_mutex_unlock(&lu->lock);
	itl->gone = true;
	raceway_manage_abort(itl->nexus, itl);
	raceway_itl_put(itl);
}

static bool luns_ok(const struct raceway_lun *luns, size_t count)
{
	if (count > RACEWAY_LUNS_PER_NEXUS)
		return false;
	for (size_t i = 0; i < count; i++)
		if (luns[i].number > RACEWAY_LUN_MAX || !luns[i].lu ||
		    (i && luns[i].number <= luns[i - 1].number))
			return false;
	return true;
}

int raceway_nexus_new(const struct raceway_nexus_options *options, const struct raceway_lun *luns,
		      size_t count, struct raceway_nexus **ret_nexus)
{
	struct raceway_nexus *nexus;
	int r;

	if (options->transport_id_bytes > sizeof(options->transport_id))
		return -EINVAL;
	nexus = calloc(1, sizeof(*nexus));
	if (!nexus)
		return -ENOMEM;
	nexus->options = *options;
	r = raceway_nexus_map(nexus, luns, count);
	if (r) {
		free(nexus);
		return r;
	}
	for (size_t i = 0; i < count; i++) /* nobody knew other units before */
		atomic_store(&nexus->itls[i]->attentions, 1U << RACEWAY_ATTENTION_POWER_ON);
	*ret_nexus = nexus;
	return 0;
}

static struct raceway_itl *find_number(const struct raceway_nexus *nexus, uint16_t number)
{
	size_t low = 0, high = nexus->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		uint16_t here = nexus->itls[middle]->lun.number;

		if (here == number)
			return nexus->itls[middle];
		if (here < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int raceway_nexus_map(struct raceway_nexus *nexus, const struct raceway_lun *luns, size_t count)
{
	RACEWAY_FREE struct raceway_itl **itls = NULL;
	struct raceway_itl **old = nexus->itls;
	size_t old_count = nexus->count, i;
	bool changed = count != old_count;

	if (!luns_ok(luns, count))
		return -EINVAL;
	itls = calloc(count ? count : 1, sizeof(struct raceway_itl *));
	if (!itls)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		struct raceway_itl *was = find_number(nexus, luns[i].number);

		if (was && was->lu == luns[i].lu) {
			raceway_itl_hold(was);
			itls[i] = was;
			continue;
		}
		changed = true;
		itls[i] = itl_new(nexus, &luns[i]);
		if (!itls[i])
			break;
	}
	if (i < count) { /* nothing has changed yet but holds */
		while (i-- > 0)
			raceway_itl_put(itls[i]);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++)
		itls[i]->lun.read_only = luns[i].read_only;
	nexus->itls = RACEWAY_TAKE(itls);
	nexus->count = count;
	nexus->busy++;
	for (i = 0; i < old_count; i++) {
		if (find_number(nexus, old[i]->lun.number) == old[i])
			raceway_itl_put(old[i]);
		else
			itl_leave(old[i]);
	}
	free(old);
	if (changed)
		raceway_attention_raise_nexus(nexus, RACEWAY_ATTENTION_LUNS_CHANGED);
	nexus->busy--;
	raceway_nexus_settle(nexus);
	return 0;
}

void raceway_nexus_settle(struct raceway_nexus *nexus)
{
	if (!nexus->closing || nexus->busy || nexus->depth)
		return;
	free(nexus->itls);
	free(nexus);
}

void raceway_nexus_free(struct raceway_nexus *nexus)
{
	if (!nexus)
		return;
	nexus->busy++;
	nexus->closing = true;
	raceway_manage_abort(nexus, NULL);
	while (nexus->count > 0)
		itl_leave(nexus->itls[--nexus->count]);
	nexus->busy--;
	raceway_nexus_settle(nexus);
}

void raceway_nexus_abort(struct raceway_nexus *nexus)
{
	nexus->busy++;
	raceway_manage_abort(nexus, NULL);
	nexus->busy--;
	raceway_nexus_settle(nexus);
}

void *raceway_nexus_owner(const struct raceway_nexus *nexus)
{
	return nexus->options.owner;
}

size_t raceway_nexus_depth(const struct raceway_nexus *nexus)
{
	return nexus->depth;
}

struct raceway_itl *raceway_itl_find(const struct raceway_nexus *nexus, uint64_t lun)
{
	unsigned int top = (unsigned int)(lun >> 48), method = top >> 14, number = top & 0x3fff;

	if (lun << 16) /* further levels of addressing */
		return NULL;
	if (method != METHOD_FLAT && (method != METHOD_PERIPHERAL || number > 0xff))
		return NULL;
	return find_number(nexus, (uint16_t)number);
}

const struct raceway_lun *raceway_nexus_lun(const struct raceway_nexus *nexus, uint64_t lun)
{
	struct raceway_itl *itl = raceway_itl_find(nexus, lun);

	return itl ? &itl->lun : NULL;
}
