/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames cut at every place, too long, and not JSON at all. */
#include "util/frames.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define MAX 64

static char *frame;
static size_t size;

static void make(const char *text)
{
	json_auto_t *object = json_loads(text, 0, NULL);

	free(frame);
	cr_assert_eq(raceway_frame_make(object, MAX, &frame, &size), 0);
}

static void add(struct raceway_frames *frames, const void *data, size_t bytes)
{
	char *space = raceway_frames_space(frames, bytes);

	if (!bytes)
		return;
	cr_assert(space);
	memcpy(space, data, bytes);
	raceway_frames_read(frames, bytes);
}

Test(frames, are_length_and_json)
{
	make("{\"a\": 1}");
	cr_assert_eq(size, 4 + 7);
	cr_assert_eq(memcmp(frame, "\0\0\0\7{\"a\":1}", size), 0);
}

Test(frames, come_together_from_any_cut)
{
	make("{\"a\": 1}");
	for (size_t cut = 0; cut <= size; cut++) {
		struct raceway_frames frames = { 0 };
		json_t *first = NULL, *second = NULL, *none = NULL;
		int r;

		add(&frames, frame, cut);
		r = raceway_frames_take(&frames, MAX, &first);
		cr_assert_eq(r, cut == size, "cut at %zu: %d", cut, r);
		add(&frames, frame + cut, size - cut);
		add(&frames, frame, size);
		if (!r)
			cr_assert_eq(raceway_frames_take(&frames, MAX, &first), 1);
		cr_assert_eq(raceway_frames_take(&frames, MAX, &second), 1);
		cr_assert_eq(raceway_frames_take(&frames, MAX, &none), 0);
		cr_assert_eq(json_integer_value(json_object_get(first, "a")), 1);
		cr_assert(json_equal(first, second));
		cr_assert_null(none);
		json_decref(first);
		json_decref(second);
		raceway_frames_clear(&frames);
	}
}

Test(frames, too_long_is_told_by_the_header_alone)
{
	struct raceway_frames frames = { 0 };
	json_t *none = NULL;

	add(&frames, "\0\0\0\101", 4); /* 65 */
	cr_assert_eq(raceway_frames_take(&frames, MAX, &none), -EPROTO);
	raceway_frames_clear(&frames);
	add(&frames, "\0\0\0\100", 4);
	cr_assert_eq(raceway_frames_take(&frames, MAX, &none), 0);
	raceway_frames_clear(&frames);
	add(&frames, "\377\377\377\377", 4);
	cr_assert_eq(raceway_frames_take(&frames, MAX, &none), -EPROTO);
	raceway_frames_clear(&frames);
}

struct nonsense {
	char text[16];
	size_t size;
};

Test(frames, what_is_no_object_is_refused)
{
	static const struct nonsense all[] = {
		{ "\0\0\0\0", 4 },    { "\0\0\0\1[", 5 },  { "\0\0\0\2[]", 6 },
		{ "\0\0\0\3{}x", 7 }, { "\0\0\0\1\0", 5 }, { "\0\0\0\4null", 8 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct raceway_frames frames = { 0 };
		json_t *none = NULL;

		add(&frames, all[i].text, all[i].size);
		cr_assert_eq(raceway_frames_take(&frames, MAX, &none), -EPROTO, "%zu", i);
		cr_assert_null(none);
		raceway_frames_clear(&frames);
	}
}

Test(frames, one_that_is_too_long_is_not_made)
{
	json_auto_t *object = json_pack(
		"{s:s}", "a", "0123456789012345678901234567890123456789012345678901234567");
	char *none = NULL;
	size_t bytes = 7;

	cr_assert_eq(raceway_frame_make(object, MAX, &none, &bytes), -E2BIG);
	cr_assert_null(none);
	cr_assert_eq(bytes, 7);
}
