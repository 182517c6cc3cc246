/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Cells, columns and text for people. */
#include "cli/table.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "cli/views.h"

static void expect_live(uint64_t bps, const char *text)
{
	char buf[32];

	cr_expect_str_eq(raceway_format_live(bps, buf, sizeof(buf)), text, "%s", buf);
}

Test(cli_table, live_rates_have_three_digits)
{
	expect_live(0, "0bit");
	expect_live(999, "999bit");
	expect_live(1000, "1.00kbit");
	expect_live(9994, "9.99kbit");
	expect_live(9995, "10.0kbit");
	expect_live(99949, "99.9kbit");
	expect_live(99950, "100kbit");
	expect_live(999499, "999kbit");
	expect_live(999500, "1.00mbit");
	expect_live(1234567890, "1.23gbit");
	expect_live(400000000000, "400gbit");
	expect_live(UINT64_MAX, "18446744tbit");
}

static void expect_cell(const char *json, const char *path, enum raceway_show how, const char *text)
{
	json_t *object = json_loads(json, 0, NULL);
	const struct raceway_field field = { path, path, how, 0 };
	char cell[RACEWAY_CELL];

	cr_assert_not_null(object, "%s", json);
	cr_expect_str_eq(raceway_cell(&field, object, cell), text, "%s %s: %s", json, path, cell);
	json_decref(object);
}

Test(cli_table, cells)
{
	expect_cell("{}", "a", RACEWAY_SHOW_TEXT, "-");
	expect_cell("{\"a\": null}", "a", RACEWAY_SHOW_RATE, "-");
	expect_cell("{\"a\": \"\"}", "a", RACEWAY_SHOW_TEXT, "-");
	expect_cell("{\"a\": {\"b\": 1500000}}", "a.b", RACEWAY_SHOW_RATE, "1500kbit");
	expect_cell("{\"a\": {\"b\": 1}}", "a.c", RACEWAY_SHOW_RATE, "-");
	expect_cell("{\"a\": 1}", "a.b", RACEWAY_SHOW_RATE, "-");
	expect_cell("{\"a\": 65536}", "a", RACEWAY_SHOW_SIZE, "64k");
	expect_cell("{\"a\": \"untagged\"}", "a", RACEWAY_SHOW_COUNT, "untagged");
	expect_cell("{\"a\": true}", "a", RACEWAY_SHOW_TEXT, "on");
	expect_cell("{\"a\": false}", "a", RACEWAY_SHOW_TEXT, "off");
	expect_cell("{\"a\": 12}", "a", RACEWAY_SHOW_TEXT, "12");
	expect_cell("{\"a\": [\"x\", \"y\"]}", "a", RACEWAY_SHOW_TEXT, "x, y");
	expect_cell("{\"a\": [{\"name\": \"w/x\", \"mtu\": 1}]}", "a", RACEWAY_SHOW_TEXT, "w/x");
	expect_cell("{\"a\": {\"rate\": 3, \"spoof\": 0, \"mtu\": 1}}", "a", RACEWAY_SHOW_DROPS,
		    "rate 3, mtu 1");
	expect_cell("{\"a\": {\"rate\": 0}}", "a", RACEWAY_SHOW_DROPS, "-");
}

Test(cli_table, cells_of_storage)
{
	expect_cell("{\"a\": [{\"lun\": 0, \"volume\": \"p/a\"}, {\"lun\": 7, \"volume\": \"p/b\", "
		    "\"size\": 5, \"ro\": true, \"shared\": true}]}",
		    "a", RACEWAY_SHOW_LUNS, "0 p/a, 7 p/b ro shared");
	expect_cell("{\"a\": [{\"lun\": 0, \"volume\": \"p/a\", \"ro\": false}]}", "a",
		    RACEWAY_SHOW_LUNS, "0 p/a");
	expect_cell("{\"a\": []}", "a", RACEWAY_SHOW_LUNS, "-");
	expect_cell("{\"a\": [{\"peer\": \"10.0.0.1:5\", \"since\": 1}, {\"peer\": \"[::1]:6\"}]}",
		    "a", RACEWAY_SHOW_PEERS, "10.0.0.1:5, [::1]:6");
	expect_cell("{\"a\": 0}", "a", RACEWAY_SHOW_TIME, "0ns");
	expect_cell("{\"a\": 123456}", "a", RACEWAY_SHOW_TIME, "123us");
	expect_cell("{\"a\": 1999999}", "a", RACEWAY_SHOW_TIME, "2.00ms");
	expect_cell("{\"a\": 61000000000}", "a", RACEWAY_SHOW_TIME, "61.0s");
}

