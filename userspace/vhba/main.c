/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* raceway-vhba: serves what racewayd tells it to over the control socket, until a signal. When
 * racewayd goes, what is served stays. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "util/limits.h"
#include "util/version.h"
#include "vhba/control.h"
#include "vhba/engine.h"
#include "vhba/options.h"
#include "vhba/requests.h"

/* Blocked in all threads, read by the main one. */
static int take_signals(void)
{
	sigset_t signals;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static int serve(struct raceway_engine *engine, struct raceway_events *events, int fd,
		 const struct raceway_vhba_options *options, int signals)
{
	const struct raceway_control_ops ops = {
		.request = raceway_requests_answer,
		.event = raceway_requests_event,
		.tick = raceway_requests_tick,
		.context = engine,
	};
	struct raceway_control *control;
	int err = raceway_control_open(fd, events, &ops, &control);

	if (err)
		return err;
	sd_notify(0, "READY=1");
	if (options->foreground) {
		puts("ready");
		fflush(stdout);
	}
	err = raceway_control_run(control, signals);
	sd_notify(0, "STOPPING=1");
	raceway_control_close(control);
	return err;
}

static int run(const struct raceway_vhba_options *options, struct raceway_error *err)
{
	static struct raceway_engine engine;
	struct raceway_events *events;
	int signals = take_signals(), fd = -1, ret;

	raceway_raise_files();
	ret = raceway_control_socket(options->run_dir, &fd, err);
	if (ret)
		return ret;
	ret = raceway_events_open(&events);
	if (!ret) {
		ret = raceway_engine_start(&engine, options->workers, options->state_dir, events);
		if (!ret) {
			ret = serve(&engine, events, fd, options, signals);
			raceway_engine_stop(&engine);
		}
		raceway_events_close(events);
	}
	if (ret)
		raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "%s", strerror(-ret));
	return ret;
}

int main(int argc, char **argv)
{
	struct raceway_vhba_options options;
	struct raceway_error err = { 0 };
	char line[512];
	int ret = raceway_vhba_options_parse(argc, argv, &options, &err);

	if (!ret && options.help) {
		raceway_vhba_options_help();
		return EXIT_SUCCESS;
	}
	if (!ret && options.version) {
		printf("raceway-vhba %s\n", RACEWAY_VERSION);
		return EXIT_SUCCESS;
	}
	if (!ret)
		ret = run(&options, &err);
	if (!ret)
		return EXIT_SUCCESS;
	fprintf(stderr, "raceway-vhba: %s\n", raceway_error_format(&err, line, sizeof(line)));
	return raceway_error_exit_status(err.fault);
}
