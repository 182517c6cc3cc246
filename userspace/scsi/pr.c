/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules of persistent reservations (SPC-4 5.12), on a state that nobody else sees. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scsi/bytes.h"
#include "scsi/reserve.h"

#define PROTOCOL_ISCSI 5
#define OTHER_ID_BYTES 24 /* of all transports but iSCSI (SPC-4 7.6.4) */

size_t raceway_transport_id_length(const uint8_t *id, size_t room)
{
	size_t bytes;

	if (room < OTHER_ID_BYTES)
		return 0;
	if ((id[0] & 0x0f) != PROTOCOL_ISCSI)
		return id[0] >> 6 ? 0 : OTHER_ID_BYTES;
	bytes = 4U + raceway_get16(id + 2);
	if (id[0] >> 6 != 1 || bytes % 4 || bytes < OTHER_ID_BYTES || bytes > room ||
	    bytes > RACEWAY_TRANSPORT_ID_MAX || id[bytes - 1])
		return 0;
	return bytes;
}

/* Names of iSCSI are filled up with zeroes, more or fewer, and their case does not count. */
static bool same_id(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
	if (a_bytes < 4 || b_bytes < 4 || a[0] != b[0])
		return false;
	if ((a[0] & 0x0f) == PROTOCOL_ISCSI) {
		size_t a_name = strnlen((const char *)a + 4, a_bytes - 4);
		size_t b_name = strnlen((const char *)b + 4, b_bytes - 4);

		return a_name == b_name &&
		       strncasecmp((const char *)a + 4, (const char *)b + 4, a_name) == 0;
	}
	return a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0;
}

size_t raceway_pr_find(const struct raceway_pr *pr, const struct raceway_pr_port *who)
{
	size_t i;

	for (i = 0; i < pr->count; i++) {
		const struct raceway_registration *r = &pr->list[i];

		if ((r->all_ports || r->port == who->port) &&
		    same_id(r->id, r->id_bytes, who->id, who->bytes))
			break;
	}
	return i;
}

struct raceway_pr *raceway_pr_copy(const struct raceway_pr *pr)
{
	struct raceway_pr *copy = calloc(1, sizeof(*copy));

	if (!copy || !pr)
		return copy;
	*copy = *pr;
	copy->list = calloc(pr->count ? pr->count : 1, sizeof(*copy->list));
	if (!copy->list) {
		free(copy);
		return NULL;
	}
	if (pr->count)
		memcpy(copy->list, pr->list, pr->count * sizeof(*copy->list));
	return copy;
}

void raceway_pr_free(struct raceway_pr *pr)
{
	if (pr)
		free(pr->list);
	free(pr);
}

static enum raceway_pr_verdict add(struct raceway_pr *pr, const struct raceway_pr_port *who,
				   uint64_t key, bool all_ports)
{
	struct raceway_registration *list, *r;

	if (pr->count == RACEWAY_REGISTRATIONS_MAX || who->bytes > RACEWAY_TRANSPORT_ID_MAX)
		return RACEWAY_PR_FULL;
	list = realloc(pr->list, (pr->count + 1) * sizeof(*list));
	if (!list)
		return RACEWAY_PR_NO_MEMORY;
	pr->list = list;
	r = &list[pr->count++];
	*r = (struct raceway_registration){
		.key = key, .port = who->port, .all_ports = all_ports, .id_bytes = who->bytes
	};
	memcpy(r->id, who->id, who->bytes);
	return RACEWAY_PR_OK;
}

/* The holder's place moves along. */
static void remove_at(struct raceway_pr *pr, size_t place)
{
	memmove(&pr->list[place], &pr->list[place + 1],
		(pr->count - place - 1) * sizeof(*pr->list));
	pr->count--;
	if (pr->holder == place)
		pr->holder = 0; /* all hold it, or nobody: any place will do */
	else if (pr->holder > place)
		pr->holder--;
	if (!pr->count)
		pr->type = RACEWAY_PR_NONE;
}

static bool holds(const struct raceway_pr *pr, size_t place)
{
	return pr->type && (raceway_pr_all(pr->type) || pr->holder == place);
}

/* The reservation ends; the registered learn of it where it let them in (SPC-4 5.12.11.2). */
static void end_reservation(struct raceway_pr *pr, struct raceway_pr_effect *effect)
{
	if (raceway_pr_registrants(pr->type))
		effect->remaining = RACEWAY_ATTENTION_RELEASED;
	pr->type = RACEWAY_PR_NONE;
}

static void unregister(struct raceway_pr *pr, size_t place, struct raceway_pr_effect *effect)
{
	if (holds(pr, place) && !raceway_pr_all(pr->type))
		end_reservation(pr, effect);
	remove_at(pr, place);
}

static enum raceway_pr_verdict register_others(struct raceway_pr *pr,
					       const struct raceway_pr_request *q)
{
	enum raceway_pr_verdict verdict = RACEWAY_PR_OK;

	for (size_t at = 0; at < q->others_bytes && !verdict;) {
		struct raceway_pr_port other = { .id = q->others + at, .port = q->from.port };

		other.bytes = (uint16_t)raceway_transport_id_length(other.id, q->others_bytes - at);
		if (!other.bytes)
			return RACEWAY_PR_BAD_LIST;
		at += other.bytes;
		if (raceway_pr_find(pr, &other) == pr->count)
			verdict = add(pr, &other, q->new_key, q->all_ports);
	}
	return verdict;
}

static enum raceway_pr_verdict do_register(struct raceway_pr *pr,
					   const struct raceway_pr_request *q,
					   struct raceway_pr_effect *effect)
{
	size_t place = raceway_pr_find(pr, &q->from);
	bool known = place < pr->count;
	enum raceway_pr_verdict verdict = RACEWAY_PR_OK;

