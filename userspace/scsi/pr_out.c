/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PERSISTENT RESERVE OUT (SPC-4 6.16): the list parsed, the rules applied to a copy, the copy
 * saved and made what is. */
#include <stdlib.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/reserve.h"

#define LIST_BYTES 24
#define FLAGS_AT 20
#define SPEC_I_PT 0x08
#define ALL_TG_PT 0x04
#define APTPL 0x01
#define MOVE_FLAGS_AT 17
#define MOVE_UNREGISTER 0x02

static bool type_ok(uint8_t type)
{
	return type == RACEWAY_PR_WRITE_EXCLUSIVE || type == RACEWAY_PR_EXCLUSIVE_ACCESS ||
	       (type >= RACEWAY_PR_WRITE_EXCLUSIVE_REGISTRANTS &&
		type <= RACEWAY_PR_EXCLUSIVE_ACCESS_ALL);
}

/* 0, or the place in the list of what is wrong. */
static uint16_t parse_register(const struct raceway_lu *lu, const uint8_t *list, size_t bytes,
			       struct raceway_pr_request *q)
{
	uint8_t flags = list[FLAGS_AT];
	size_t others;

	q->all_ports = flags & ALL_TG_PT;
	q->keep = flags & APTPL;
	if (q->keep && !lu->options.keep)
		return FLAGS_AT;
	if (!(flags & SPEC_I_PT))
		return 0;
	if (q->action != RACEWAY_SA_PR_REGISTER || bytes < LIST_BYTES + 4)
		return FLAGS_AT;
	others = raceway_get32(list + LIST_BYTES);
	if (others > bytes - LIST_BYTES - 4)
		return LIST_BYTES;
	q->others = list + LIST_BYTES + 4;
	q->others_bytes = others;
	return 0;
}

static uint16_t parse_move(const struct raceway_lu *lu, const uint8_t *list, size_t bytes,
			   struct raceway_pr_request *q)
{
	size_t room = raceway_get32(list + 20);

	q->keep = list[MOVE_FLAGS_AT] & APTPL;
	q->unregister = list[MOVE_FLAGS_AT] & MOVE_UNREGISTER;
	if (q->keep && !lu->options.keep)
		return MOVE_FLAGS_AT;
	if (room > bytes - LIST_BYTES)
		return 20;
	q->to.id = list + LIST_BYTES;
	q->to.port = raceway_get16(list + 18);
	q->to.bytes = (uint16_t)raceway_transport_id_length(q->to.id, room);
	return q->to.bytes ? 0 : LIST_BYTES;
}

/* False: the task has ended. */
static bool parse(struct raceway_task *task, struct raceway_pr_request *q)
{
	size_t bytes = raceway_get32(task->cdb + 5);
	const uint8_t *list = task->out;
	uint16_t wrong = 0;
	bool longer;

	*q = (struct raceway_pr_request){ .from = raceway_pr_port_of(task->itl),
					  .action = task->cdb[1] & 0x1f,
					  .type = task->cdb[2] & 0x0f };
	if (!raceway_task_list_ok(task, bytes))
		return false;
	longer = q->action == RACEWAY_SA_PR_REGISTER_MOVE ||
		 (q->action == RACEWAY_SA_PR_REGISTER && bytes > LIST_BYTES &&
		  (list[FLAGS_AT] & SPEC_I_PT));
	if (bytes < LIST_BYTES || (bytes > LIST_BYTES && !longer)) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_PARAMETER_LIST_LENGTH);
		return false;
	}
	q->key = raceway_get64(list);
	q->new_key = raceway_get64(list + 8);
	if ((q->action == RACEWAY_SA_PR_RESERVE || q->action == RACEWAY_SA_PR_PREEMPT ||
	     q->action == RACEWAY_SA_PR_PREEMPT_ABORT) &&
	    (task->cdb[2] >> 4 || !type_ok(q->type))) {
		raceway_task_bad_cdb(task, 2);
		return false;
	}
	if (q->action == RACEWAY_SA_PR_REGISTER || q->action == RACEWAY_SA_PR_REGISTER_IGNORE)
		wrong = parse_register(task->lu, list, bytes, q);
	if (q->action == RACEWAY_SA_PR_REGISTER_MOVE)
		wrong = parse_move(task->lu, list, bytes, q);
	if (wrong)
		raceway_task_bad_list(task, wrong);
	return !wrong;
}

