/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* EXTENDED COPY: the parameter list is checked as a whole, and then segment after segment is read
 * and written in pieces. A piece goes through the gate of its unit like any read or write; never
 * does the copy stand in one gate while it waits at another. */
#include "scsi/copy.h"

#include <stdlib.h>
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/vpd.h"

#define HEADER 16
#define PIECE_BYTES (256U << 10) /* memory that no connection answers for */
#define LIST_ID_NONE 3		 /* LIST ID USAGE */
#define NULL_UNIT 0x20
#define DEVICE_TYPE 0x1f
#define DESTINATION_COUNTS 0x02
#define CODE_BINARY 1
#define DESIGNATOR_NAA 3

enum step {
	READ,
	READ_DONE,
	WRITE,
	WRITE_DONE,
};

struct segment {
	struct raceway_itl *from, *to;
	uint64_t read_at, write_at, bytes;
};

struct list {
	uint64_t targets, segments, inlined;
};

struct copy {
	struct raceway_copy_result *result; /* NULL: no list identifier */
	size_t count, now;
	uint64_t done; /* of the segment */
	uint32_t piece;
	struct segment segment[RACEWAY_COPY_SEGMENTS_MAX];
	uint8_t data[PIECE_BYTES];
};

static struct raceway_itl *find_unit(const struct raceway_nexus *nexus, const uint8_t *target)
{
	if ((target[4] & 0x0f) != CODE_BINARY || (target[5] & 0x3f) != DESIGNATOR_NAA ||
	    target[7] != sizeof(nexus->itls[0]->lu->options.naa))
		return NULL;
	for (size_t i = 0; i < nexus->count; i++)
		if (memcmp(nexus->itls[i]->lu->options.naa, target + 8, target[7]) == 0)
			return nexus->itls[i];
	return NULL;
}

static void end(struct raceway_task *task)
{
	struct copy *copy = task->scratch;

	for (size_t i = 0; i < copy->count; i++) {
		raceway_itl_put(copy->segment[i].from);
		raceway_itl_put(copy->segment[i].to);
	}
	if (copy->result)
		copy->result->running = false;
	task->nexus->copies--;
}

/* With COPY ABORTED, which says which segment it was. */
static void fail(struct raceway_task *task, unsigned int asc)
{
	struct copy *copy = task->scratch;
	struct raceway_copy_result *result = copy->result;
	struct raceway_sense sense = { .key = RACEWAY_KEY_COPY_ABORTED,
				       .asc = asc,
				       .command_information = copy->now };

	if (result) {
		result->failed = true;
		result->sense_bytes = (uint8_t)raceway_sense_build(
			&sense, atomic_load(&task->lu->descriptor_sense), result->sense);
	}
	end(task);
	raceway_task_sense(task, &sense);
}

static void submit(struct raceway_task *task, struct raceway_itl *itl, enum raceway_io_kind kind,
		   uint64_t offset)
{
	struct copy *copy = task->scratch;

	raceway_task_submit_to(task, itl->lu, kind, offset + copy->done, copy->piece, copy->data);
}

/* Whether the nexus still has the unit, and may do that to it. */
static bool allowed(const struct raceway_itl *itl, uint32_t need)
{
	return !itl->gone && !(atomic_load(&itl->refused) & (need | RACEWAY_NEED_RESERVE)) &&
	       !(atomic_load(&itl->lu->restricted) &
		 (RACEWAY_RESTRICT_SANITIZING | RACEWAY_RESTRICT_SANITIZE_FAILED)) &&
	       !(need == RACEWAY_NEED_WRITE && raceway_write_protected(itl, NULL));
}

/* Through the gate of a unit; true: the task is in, and the unit is as it should be. Else it waits
 * (`*ret_over` false), or has ended. */
