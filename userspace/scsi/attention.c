/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Unit attentions: a bit for each in the I_T_L nexus, set by any worker, taken away by its own. */
#include "scsi/lu.h"

static const uint16_t codes[] = {
#define CODE(name, asc) asc,
	RACEWAY_ATTENTIONS(CODE)
#undef CODE
};
_Static_assert(RACEWAY_ATTENTION_COUNT <= 32, "attentions are bits of 32");

void raceway_attention_raise(struct raceway_lu *lu, enum raceway_attention what,
			     const struct raceway_itl *except)
{
	pthread_mutex_lock(&lu->lock);
	for (struct raceway_itl *itl = lu->itls; itl; itl = itl->next)
		if (itl != except)
			atomic_fetch_or(&itl->attentions, 1U << what);
	pthread_mutex_unlock(&lu->lock);
}

void raceway_attention_raise_nexus(struct raceway_nexus *nexus, enum raceway_attention what)
{
	for (size_t i = 0; i < nexus->count; i++)
		atomic_fetch_or(&nexus->itls[i]->attentions, 1U << what);
}

bool raceway_attention_take(struct raceway_itl *itl, enum raceway_asc *ret_asc)
{
	uint32_t pending = atomic_load(&itl->attentions);
	int first;

	if (!pending)
		return false;
	first = __builtin_ctz(pending);
	atomic_fetch_and(&itl->attentions, ~(1U << first));
	*ret_asc = codes[first];
	return true;
}