Test(cli_table, a_terminal_is_not_steered_by_a_description)
{
	expect_cell("{\"a\": \"x\\u001b[2Jy\\nz\\u007f\"}", "a", RACEWAY_SHOW_TEXT, "x?[2Jy?z?");
}

Test(cli_table, a_long_cell_is_cut)
{
	json_t *object = json_object(), *list = json_array();
	const struct raceway_field field = { "a", "a", RACEWAY_SHOW_TEXT, 0 };
	char cell[RACEWAY_CELL];

	for (int i = 0; i < 2 * RACEWAY_CELL; i++)
		json_array_append_new(list, json_string("name"));
	json_object_set_new(object, "a", list);
	cr_expect_eq(strlen(raceway_cell(&field, object, cell)), RACEWAY_CELL - 1);
	json_decref(object);
}

static const struct raceway_field fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, RACEWAY_IN_TABLE },
	{ "mtu", "mtu", RACEWAY_SHOW_COUNT, RACEWAY_IN_BOTH },
	{ "note", "note", RACEWAY_SHOW_TEXT, RACEWAY_IN_TEXT },
	{ "why", "why", RACEWAY_SHOW_TEXT, RACEWAY_IN_TABLE_IF },
	{ "oper", "oper", RACEWAY_SHOW_TEXT, RACEWAY_IN_BOTH },
};

static void expect_print(bool table, const char *json, const char *text)
{
	json_t *value = json_loads(json, 0, NULL);
	char *printed = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&printed, &size);

	if (table)
		raceway_table_print(out, fields, 5, value);
	else
		raceway_text_print(out, fields, 5, value);
	fclose(out);
	cr_expect_str_eq(printed, text, "%s", printed);
	free(printed);
	json_decref(value);
}

Test(cli_table, columns)
{
	expect_print(true, "[]", "");
	expect_print(true,
		     "[{\"name\": \"b\u00fcro\", \"mtu\": 9000, \"oper\": \"up\", \"note\": \"n\"},"
		     "{\"name\": \"x\", \"mtu\": 68}]",
		     "NAME   MTU  OPER\n"
		     "b\u00fcro  9000  up\n"
		     "x       68  -\n");
}

Test(cli_table, a_column_that_nobody_needs_is_left_out)
{
	expect_print(true, "[{\"name\": \"x\", \"mtu\": 68, \"why\": \"no dev\"}, {\"why\": null}]",
		     "NAME  MTU  WHY     OPER\n"
		     "x      68  no dev  -\n"
		     "-       -  -       -\n");
	expect_print(true, "[{\"name\": \"x\", \"mtu\": 68, \"why\": null}]",
		     "NAME  MTU  OPER\n"
		     "x      68  -\n");
}

Test(cli_table, text_hides_nothing)
{
	expect_print(false,
		     "{\"name\": \"x\", \"mtu\": 68, \"hint\": \"turn it off\", \"y\": null}",
		     "    mtu                68\n"
		     "    hint               turn it off\n");
}

Test(cli_table, a_view_for_every_kind)
{
	cr_expect_str_eq(raceway_view_of("vnic")->kind, "vnic");
	cr_expect_gt(raceway_view_of("vnic")->count, raceway_view_of("acl")->count);
	cr_expect_str_eq(raceway_view_of("acl")->kind, "");
	cr_expect_str_eq(raceway_view_of("vhba")->kind, "vhba");
}