static bool enter(struct raceway_task *task, struct raceway_itl *itl, uint32_t need, bool *ret_over)
{
	if (task->gate != itl && !raceway_gate_enter(task, itl, false, raceway_task_advance))
		return false;
	if (allowed(itl, need))
		return true;
	*ret_over = true;
	raceway_gate_leave(task);
	fail(task, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	return false;
}

/* A piece has been written. False: there is no more, and the task has ended. */
static bool next_piece(struct raceway_task *task)
{
	struct copy *copy = task->scratch;

	while (copy->now < copy->count && copy->done == copy->segment[copy->now].bytes) {
		copy->now++;
		copy->done = 0;
		if (copy->result)
			copy->result->segments++;
	}
	if (copy->now == copy->count || raceway_task_dead(task)) {
		end(task);
		raceway_task_good(task);
		return false;
	}
	return true;
}

static bool step(struct raceway_task *task)
{
	struct copy *copy = task->scratch;
	struct segment *s = &copy->segment[copy->now];
	bool over = false;

	switch (task->step) {
	case READ:
		if (!enter(task, s->from, RACEWAY_NEED_READ, &over))
			return !over;
		task->step = READ_DONE;
		copy->piece = s->bytes - copy->done < PIECE_BYTES
				      ? (uint32_t)(s->bytes - copy->done)
				      : PIECE_BYTES;
		submit(task, s->from, RACEWAY_IO_READ, s->read_at);
		return true;
	case READ_DONE:
		raceway_gate_leave(task);
		task->step = WRITE;
		break;
	case WRITE:
		if (!enter(task, s->to, RACEWAY_NEED_WRITE, &over))
			return !over;
		task->step = WRITE_DONE;
		submit(task, s->to, RACEWAY_IO_WRITE, s->write_at);
		return true;
	default:
		raceway_gate_leave(task);
		task->step = READ;
		copy->done += copy->piece;
		if (copy->result)
			copy->result->bytes += copy->piece;
		break;
	}
	if (task->io.result) {
		fail(task, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
		return false;
	}
	if (task->step == READ && !next_piece(task))
		return false;
	task->again = true;
	return true;
}

/* Descriptors of targets. False: the task has ended. */
static bool targets_ok(struct raceway_task *task, size_t bytes)
{
	for (size_t at = HEADER; at < HEADER + bytes; at += RACEWAY_COPY_TARGET_BYTES) {
		const uint8_t *target = task->out + at;

		if (target[0] != RACEWAY_COPY_TARGET_IDENTIFICATION) {
			raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
					  RACEWAY_ASC_TARGET_DESCRIPTOR_TYPE);
			return false;
		}
		/* No block device. LU ID TYPE is obsolete in SPC-4, and not looked at. */
		if (target[1] & DEVICE_TYPE) {
			raceway_task_bad_list(task, (uint16_t)(at + 1));
			return false;
		}
	}
	return true;
}

/* One segment, as far as its units are there; 0 or the additional sense code. */
static unsigned int parse_segment(const struct raceway_task *task, const uint8_t *d, size_t targets,
				  struct segment *ret_segment)
{
	size_t from = raceway_get16(d + 4), to = raceway_get16(d + 6);
	const uint8_t *list = task->out + HEADER;
	const uint8_t *from_target = list + from * RACEWAY_COPY_TARGET_BYTES;
	const uint8_t *to_target = list + to * RACEWAY_COPY_TARGET_BYTES;
	uint64_t blocks = raceway_get16(d + 10), from_lba = raceway_get64(d + 12);
	uint64_t to_lba = raceway_get64(d + 20), from_room, to_room;
	uint32_t from_block, to_block;
	struct segment s = { 0 };

	if (from >= targets || to >= targets || (from_target[1] & NULL_UNIT) ||
	    (to_target[1] & NULL_UNIT))
		return RACEWAY_ASC_UNREACHABLE_COPY_TARGET;
	s.from = find_unit(task->nexus, from_target);
	s.to = find_unit(task->nexus, to_target);
	if (!s.from || !s.to || s.from->lu->options.disk->ops->pass ||
	    s.to->lu->options.disk->ops->pass)
		return RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE;
	from_block = raceway_lu_block_bytes(s.from->lu);
	to_block = raceway_lu_block_bytes(s.to->lu);
	s.bytes = blocks * (d[1] & DESTINATION_COUNTS ? to_block : from_block);
	from_room = raceway_lu_blocks(s.from->lu);
	to_room = raceway_lu_blocks(s.to->lu);
	if (s.bytes % from_block || s.bytes % to_block || from_lba > from_room ||
	    to_lba > to_room || s.bytes / from_block > from_room - from_lba ||
	    s.bytes / to_block > to_room - to_lba)
		return RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE;
	s.read_at = from_lba * from_block;
	s.write_at = to_lba * to_block;
	*ret_segment = s;
	return 0;
}

/* A place to keep the result in: of the same list, a free one, or that of any copy that is over. */
static struct raceway_copy_result *result_for(struct raceway_itl *itl, uint8_t list)
{
	struct raceway_copy_result *place;

	if (!itl->copies)
		itl->copies = calloc(RACEWAY_COPY_RESULTS, sizeof(*itl->copies));
	if (!itl->copies)
		return NULL;
	place = raceway_copy_result_find(itl, list);

	for (size_t i = 0; !place && i < RACEWAY_COPY_RESULTS; i++)
		if (!itl->copies[i].used)
			place = &itl->copies[i];
	for (size_t i = 0; !place && i < RACEWAY_COPY_RESULTS; i++)
		if (!itl->copies[i].running)
			place = &itl->copies[i];
	if (place)
		*place =
			(struct raceway_copy_result){ .used = true, .running = true, .list = list };
	return place;
}

static void start(struct raceway_task *task, size_t targets, size_t segments)
{
	const uint8_t *d = task->out + HEADER + targets * RACEWAY_COPY_TARGET_BYTES;
	bool named = (task->out[1] >> 3 & 3) != LIST_ID_NONE;
	struct copy *copy = raceway_task_scratch(task, sizeof(*copy));

	if (!copy)
		return;
	task->nexus->copies++;
	if (named)
		copy->result = result_for(task->itl, task->out[0]);
	for (size_t i = 0; i < segments; i++, d += RACEWAY_COPY_SEGMENT_BYTES) {
		unsigned int asc = parse_segment(task, d, targets, &copy->segment[i]);

		copy->now = i;
		if (asc) {
			fail(task, asc);
			return;
		}
		raceway_itl_hold(copy->segment[i].from);
		raceway_itl_hold(copy->segment[i].to);
		copy->count++;
	}
	copy->now = 0;
	task->advance = step;
	task->step = READ;
	if (next_piece(task))
		raceway_task_advance(task);
}

/* Segment descriptors by their form. False: the task has ended. */
static bool segments_ok(struct raceway_task *task, size_t at, size_t bytes)
{
	for (size_t end_at = at + bytes; at < end_at; at += RACEWAY_COPY_SEGMENT_BYTES) {
		const uint8_t *d = task->out + at;

		if (d[0] != RACEWAY_COPY_BLOCK_TO_BLOCK) {
			raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
					  RACEWAY_ASC_SEGMENT_DESCRIPTOR_TYPE);
			return false;
		}
		if (end_at - at < RACEWAY_COPY_SEGMENT_BYTES ||
		    raceway_get16(d + 2) != RACEWAY_COPY_SEGMENT_BYTES - 4) {
			raceway_task_bad_list(task, (uint16_t)(at + 2));
			return false;
		}
	}
	return true;
}

