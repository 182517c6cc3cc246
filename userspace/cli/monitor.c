/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `monitor`: the daemon's events, one line each, until it is interrupted. */
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "cli/show.h"
#include "cli/table.h"
#include "model/model.h"
#include "util/cleanup.h"

#define CLOCK 16
#define CHANGE 1024
#define NS_PER_MS 1000000L
#define NS_PER_S 1000000000LL
#define DROP "drop"
#define LOST "lost" /* the daemon had to leave events out: always told */

void raceway_sse_clear(struct raceway_sse *sse)
{
	free(sse->data);
	*sse = (struct raceway_sse){ .data = NULL };
}

static void add_data(struct raceway_sse *sse, const char *text)
{
	size_t used = sse->data ? strlen(sse->data) + 1 : 0, more = strlen(text) + 1;
	char *data = realloc(sse->data, used + more);

	if (!data)
		return;
	if (used)
		data[used - 1] = '\n';
	memcpy(data + used, text, more);
	sse->data = data;
}

/* The value of "field: value"; NULL if the line is another field. */
static const char *value_of(const char *line, const char *field)
{
	size_t length = strlen(field);

	if (strncmp(line, field, length) != 0 || line[length] != ':')
		return NULL;
	return line + length + 1 + (line[length + 1] == ' ');
}

bool raceway_sse_line(struct raceway_sse *sse, const char *line)
{
	const char *value;

	if (line[0] == '\0')
		return sse->data != NULL;
	value = value_of(line, "data");
	if (value)
		add_data(sse, value);
	value = value_of(line, "event");
	if (value)
		snprintf(sse->event, sizeof(sse->event), "%s", value);
	return false;
}

struct monitor {
	const struct raceway_cli *cli;
	FILE *out;
	struct raceway_sse sse;
};

/* Time of day: the event's own (ns since 1970) or now. */
static void print_clock(FILE *out, const json_t *event)
{
	struct timespec when;
	struct tm day;
	char text[CLOCK];
	json_int_t ns = json_integer_value(json_object_get(event, "time"));

	clock_gettime(CLOCK_REALTIME, &when);
	if (ns > 0)
		when = (struct timespec){ .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
	if (!localtime_r(&when.tv_sec, &day) || strftime(text, sizeof(text), "%H:%M:%S", &day) == 0)
		return;
	fprintf(out, "%s.%03ld ", text, when.tv_nsec / NS_PER_MS);
}

static void print_event(const struct monitor *monitor, const json_t *event)
{
	const char *key;
	const json_t *value;
	char cell[RACEWAY_CELL], name[sizeof(monitor->sse.event)];

	print_clock(monitor->out, event);
	snprintf(name, sizeof(name), "%s", monitor->sse.event);
	fputs(raceway_printable(name), monitor->out);
	if (json_object_get(event, "op")) {
		char change[CHANGE];

		raceway_change_format(event, change, sizeof(change));
		fprintf(monitor->out, " %s\n", raceway_printable(change));
		return;
	}
	json_object_foreach ((json_t *)event, key, value) {
		struct raceway_field field = { key, key, RACEWAY_SHOW_TEXT, 0 };

		if (strcmp(key, "time") == 0 || strcmp(key, "schema") == 0 ||
		    (strcmp(key, "event") == 0 && name[0]))
			continue;
		fprintf(monitor->out, " %s %s", key, raceway_cell(&field, event, cell));
	}
	fputc('\n', monitor->out);
}

static bool is_wanted(const struct monitor *monitor)
{
	const char *event = monitor->sse.event;

	return !monitor->cli->drops || strncmp(event, DROP, strlen(DROP)) == 0 ||
	       strcmp(event, LOST) == 0;
}

static int on_line(void *context, const char *line)
{
	struct monitor *monitor = context;
	json_auto_t *event = NULL;

	if (!raceway_sse_line(&monitor->sse, line))
		return 0;
	if (is_wanted(monitor)) {
		event = json_loads(monitor->sse.data, 0, NULL);
		if (event && monitor->cli->options.json && !json_object_get(event, "event"))
			json_object_set_new(event, "event", json_string(monitor->sse.event));
		if (event && monitor->cli->options.json)
			raceway_print_json(monitor->out, event, &monitor->cli->options);
		else if (event)
			print_event(monitor, event);
	}
	raceway_sse_clear(&monitor->sse);
	fflush(monitor->out);
	return ferror(monitor->out);
}

int raceway_monitor(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		    struct raceway_error *err)
{
	struct monitor monitor = { .cli = cli, .out = out };
	int r = raceway_client_stream(client, cli->drops ? "/v1/events?only=drops" : "/v1/events",
				      on_line, &monitor, err);

	raceway_sse_clear(&monitor.sse);
	return r;
}
