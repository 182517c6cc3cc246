/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Logical units: made, held, and told that their disk has grown. */
#include "scsi/lu.h"

#include <errno.h>
#include <stdlib.h>

#include "scsi/reserve.h"
#include "scsi/sanitize.h"

int raceway_lu_new(const struct raceway_lu_options *options, struct raceway_lu **ret_lu)
{
	struct raceway_lu *lu = calloc(1, sizeof(*lu));
	uint8_t kept = 0;
	int r = 0;

	if (!lu)
		return -ENOMEM;
	lu->options = *options;
	lu->waiting_end = &lu->waiting;
	atomic_init(&lu->holds, 1);
	atomic_init(&lu->write_through, !options->disk->write_cache);
	if (options->keep)
		r = raceway_pr_load(lu, &lu->pr, &kept);
	else
		lu->pr = raceway_pr_copy(NULL);
	if (!r && (!lu->pr || pthread_mutex_init(&lu->lock, NULL)))
		r = -ENOMEM;
	if (!r && (kept & RACEWAY_KEPT_SANITIZING))
		r = raceway_sanitize_restore(lu, kept & RACEWAY_KEPT_UNRESTRICTED);
	if (r) {
		raceway_pr_free(lu->pr);
		free(lu);
		return r;
	}
	*ret_lu = lu;
	return 0;
}

struct raceway_lu *raceway_lu_hold(struct raceway_lu *lu)
{
	atomic_fetch_add(&lu->holds, 1);
	return lu;
}

void raceway_lu_put(struct raceway_lu *lu)
{
	struct raceway_lu_options options;

	if (!lu || atomic_fetch_sub(&lu->holds, 1) > 1)
		return;
	pthread_mutex_destroy(&lu->lock);
	raceway_pr_free(lu->pr);
	raceway_sanitize_free(lu->sanitize); /* has failed: none runs without holding the unit */
	options = lu->options;
	free(lu);
	if (options.gone)
		options.gone(options.context);
}

struct raceway_disk *raceway_lu_disk(const struct raceway_lu *lu)
{
	return lu->options.disk;
}

void raceway_lu_resized(struct raceway_lu *lu)
{
	raceway_attention_raise(lu, RACEWAY_ATTENTION_CAPACITY_CHANGED, NULL);
}