/* Lengths of the list's parts, in bytes. False: they are not in the list. */
static bool parse_list(const struct raceway_task *task, uint64_t bytes, struct list *ret_list)
{
	if (bytes < HEADER || bytes > task->out_bytes)
		return false;
	ret_list->targets = raceway_get16(task->out + 2);
	ret_list->segments = raceway_get32(task->out + 8);
	ret_list->inlined = raceway_get32(task->out + 12);
	return HEADER + ret_list->targets + ret_list->segments + ret_list->inlined <= bytes &&
	       ret_list->targets + ret_list->segments <= RACEWAY_COPY_LIST_MAX &&
	       ret_list->targets % RACEWAY_COPY_TARGET_BYTES == 0;
}

uint64_t raceway_copy_bytes(const struct raceway_task *task)
{
	uint64_t sum = 0;
	struct list list;
	const uint8_t *d;

	if (!parse_list(task, raceway_get32(task->cdb + 10), &list))
		return 0;
	d = task->out + HEADER + list.targets;
	for (size_t i = 0; i < list.segments / RACEWAY_COPY_SEGMENT_BYTES; i++) {
		struct segment s;

		if (!parse_segment(task, d + i * RACEWAY_COPY_SEGMENT_BYTES,
				   list.targets / RACEWAY_COPY_TARGET_BYTES, &s))
			sum += s.bytes;
	}
	return sum;
}

void raceway_run_extended_copy(struct raceway_task *task)
{
	uint64_t bytes = raceway_get32(task->cdb + 10);
	struct raceway_copy_result *result;
	struct list list;

	if (!bytes) {
		raceway_task_good(task);
		return;
	}
	if (!raceway_task_list_ok(task, bytes))
		return;
	if (!parse_list(task, bytes, &list)) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_PARAMETER_LIST_LENGTH);
		return;
	}
	if (list.targets / RACEWAY_COPY_TARGET_BYTES > RACEWAY_COPY_TARGETS_MAX ||
	    list.segments / RACEWAY_COPY_SEGMENT_BYTES > RACEWAY_COPY_SEGMENTS_MAX) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  list.targets / RACEWAY_COPY_TARGET_BYTES >
						  RACEWAY_COPY_TARGETS_MAX
					  ? RACEWAY_ASC_TOO_MANY_TARGETS
					  : RACEWAY_ASC_TOO_MANY_SEGMENTS);
		return;
	}
	if (list.inlined) { /* no segment takes it */
		raceway_task_bad_list(task, 12);
		return;
	}
	if (!targets_ok(task, list.targets) ||
	    !segments_ok(task, HEADER + list.targets, list.segments))
		return;
	result = raceway_copy_result_find(task->itl, task->out[0]);
	if ((task->out[1] >> 3 & 3) != LIST_ID_NONE && result && result->running) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_OPERATION_IN_PROGRESS);
		return;
	}
	if (task->nexus->copies >= RACEWAY_COPIES_PER_NEXUS) {
		raceway_task_status(task, RACEWAY_SCSI_TASK_SET_FULL);
		return;
	}
	start(task, list.targets / RACEWAY_COPY_TARGET_BYTES,
	      list.segments / RACEWAY_COPY_SEGMENT_BYTES);
}
