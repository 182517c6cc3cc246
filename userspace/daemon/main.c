/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* racewayd: opens store and data path, makes the kernel as the store says, serves the API.
 * Its end, by SIGTERM or otherwise, leaves the data path at work. */
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "daemon/loop.h"
#include "daemon/options.h"
#include "util/caps.h"
#include "util/limits.h"

/* Who is told of events. */
struct told {
	struct raceway_http *http;
	struct raceway_node *node;
};

static void on_event(void *context, const char *event, json_t *data)
{
	const struct told *told = context;

	if (told->http)
		raceway_http_event(told->http, event, data);
	raceway_node_event(told->node, event);
}

static int serve(struct raceway_core *core, const struct raceway_options *options,
		 struct raceway_error *err)
{
	const struct raceway_node_options node = {
		.state_dir = options->state_dir,
		.listen = options->listen,
		.director = options->director,
		.token_file = options->token_file,
	};
	struct told told = { 0 };
	int fd, ret;

	ret = raceway_http_socket(options->run_dir, &fd, err);
	if (ret)
		return ret;
	ret = raceway_http_open(core, fd, &told.http, err);
	if (!ret)
		ret = raceway_node_open(core, &node, &told.node, err);
	if (ret)
		goto close;
	core->on_event_context = &told;
	core->on_event = on_event;
	for (size_t i = 0; i < core->kernel.trouble_count; i++) {
		char line[512];

		fprintf(stderr, "racewayd: %s\n",
			raceway_error_format(&core->kernel.troubles[i].error, line, sizeof(line)));
	}
	sd_notify(0, "READY=1");
	if (options->foreground) {
		puts("ready");
		fflush(stdout);
	}
	ret = raceway_loop_run(core, told.http, told.node, err);
	sd_notify(0, "STOPPING=1");
	core->on_event = NULL;
	raceway_node_close(told.node);
close:
	raceway_http_close(told.http);
	return ret;
}

int main(int argc, char **argv)
{
	static struct raceway_core core;
	struct raceway_options options;
	struct raceway_error err = { 0 };
	char line[512];
	int ret;

	raceway_admin_lower();
	raceway_raise_files();
	ret = raceway_options_parse(argc, argv, &options, &err);
	if (!ret && options.help) {
		raceway_options_help();
		return EXIT_SUCCESS;
	}
	if (!ret && options.version) {
		printf("racewayd %s, map layout %d\n", RACEWAY_VERSION, RACEWAY_LAYOUT);
		return EXIT_SUCCESS;
	}
	if (!ret) {
		const struct raceway_core_options core_options = {
			.state_dir = options.state_dir,
			.pin_dir = options.pin_dir,
			.max_vnics = options.vnics,
			.role = options.node_role,
			.node = options.node,
			.run_dir = options.run_dir,
			.vhba = options.vhba,
			.target = options.target_name,
			.role_groups = &options.role_groups,
		};

		raceway_loop_signals();
		ret = raceway_core_open(&core, &core_options, &err);
		if (!ret) {
			ret = serve(&core, &options, &err);
			raceway_core_close(&core);
		}
	}
	if (!ret)
		return EXIT_SUCCESS;
	fprintf(stderr, "racewayd: %s\n", raceway_error_format(&err, line, sizeof(line)));
	return raceway_error_exit_status(err.fault);
}
