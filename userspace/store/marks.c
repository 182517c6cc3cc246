/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Marks of objects: version, time and person of the last change. In memory all objects of one
 * change share one mark, so that 65,536 objects cost little more than their names. */
#include "store/internal.h"

#include "store/store.h"

static int no_memory(struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
}

json_t *raceway_mark_new(uint64_t version, const json_t *time_ns, const json_t *by)
{
	return json_pack("{s:I, s:{s:O, s:O}}", "version", (json_int_t)version, "changed", "time",
			 time_ns, "by", by);
}

/* Changes tell kinds by their words; templates and profiles share their names, so that a word and
 * a name are of one object. */
static const char *word_of(const char *kind)
{
	const struct raceway_kind *known = raceway_kind_find(kind);

	return known ? raceway_kind_word(known) : kind;
}

void raceway_mark_set(json_t *marks, const char *kind, const char *name, json_t *mark)
{
	json_t *names;

	kind = word_of(kind);
	names = json_object_get(marks, kind);
	if (!names) {
		names = json_object();
		json_object_set_new(marks, kind, names);
	}
	json_object_set_new(names, name, mark);
}

static json_t *find(const json_t *marks, const char *kind, const char *name)
{
	return json_object_get(json_object_get(marks, word_of(kind)), name);
}

/* Kinds are copied, marks are shared. */
static json_t *copy_marks(const json_t *marks)
{
	json_t *copy = json_object(), *names;
	const char *kind;

	json_object_foreach ((json_t *)marks, kind, names)
		json_object_set_new(copy, kind, json_copy(names));
	return copy;
}

static void mark_one(struct raceway_store *store, const json_t *change, json_t *mark)
{
	const char *kind = json_string_value(json_object_get(change, "kind"));
	const char *name = json_string_value(json_object_get(change, "name"));
	const char *op = json_string_value(json_object_get(change, "op"));
	json_t *former = find(store->marks, kind, name);

	/* the first of several changes of one object knows what it was like */
	if (!find(store->undo.changed, kind, name))
		raceway_mark_set(store->undo.changed, kind, name,
				 former ? json_incref(former) : json_null());
	if (op && op[0] == 'd')
		json_object_del(json_object_get(store->marks, kind), name);
	else
		raceway_mark_set(store->marks, kind, name, json_incref(mark));
}

int raceway_marks_change(struct raceway_store *store, const struct raceway_record *record,
			 int64_t now_ns, struct raceway_error *err)
{
	json_auto_t *time = json_integer(now_ns);
	json_auto_t *by = json_string(record ? record->who : "");
	json_auto_t *mark = raceway_mark_new(store->sequence + 1, time, by);
	const json_t *change;
	size_t i;

	raceway_store_keep(store);
	if (!mark)
		return no_memory(err);
	store->undo = (struct raceway_store_undo){ .valid = true,
						   .changed = json_object(),
						   .sequence = store->sequence,
						   .audit_last = store->audit_last };
	if (!record)
		return 0;
	if (record->marks) {
		store->undo.marks = store->marks;
		store->marks = copy_marks(record->marks);
		if (record->sequence > store->sequence)
			store->sequence = record->sequence;
		return 0;
	}
	store->sequence++;
	json_array_foreach (record->changes, i, change)
		mark_one(store, change, mark);
	return 0;
}

void raceway_marks_restore(struct raceway_store *store)
{
	const char *kind, *name;
	json_t *names, *mark;

	if (!store->undo.valid)
		return;
	if (store->undo.marks) {
		json_decref(store->marks);
		store->marks = store->undo.marks;
		store->undo.marks = NULL;
	}
	json_object_foreach (store->undo.changed, kind, names)
		json_object_foreach (names, name, mark) {
			if (json_is_null(mark))
				json_object_del(json_object_get(store->marks, kind), name);
			else
				raceway_mark_set(store->marks, kind, name, json_incref(mark));
		}
	store->sequence = store->undo.sequence;
	raceway_store_keep(store);
}

void raceway_store_keep(struct raceway_store *store)
{
	json_decref(store->undo.marks);
	json_decref(store->undo.changed);
	store->undo = (struct raceway_store_undo){ .valid = false };
}

const json_t *raceway_store_mark(const struct raceway_store *store, const char *kind,
				 const char *name)
{
	const json_t *mark = find(store->marks, kind, name);

	return mark ? mark : store->no_mark;
}

uint64_t raceway_store_version(const struct raceway_store *store, const char *kind,
			       const char *name)
{
	const json_t *mark = raceway_store_mark(store, kind, name);

	return (uint64_t)json_integer_value(json_object_get(mark, "version"));
}

const json_t *raceway_store_marks(const struct raceway_store *store)
{
	return store->marks;
}

uint64_t raceway_store_sequence(const struct raceway_store *store)
{
	return store->sequence;
}
