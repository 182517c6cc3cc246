/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Versions of the protocol, and the order of a delivery. */
#include "node/protocol.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(protocol, the_highest_that_both_speak)
{
	cr_assert_eq(raceway_protocol_common(1, 1), 1);
	cr_assert_eq(raceway_protocol_common(1, 9), RACEWAY_PROTOCOL_MAX);
	cr_assert_eq(raceway_protocol_common(0, 1), 1);
	cr_assert_eq(raceway_protocol_common(2, 3), 0); /* newer */
	cr_assert_eq(raceway_protocol_common(0, 0), 0); /* older, or nothing was said */
	cr_assert_eq(raceway_protocol_common(1, 0), 0);
	cr_assert_eq(raceway_protocol_common(-3, -1), 0);
}

static struct raceway_delivery delivery;
static json_t *whole;

static int take(const char *type, const char *text)
{
	json_auto_t *message = json_loads(text, 0, NULL);

	return raceway_delivery_take(&delivery, type, message, &whole);
}

#define BEGIN take("begin", "{\"generation\": 7}")
#define PROFILE take("profile", "{\"profile\": {\"name\": \"p\"}}")

static void clear(void)
{
	raceway_delivery_clear(&delivery);
	json_decref(whole);
	whole = NULL;
}

Test(protocol, a_delivery_is_whole_with_its_end, .fini = clear)
{
	cr_assert_eq(BEGIN, 0);
	cr_assert_eq(PROFILE, 0);
	cr_assert_eq(PROFILE, 0);
	cr_assert_null(whole);
	cr_assert_eq(take("end", "{\"generation\": 7, \"count\": 2}"), 1);
	cr_assert_eq(json_array_size(whole), 2);
	cr_assert_eq(delivery.generation, 7);
	/* and then the next may begin, empty */
	json_decref(whole);
	whole = NULL;
	cr_assert_eq(take("begin", "{\"generation\": 8}"), 0);
	cr_assert_eq(take("end", "{\"generation\": 8, \"count\": 0}"), 1);
	cr_assert_eq(json_array_size(whole), 0);
}

Test(protocol, messages_out_of_order_are_refused, .fini = clear)
{
	cr_assert_eq(PROFILE, -EPROTO);
	cr_assert_eq(take("end", "{\"generation\": 7, \"count\": 0}"), -EPROTO);
	cr_assert_eq(take("begin", "{}"), -EPROTO);
	cr_assert_eq(BEGIN, 0);
	cr_assert_eq(BEGIN, -EPROTO);
	cr_assert_eq(take("hello", "{}"), -EPROTO);
	cr_assert_eq(take("", "{}"), -EPROTO);
	cr_assert_null(whole);
}

Test(protocol, an_end_must_agree_with_what_came, .fini = clear)
{
	cr_assert_eq(BEGIN, 0);
	cr_assert_eq(PROFILE, 0);
	cr_assert_eq(take("end", "{\"generation\": 7, \"count\": 2}"), -EPROTO);
	cr_assert_eq(take("end", "{\"generation\": 6, \"count\": 1}"), -EPROTO);
	cr_assert_eq(take("end", "{\"generation\": 7}"), -EPROTO);
	cr_assert_eq(take("end", "{\"count\": 1}"), -EPROTO);
	cr_assert_eq(take("profile", "{\"profile\": []}"), -EPROTO);
	cr_assert_null(whole);
}
