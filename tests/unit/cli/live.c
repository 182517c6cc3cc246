/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rates out of two answers, and the lines of an event stream. */
#include <criterion/criterion.h>

#include "cli/show.h"

#define SECOND 1000000000ULL

static void expect_rows(const char *before, const char *after, uint64_t interval_ns,
			const char *rows)
{
	json_t *then = json_loads(before, 0, NULL), *now = json_loads(after, 0, NULL);
	json_t *got = raceway_top_rows(then, now, interval_ns);
	char *text = json_dumps(got, JSON_COMPACT);

	cr_expect_str_eq(text, rows, "%s", text);
	free(text);
	json_decref(got);
	json_decref(now);
	json_decref(then);
}

#define NONE "{\"rate\":0,\"packets\":0,\"drops\":0}"

Test(cli_live, rates_from_counters)
{
	expect_rows("{\"vnics\":[{\"name\":\"a/x\",\"tx\":{\"packets\":10,\"bytes\":1000,"
		    "\"drops\":{\"rate\":1,\"spoof\":1}}}]}",
		    "{\"vnics\":[{\"name\":\"a/x\",\"tx\":{\"packets\":30,\"bytes\":3000,"
		    "\"drops\":{\"rate\":9,\"spoof\":3}}}]}",
		    2 * SECOND,
		    "[{\"name\":\"a/x\",\"tx\":{\"rate\":8000,\"packets\":10,\"drops\":5},"
		    "\"rx\":" NONE "}]");
}

Test(cli_live, a_counter_that_went_back_is_no_rate)
{
	expect_rows("{\"vnics\":[{\"name\":\"a/"
		    "x\",\"rx\":{\"packets\":1099511627776,\"bytes\":1099511627776}}]}",
		    "{\"vnics\":[{\"name\":\"a/x\",\"rx\":{\"packets\":1,\"bytes\":100}}]}", SECOND,
		    "[{\"name\":\"a/x\",\"tx\":" NONE ",\"rx\":" NONE "}]");
}

Test(cli_live, busiest_first_new_ones_next_time)
{
	expect_rows("{\"vnics\":[{\"name\":\"a/x\"},{\"name\":\"a/y\"},{\"name\":\"a/z\"}]}",
		    "{\"vnics\":[{\"name\":\"a/n\"},{\"name\":\"a/z\"},{\"name\":\"a/x\"},"
		    "{\"name\":\"a/y\",\"rx\":{\"packets\":1,\"bytes\":1}}]}",
		    SECOND,
		    "[{\"name\":\"a/y\",\"tx\":" NONE
		    ",\"rx\":{\"rate\":8,\"packets\":1,\"drops\":0}},"
		    "{\"name\":\"a/x\",\"tx\":" NONE ",\"rx\":" NONE "},"
		    "{\"name\":\"a/z\",\"tx\":" NONE ",\"rx\":" NONE "}]");
	expect_rows("{\"vnics\":[]}", "{\"vnics\":[]}", SECOND, "[]");
}

Test(cli_live, rates_of_vhbas)
{
	json_t *then =
		json_loads("{\"vhbas\":[{\"name\":\"a/h\",\"read\":{\"ios\":10,\"bytes\":1000}},"
			   "{\"name\":\"a/i\"}]}",
			   0, NULL);
	json_t *now =
		json_loads("{\"vhbas\":[{\"name\":\"a/i\"},{\"name\":\"a/h\",\"queue_depth\":3,"
			   "\"read\":{\"ios\":30,\"bytes\":3000}}]}",
			   0, NULL);
	json_t *rows = raceway_top_io_rows(then, now, 2 * SECOND);
	char *text = json_dumps(rows, JSON_COMPACT);

	cr_expect_str_eq(text,
			 "[{\"name\":\"a/h\",\"read\":{\"rate\":8000,\"ios\":10},"
			 "\"write\":{\"rate\":0,\"ios\":0},\"queue_depth\":3},"
			 "{\"name\":\"a/i\",\"read\":{\"rate\":0,\"ios\":0},"
			 "\"write\":{\"rate\":0,\"ios\":0}}]",
			 "%s", text);
	free(text);
	json_decref(rows);
	json_decref(then);
	json_decref(now);
}

Test(cli_live, events)
{
	struct raceway_sse sse = { .data = NULL };

	cr_expect(!raceway_sse_line(&sse, ""), "nothing yet");
	cr_expect(!raceway_sse_line(&sse, ": a comment"));
	cr_expect(!raceway_sse_line(&sse, "event: drop"));
	cr_expect(!raceway_sse_line(&sse, ""), "no data, no event");
	cr_expect(!raceway_sse_line(&sse, "data: {\"a\":"));
	cr_expect(!raceway_sse_line(&sse, "id: 7"));
	cr_expect(!raceway_sse_line(&sse, "data:1}"), "without a space");
	cr_expect(!raceway_sse_line(&sse, "database: x"));
	cr_expect(raceway_sse_line(&sse, ""));
	cr_expect_str_eq(sse.event, "drop");
	cr_expect_str_eq(sse.data, "{\"a\":\n1}");
	raceway_sse_clear(&sse);
	cr_expect_str_eq(sse.event, "");
	cr_expect(!raceway_sse_line(&sse, ""));
}