/* Tells the others what became of them. Under the lock. */
static void notify(struct raceway_lu *lu, const struct raceway_pr *old,
		   const struct raceway_pr *now, const struct raceway_pr_effect *effect,
		   const struct raceway_itl *self)
{
	for (struct raceway_itl *itl = lu->itls; itl; itl = itl->next) {
		struct raceway_pr_port who = raceway_pr_port_of(itl);
		enum raceway_attention what;
		bool removed;

		if (itl == self || raceway_pr_find(old, &who) == old->count)
			continue;
		removed = raceway_pr_find(now, &who) == now->count;
		what = removed ? effect->removed : effect->remaining;
		if (what != RACEWAY_ATTENTION_COUNT)
			atomic_fetch_or(&itl->attentions, 1U << what);
		if (removed && effect->abort) {
			atomic_fetch_add(&itl->resets, 1);
			atomic_fetch_or(&itl->attentions, 1U << RACEWAY_ATTENTION_CLEARED);
		}
	}
}

static void refuse(struct raceway_task *task, enum raceway_pr_verdict verdict)
{
	switch (verdict) {
	case RACEWAY_PR_CONFLICT:
		raceway_task_status(task, RACEWAY_SCSI_RESERVATION_CONFLICT);
		return;
	case RACEWAY_PR_INVALID_RELEASE:
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_RELEASE_INVALID);
		return;
	case RACEWAY_PR_FULL:
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_INSUFFICIENT_REGISTRATION);
		return;
	case RACEWAY_PR_NO_MEMORY:
		raceway_task_status(task, RACEWAY_SCSI_BUSY);
		return;
	default:
		raceway_task_bad_list(task, 8);
	}
}

/* A change that waits for stable storage, in the task's scratch. */
struct change {
	struct raceway_keep_write write;
	struct raceway_pr *now;
	struct raceway_pr_effect effect;
	void *state;
};

/* Nobody has changed the old state meanwhile: we are still alone. */
static void take_effect(struct raceway_task *task, struct raceway_pr *now,
			const struct raceway_pr_effect *effect)
{
	struct raceway_lu *lu = task->lu;
	struct raceway_pr *old = lu->pr;

	pthread_mutex_lock(&lu->lock);
	notify(lu, old, now, effect, task->itl);
	lu->pr = now;
	raceway_reserve_refresh(lu);
	pthread_mutex_unlock(&lu->lock);
	raceway_pr_free(old);
	raceway_task_good(task);
}

static void saved(struct raceway_keep_write *write)
{
	struct raceway_task *task = write->context;
	struct change *change = task->scratch;

	free(change->state);
	if (!write->result) {
		take_effect(task, change->now, &change->effect);
		return;
	}
	raceway_pr_free(change->now);
	raceway_task_io_failed(task, write->result, true);
}

/* Takes over `now`. What waits behind us waits at the gate; the worker goes on. */
static void save(struct raceway_task *task, struct raceway_pr *now,
		 const struct raceway_pr_effect *effect)
{
	const struct raceway_lu_keep *keep = task->lu->options.keep;
	struct change *change = calloc(1, sizeof(*change));

	task->scratch = change;
	if (change) {
		change->now = now;
		change->effect = *effect;
		change->state = raceway_pr_pack(now, 0, &change->write.bytes);
	}
	if (!change || !change->state) {
		raceway_pr_free(now);
		raceway_task_status(task, RACEWAY_SCSI_BUSY);
		return;
	}
	change->write.state = change->state;
	change->write.done = saved;
	change->write.context = task;
	keep->save(keep->context, task->worker, &change->write);
}

/* Of what a map that is read-only may ask (the others are refused by the table), what concerns
 * others: to register them, and to release what all who are registered hold. */
static bool map_refuses(const struct raceway_task *task, const struct raceway_pr_request *request)
{
	return task->itl->lun.read_only &&
	       (request->others ||
		(request->action == RACEWAY_SA_PR_RELEASE && raceway_pr_all(task->lu->pr->type)));
}

void raceway_run_persistent_reserve_out(struct raceway_task *task)
{
	const struct raceway_pr *old = task->lu->pr; /* nobody changes it while we are alone */
	struct raceway_pr_request request;
	struct raceway_pr_effect effect;
	enum raceway_pr_verdict verdict = RACEWAY_PR_NO_MEMORY;
	struct raceway_pr *now;

	if (!parse(task, &request))
		return;
	if (map_refuses(task, &request)) {
		raceway_task_fail(task, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
		return;
	}
	now = raceway_pr_copy(old);
	if (now)
		verdict = raceway_pr_apply(now, &request, &effect);
	if (verdict) {
		raceway_pr_free(now);
		refuse(task, verdict);
		return;
	}
	if (now->keep || old->keep)
		save(task, now, &effect);
	else
		take_effect(task, now, &effect);
}
