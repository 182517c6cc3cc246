/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Task management (SAM-5 7). A task that is aborted ends when the operation that it waits for
 * does: data must not be written, nor a buffer be used, after the answer. Tasks of other nexuses
 * learn of it by the count of resets of their I_T_L nexus. */
#include "scsi/lu.h"
#include "scsi/mode.h"
#include "scsi/reserve.h"

/* Of one nexus: everything, one unit, or one task of a unit. */
static bool covers(const struct raceway_tmf_request *request, const struct raceway_task *task)
{
	switch (request->function) {
	case RACEWAY_TMF_TARGET_RESET:
		return true;
	case RACEWAY_TMF_ABORT_TASK:
		return task->tag == request->tag && task->lun == request->lun;
	default:
		return task->lun == request->lun;
	}
}

/* Ends the aborted tasks that need not wait. The transport may do anything in their done(), to
 * other tasks too, so the list is looked at anew after each. */
static void cancel_aborted(struct raceway_nexus *nexus)
{
	struct raceway_task *task = nexus->tasks;

	while (task) {
		if (task->aborted && task->cancel) {
			task->cancel(task);
			task = nexus->tasks;
		} else {
			task = task->next;
		}
	}
}

void raceway_manage_abort(struct raceway_nexus *nexus, const struct raceway_itl *itl)
{
	for (struct raceway_task *task = nexus->tasks; task; task = task->next)
		if (!itl || task->itl == itl)
			task->aborted = true;
	cancel_aborted(nexus);
}

/* Tasks that are to be aborted and began before the request. */
static bool pending(const struct raceway_nexus *nexus, const struct raceway_tmf_request *request)
{
	for (const struct raceway_task *task = nexus->tasks; task; task = task->next)
		if (task->aborted && task->order <= request->waiting && covers(request, task))
			return true;
	return false;
}

void raceway_manage_settle(struct raceway_nexus *nexus)
{
	struct raceway_tmf_request **link = &nexus->requests;

	while (*link) {
		struct raceway_tmf_request *request = *link;

		if (pending(nexus, request)) {
			link = &request->next;
			continue;
		}
		*link = request->next;
		request->done(request, RACEWAY_TMF_COMPLETE);
		link = &nexus->requests; /* whatever done() did to the list */
	}
}

/* Other nexuses lose their tasks of the unit too. Their initiators are told why. */
static void clear_others(struct raceway_itl *itl, enum raceway_attention why)
{
	struct raceway_lu *lu = itl->lu;

	pthread_mutex_lock(&lu->lock);
	for (struct raceway_itl *other = lu->itls; other; other = other->next) {
		if (other == itl)
			continue;
		atomic_fetch_add(&other->resets, 1);
		atomic_fetch_or(&other->attentions, 1U << why);
	}
	pthread_mutex_unlock(&lu->lock);
}

/* What a hard reset of the unit takes away (SAM-5 6.3.3). */
static void reset_unit(struct raceway_itl *itl)
{
	struct raceway_lu *lu = itl->lu;

	clear_others(itl, RACEWAY_ATTENTION_RESET);
	pthread_mutex_lock(&lu->lock);
	lu->reserved = NULL;
	raceway_reserve_refresh(lu);
	pthread_mutex_unlock(&lu->lock);
	raceway_mode_reset(lu);
	atomic_fetch_or(&itl->attentions, 1U << RACEWAY_ATTENTION_RESET);
}

static struct raceway_task *find_task(const struct raceway_tmf_request *request)
{
	struct raceway_task *task = request->nexus->tasks;

	while (task && (task->tag != request->tag || task->lun != request->lun))
		task = task->next;
	return task;
}

static bool any_task(const struct raceway_nexus *nexus, uint64_t lun)
{
	for (const struct raceway_task *task = nexus->tasks; task; task = task->next)
		if (task->lun == lun)
			return true;
	return false;
}

/* True: nothing is to be aborted, and *ret_response is the answer. */
static bool query(const struct raceway_tmf_request *request, const struct raceway_itl *itl,
		  enum raceway_tmf_response *ret_response)
{
	bool yes;

	switch (request->function) {
	case RACEWAY_TMF_QUERY_TASK:
		yes = find_task(request);
		break;
	case RACEWAY_TMF_QUERY_TASK_SET:
		yes = any_task(request->nexus, request->lun);
		break;
	case RACEWAY_TMF_QUERY_ASYNC_EVENT:
		yes = atomic_load(&itl->attentions);
		break;
	case RACEWAY_TMF_ABORT_TASK:
		*ret_response = RACEWAY_TMF_NO_TASK;
		return !find_task(request);
	case RACEWAY_TMF_ABORT_TASK_SET:
	case RACEWAY_TMF_CLEAR_TASK_SET:
	case RACEWAY_TMF_LOGICAL_UNIT_RESET:
	case RACEWAY_TMF_TARGET_RESET:
		return false;
	default:
		*ret_response = RACEWAY_TMF_UNKNOWN;
		return true;
	}
	*ret_response = yes ? RACEWAY_TMF_SUCCEEDED : RACEWAY_TMF_COMPLETE;
	return true;
}

void raceway_scsi_manage(struct raceway_tmf_request *request)
{
	struct raceway_nexus *nexus = request->nexus;
	struct raceway_itl *itl = raceway_itl_find(nexus, request->lun);
	enum raceway_tmf_response response = RACEWAY_TMF_NO_LUN;

	if ((!itl && request->function != RACEWAY_TMF_TARGET_RESET) ||
	    query(request, itl, &response)) {
		request->done(request, response);
		return;
	}
	nexus->busy++;
	if (request->function == RACEWAY_TMF_CLEAR_TASK_SET)
		clear_others(itl, RACEWAY_ATTENTION_CLEARED);
	if (request->function == RACEWAY_TMF_LOGICAL_UNIT_RESET)
		reset_unit(itl);
	for (size_t i = 0; request->function == RACEWAY_TMF_TARGET_RESET && i < nexus->count; i++)
		reset_unit(nexus->itls[i]);
	request->waiting = nexus->order;
	for (struct raceway_task *task = nexus->tasks; task; task = task->next)
		if (covers(request, task))
			task->aborted = true;
	request->next = nexus->requests;
	nexus->requests = request;
	cancel_aborted(nexus);
	raceway_manage_settle(nexus);
	nexus->busy--;
	raceway_nexus_settle(nexus);
}
