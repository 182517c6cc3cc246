/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may do what, and RESERVE and RELEASE beside persistent reservations (SPC-4 5.12.3). */
#include "scsi/reserve.h"

#include "scsi/command.h"

struct raceway_pr_port raceway_pr_port_of(const struct raceway_itl *itl)
{
	const struct raceway_nexus_options *options = &itl->nexus->options;

	return (struct raceway_pr_port){ .id = options->transport_id,
					 .bytes = options->transport_id_bytes,
					 .port = options->relative_port };
}

/* What a persistent reservation takes from who is at `place` of the list. */
static uint32_t refused_by(const struct raceway_pr *pr, size_t place)
{
	bool registered = place < pr->count, exempt;

	if (raceway_pr_registrants(pr->type))
		exempt = registered;
	else
		exempt = registered && place == pr->holder;
	if (!pr->type || exempt)
		return 0;
	switch (pr->type) {
	case RACEWAY_PR_WRITE_EXCLUSIVE:
	case RACEWAY_PR_WRITE_EXCLUSIVE_REGISTRANTS:
	case RACEWAY_PR_WRITE_EXCLUSIVE_ALL:
		return RACEWAY_NEED_WRITE;
	default:
		return RACEWAY_NEED_READ | RACEWAY_NEED_WRITE;
	}
}

void raceway_reserve_refresh(struct raceway_lu *lu)
{
	for (struct raceway_itl *itl = lu->itls; itl; itl = itl->next) {
		uint32_t refused = 0;

		if (lu->pr->type) {
			struct raceway_pr_port who = raceway_pr_port_of(itl);

			refused = refused_by(lu->pr, raceway_pr_find(lu->pr, &who));
		}
		if (lu->reserved && lu->reserved != itl)
			refused |= RACEWAY_NEED_RESERVE;
		atomic_store(&itl->refused, refused);
	}
}

/* Where there are registrations RESERVE and RELEASE have no effect: they conflict, or, for who has
 * access anyway, are GOOD (CRH, SPC-4 5.12.3). Under the lock. */
static bool by_registrations(const struct raceway_itl *itl, enum raceway_scsi_status *ret_status)
{
	const struct raceway_pr *pr = itl->lu->pr;
	struct raceway_pr_port who = raceway_pr_port_of(itl);

	if (!pr->count)
		return false;
	*ret_status = pr->type && !refused_by(pr, raceway_pr_find(pr, &who))
			      ? RACEWAY_SCSI_GOOD
			      : RACEWAY_SCSI_RESERVATION_CONFLICT;
	return true;
}

void raceway_run_reserve(struct raceway_task *task)
{
	enum raceway_scsi_status status = RACEWAY_SCSI_GOOD;
	struct raceway_lu *lu = task->lu;

	pthread_mutex_lock(&lu->lock);
	if (!by_registrations(task->itl, &status)) {
		if (lu->reserved && lu->reserved != task->itl)
			status = RACEWAY_SCSI_RESERVATION_CONFLICT;
		else
			lu->reserved = task->itl;
		raceway_reserve_refresh(lu);
	}
	pthread_mutex_unlock(&lu->lock);
	raceway_task_status(task, status);
}

/* Of somebody else's reservation it is GOOD and does nothing (SPC-2 7.16). */
void raceway_run_release(struct raceway_task *task)
{
	enum raceway_scsi_status status = RACEWAY_SCSI_GOOD;
	struct raceway_lu *lu = task->lu;

	pthread_mutex_lock(&lu->lock);
	if (!by_registrations(task->itl, &status) && lu->reserved == task->itl) {
		lu->reserved = NULL;
		raceway_reserve_refresh(lu);
	}
	pthread_mutex_unlock(&lu->lock);
	raceway_task_status(task, status);
}