	if (q->action == RACEWAY_SA_PR_REGISTER && q->key != (known ? pr->list[place].key : 0))
		return RACEWAY_PR_CONFLICT;
	if (known && q->others_bytes)
		return RACEWAY_PR_BAD_LIST;
	if (!known && !q->new_key)
		return RACEWAY_PR_OK;
	if (!q->new_key)
		unregister(pr, place, effect);
	else if (known)
		pr->list[place].key = q->new_key;
	else
		verdict = add(pr, &q->from, q->new_key, q->all_ports);
	if (!verdict)
		verdict = register_others(pr, q);
	pr->keep = q->keep;
	pr->generation++;
	return verdict;
}

static enum raceway_pr_verdict reserve(struct raceway_pr *pr, const struct raceway_pr_request *q,
				       size_t place)
{
	if (pr->type)
		return holds(pr, place) && pr->type == q->type ? RACEWAY_PR_OK
							       : RACEWAY_PR_CONFLICT;
	pr->type = q->type;
	pr->holder = place;
	return RACEWAY_PR_OK;
}

static enum raceway_pr_verdict release(struct raceway_pr *pr, const struct raceway_pr_request *q,
				       size_t place, struct raceway_pr_effect *effect)
{
	if (!holds(pr, place))
		return RACEWAY_PR_OK;
	if (pr->type != q->type)
		return RACEWAY_PR_INVALID_RELEASE;
	end_reservation(pr, effect);
	return RACEWAY_PR_OK;
}

static void clear(struct raceway_pr *pr, struct raceway_pr_effect *effect)
{
	pr->count = 0;
	pr->type = RACEWAY_PR_NONE;
	pr->generation++;
	effect->removed = RACEWAY_ATTENTION_PREEMPTED;
}

/* All registrations with `key`, or all with any key, but that at `*spare`, which moves along. How
 * many went. */
static size_t remove_keys(struct raceway_pr *pr, uint64_t key, bool any, size_t *spare)
{
	size_t removed = 0;

	for (size_t i = pr->count; i-- > 0;) {
		if (i == *spare || (!any && pr->list[i].key != key))
			continue;
		remove_at(pr, i);
		removed++;
		if (*spare > i && *spare != SIZE_MAX)
			--*spare;
	}
	return removed;
}

static enum raceway_pr_verdict preempt(struct raceway_pr *pr, const struct raceway_pr_request *q,
				       size_t place, struct raceway_pr_effect *effect)
{
	uint8_t type = pr->type;
	bool all = raceway_pr_all(type),
	     taken = all ? !q->new_key : type && pr->list[pr->holder].key == q->new_key;
	size_t none = SIZE_MAX;

	if (!q->new_key && !taken)
		return RACEWAY_PR_BAD_LIST;
	effect->removed = RACEWAY_ATTENTION_UNREGISTERED;
	effect->abort = q->action == RACEWAY_SA_PR_PREEMPT_ABORT;
	if (!taken) {
		if (!remove_keys(pr, q->new_key, false, &none))
			return RACEWAY_PR_CONFLICT;
		pr->generation++;
		return RACEWAY_PR_OK;
	}
	if (raceway_pr_registrants(type) && type != q->type)
		effect->remaining = RACEWAY_ATTENTION_RELEASED;
	pr->type = RACEWAY_PR_NONE;
	remove_keys(pr, q->new_key, all, &place);
	pr->type = q->type;
	pr->holder = place;
	pr->generation++;
	return RACEWAY_PR_OK;
}

static enum raceway_pr_verdict move(struct raceway_pr *pr, const struct raceway_pr_request *q,
				    size_t place)
{
	size_t to = raceway_pr_find(pr, &q->to);
	enum raceway_pr_verdict verdict = RACEWAY_PR_OK;

	if (!pr->type || raceway_pr_all(pr->type) || pr->holder != place)
		return RACEWAY_PR_CONFLICT;
	if (!q->new_key || to == place)
		return RACEWAY_PR_BAD_LIST;
	if (to == pr->count)
		verdict = add(pr, &q->to, q->new_key, false);
	if (verdict)
		return verdict;
	pr->holder = to;
	if (q->unregister)
		remove_at(pr, place);
	pr->keep = q->keep;
	pr->generation++;
	return RACEWAY_PR_OK;
}

enum raceway_pr_verdict raceway_pr_apply(struct raceway_pr *pr, const struct raceway_pr_request *q,
					 struct raceway_pr_effect *ret_effect)
{
	size_t place = raceway_pr_find(pr, &q->from);

	*ret_effect = (struct raceway_pr_effect){ RACEWAY_ATTENTION_COUNT, RACEWAY_ATTENTION_COUNT,
						  false };
	if (q->action == RACEWAY_SA_PR_REGISTER || q->action == RACEWAY_SA_PR_REGISTER_IGNORE)
		return do_register(pr, q, ret_effect);
	if (place == pr->count || pr->list[place].key != q->key)
		return RACEWAY_PR_CONFLICT;
	switch (q->action) {
	case RACEWAY_SA_PR_RESERVE:
		return reserve(pr, q, place);
	case RACEWAY_SA_PR_RELEASE:
		return release(pr, q, place, ret_effect);
	case RACEWAY_SA_PR_CLEAR:
		clear(pr, ret_effect);
		return RACEWAY_PR_OK;
	case RACEWAY_SA_PR_PREEMPT:
	case RACEWAY_SA_PR_PREEMPT_ABORT:
		return preempt(pr, q, place, ret_effect);
	default:
		return move(pr, q, place);
	}
}
