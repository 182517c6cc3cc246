// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* raceway-torture URL: writes to a LUN that is killed meanwhile, reads all of it back after each
 * reconnection, and says whether what was acknowledged is there. The region must read as zeroes
 * at first. Exit 0 if all was found, 1 if not, 2 if it could not be tried. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "link.h"

#define NS_PER_S 1000000000LL
#define MS_PER_S 1000
#define RETRY_US 20000
#define POLL_MS 50
#define ALARM_EXTRA_S 60
#define CELLS_DEFAULT 2048U

struct options {
	unsigned int seconds;
	unsigned int cells;
	unsigned int drop_ms; /* 0: the client ends no session itself */
	unsigned int patience_s;
};

struct totals {
	struct cells_found found;
	unsigned int sessions;
	unsigned int cut; /* sessions that ended under commands */
};

/* Somebody knows that the other end is gone without a word. */
static volatile sig_atomic_t is_gone;
/* And somebody that it is enough. */
static volatile sig_atomic_t is_over;

static void on_signal(int signal)
{
	if (signal == SIGUSR1)
		is_gone = 1;
	else
		is_over = 1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec * NS_PER_S + t.tv_nsec) / (NS_PER_S / MS_PER_S);
}

static bool is_bad(const struct totals *totals)
{
	return totals->found.lost || totals->found.foreign;
}

/* A session whose cells have been read and compared. */
static int connect_and_check(struct link *link, unsigned int patience_s, struct totals *totals)
{
	int64_t end = now_ms() + (int64_t)patience_s * MS_PER_S;
	int ret;

	do {
		ret = link_open(link);
		if (!ret) {
			ret = link_check(link, &totals->found);
			if (!ret)
				totals->sessions++;
			else
				link_drop(link);
		}
		if (ret != -ENOTCONN)
			return ret;
		usleep(RETRY_US);
	} while (now_ms() < end);
	fprintf(stderr, "torture: no session for %u s\n", patience_s);
	return -ETIMEDOUT;
}

/* One session's writes, until it ends or the time is up. */
static void write_until(struct link *link, const struct options *options, int64_t end,
			uint64_t *random, struct totals *totals)
{
	int64_t drop = end;

	if (options->drop_ms)
		drop = now_ms() + random_below(random, 2 * options->drop_ms);
	if (drop > end)
		drop = end;
	is_gone = 0;
	while (now_ms() < drop && !is_gone && !is_over) {
		link_fill(link, random);
		if (link_wait(link, POLL_MS))
			break;
	}
	if (link_drop(link))
		totals->cut++;
}

static int torture(struct link *link, const struct options *options, struct totals *totals)
{
	int64_t end = now_ms() + (int64_t)options->seconds * MS_PER_S;
	uint64_t random = link->run;
	int ret;

	for (;;) {
		ret = connect_and_check(link, options->patience_s, totals);
		if (ret || is_bad(totals) || is_over || now_ms() >= end)
			break;
		write_until(link, options, end, &random, totals);
	}
	link_drop(link);
	return ret;
}

static void report(const struct link *link, const struct totals *totals)
{
	printf("{\"writes\": %" PRIu64 ", \"fua\": %" PRIu64 ", \"unmaps\": %" PRIu64
	       ", \"syncs\": %" PRIu64 ", \"refused\": %" PRIu64
	       ", \"sessions\": %u, \"cut\": %u, \"checked\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"foreign\": %" PRIu64 "}\n",
	       link->done[OP_WRITE], link->done[OP_WRITE_FUA], link->done[OP_UNMAP],
	       link->done[OP_SYNC], link->refused, totals->sessions, totals->cut,
	       totals->found.checked, totals->found.lost, totals->found.foreign);
}

static int usage(void)
{
	fprintf(stderr,
		"Usage: raceway-torture [-t SECONDS] [-n CELLS] [-q DEPTH] [-d MS] [-w SECONDS]\n"
		"                       [-i INITIATOR] [-s SEED] [-p] URL\n"
		"  -n  cells of 4 KiB from LBA 0 (%u)\n"
		"  -d  end the session itself, after MS on average, without a logout\n"
		"  -w  how long to wait for a session (20)\n"
		"  -p  power is cut: only FUA and SYNCHRONIZE CACHE count\n"
		"SIGUSR1: the other end is gone without a word. SIGTERM: the time is up.\n",
		CELLS_DEFAULT);
	return 2;
}

static int parse(int argc, char **argv, struct options *options, struct link *link, bool *ret_power)
{
	int option;

	while ((option = getopt(argc, argv, "t:n:q:d:w:i:s:p")) != -1) {
		unsigned int value = optarg ? (unsigned int)strtoul(optarg, NULL, 0) : 0;

		switch (option) {
		case 't':
			options->seconds = value;
			break;
		case 'n':
			options->cells = value;
			break;
		case 'q':
			link->depth = value;
			break;
		case 'd':
			options->drop_ms = value;
			break;
		case 'w':
			options->patience_s = value;
			break;
		case 'i':
			link->initiator = optarg;
			break;
		case 's':
			link->run = value;
			break;
		case 'p':
			*ret_power = true;
			break;
		default:
			return -EINVAL;
		}
	}
	if (optind != argc - 1 || link->depth < 1 || link->depth > OPS_MAX ||
	    options->cells < OP_CELLS_MAX)
		return -EINVAL;
	link->url = argv[optind];
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = { .seconds = 10, .cells = CELLS_DEFAULT, .patience_s = 20 };
	struct cells cells;
	static struct link link = { .depth = 32 };
	static uint8_t data[OPS_MAX][OP_CELLS_MAX * CELL_BYTES];
	struct totals totals = { .sessions = 0 };
	bool power = false;
	int ret;

	link.run = (uint32_t)time(NULL) ^ ((uint32_t)getpid() << 16);
	if (parse(argc, argv, &options, &link, &power))
		return usage();
	if (cells_make(&cells, options.cells, link.run, power))
		return 2;
	link.cells = &cells;
	for (size_t i = 0; i < OPS_MAX; i++)
		link.ops[i].data = data[i];
	fprintf(stderr, "torture: seed %#x\n", link.run);
	signal(SIGUSR1, on_signal);
	signal(SIGTERM, on_signal);
	alarm(options.seconds + options.patience_s + ALARM_EXTRA_S);
	ret = torture(&link, &options, &totals);
	report(&link, &totals);
	cells_free(&cells);
	if (ret)
		return 2;
	return is_bad(&totals) || link.refused;
}
