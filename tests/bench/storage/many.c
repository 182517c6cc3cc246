// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Logs in many initiators at once, each with a name and a session of its own, and lets each read
 * 4 KiB at random places, one read after the other. Prints `reading` when all are logged in, and
 * at the end one line of JSON with how much the least and the most favoured one got. */
#include <errno.h>
#include <inttypes.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES 4096U
#define NS_PER_S 1e9
#define POLL_MS 100
#define LOGIN_S 30
#define NAME_BYTES 32
#define SPARE_FDS 64

struct session {
	struct iscsi_context *iscsi;
	uint64_t ios, failed;
	bool ready, broken;
	uint64_t random;
};

static struct session *sessions;
static struct pollfd *fds;
static unsigned long count, ready, broken;
static uint32_t block_bytes, reads_in_lun;
static int lun;
static bool reading;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / NS_PER_S;
}

static void break_off(struct session *s, const char *why)
{
	if (s->broken)
		return;
	fprintf(stderr, "many: session %zu: %s\n", (size_t)(s - sessions), why);
	s->broken = true;
	broken++;
	if (s->ready)
		ready--;
	s->ready = false;
}

static void read_one(struct session *s);

static void read_done(struct iscsi_context *iscsi, int status, void *command_data,
		      void *private_data)
{
	struct session *s = private_data;
	struct scsi_task *task = command_data;

	if (status == SCSI_STATUS_GOOD && task->datain.size == (int)READ_BYTES)
		s->ios++;
	else
		s->failed++;
	if (task)
		scsi_free_scsi_task(task);
	if (reading && s->ready)
		read_one(s);
}

static void read_one(struct session *s)
{
	uint64_t place;

	s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	place = (s->random >> 33) % reads_in_lun;
	if (!iscsi_read16_task(s->iscsi, lun, place * READ_BYTES / block_bytes, READ_BYTES,
			       (int)block_bytes, 0, 0, 0, 0, 0, read_done, s))
		s->failed++;
}

static void capacity_done(struct iscsi_context *iscsi, int status, void *command_data,
			  void *private_data)
{
	struct session *s = private_data;
	struct scsi_task *task = command_data;
	const struct scsi_readcapacity16 *rc =
		status == SCSI_STATUS_GOOD ? scsi_datain_unmarshall(task) : NULL;

	if (rc && rc->block_length) {
		block_bytes = rc->block_length;
		reads_in_lun = (uint32_t)((rc->returned_lba + 1) * rc->block_length / READ_BYTES);
		s->ready = true;
		ready++;
	} else {
		break_off(s, "no capacity");
	}
	if (task)
		scsi_free_scsi_task(task);
}

static void connected(struct iscsi_context *iscsi, int status, void *command_data,
		      void *private_data)
{
	if (status == SCSI_STATUS_GOOD &&
	    iscsi_readcapacity16_task(iscsi, lun, capacity_done, private_data))
		return;
	break_off(private_data, iscsi_get_error(iscsi));
}

static int start(struct session *s, const char *url_text, uint64_t wwpn)
{
	char name[NAME_BYTES];
	struct iscsi_url *url;

	snprintf(name, sizeof(name), "naa.%016" PRIx64, wwpn);
	s->random = wwpn;
	s->iscsi = iscsi_create_context(name);
	url = s->iscsi ? iscsi_parse_full_url(s->iscsi, url_text) : NULL;
	if (!url)
		return -EINVAL;
	lun = url->lun;
	iscsi_set_noautoreconnect(s->iscsi, 1);
	iscsi_set_session_type(s->iscsi, ISCSI_SESSION_NORMAL);
	iscsi_set_targetname(s->iscsi, url->target);
	if (iscsi_full_connect_async(s->iscsi, url->portal, lun, connected, s))
		break_off(s, iscsi_get_error(s->iscsi));
	iscsi_destroy_url(url);
	return 0;
}

/* One round over all sessions. */
static void turn(void)
{
	for (unsigned long i = 0; i < count; i++) {
		bool over = sessions[i].broken;

		fds[i].fd = over ? -1 : iscsi_get_fd(sessions[i].iscsi);
		fds[i].events = over ? 0 : (short)iscsi_which_events(sessions[i].iscsi);
		fds[i].revents = 0;
	}
	if (poll(fds, count, POLL_MS) <= 0)
		return;
	for (unsigned long i = 0; i < count; i++)
		if (fds[i].revents && iscsi_service(sessions[i].iscsi, fds[i].revents))
			break_off(&sessions[i], iscsi_get_error(sessions[i].iscsi));
}

static int by_ios(const void *a, const void *b)
{
	const struct session *x = a, *y = b;

	return (x->ios > y->ios) - (x->ios < y->ios);
}

static void report(double login_s, double seconds)
{
	uint64_t ios = 0, failed = 0;

	for (unsigned long i = 0; i < count; i++) {
		ios += sessions[i].ios;
		failed += sessions[i].failed;
	}
	qsort(sessions, count, sizeof(*sessions), by_ios);
	printf("{\"sessions\": %lu, \"broken\": %lu, \"login_s\": %.3f, \"seconds\": %.3f, ", ready,
	       broken, login_s, seconds);
	printf("\"ios\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"least\": %" PRIu64
	       ", \"median\": %" PRIu64 ", \"most\": %" PRIu64 "}\n",
	       ios, failed, sessions[0].ios, sessions[count / 2].ios, sessions[count - 1].ios);
}

int main(int argc, char **argv)
{
	uint64_t wwpn = argc == 5 ? strtoull(argv[3], NULL, 16) : 0;
	double seconds = argc == 5 ? strtod(argv[2], NULL) : 0, begin = now(), login_s;
	struct rlimit files;

	count = argc == 5 ? strtoul(argv[1], NULL, 10) : 0;
	if (!count || seconds <= 0) {
		fprintf(stderr, "Usage: storage-many SESSIONS SECONDS FIRST-WWPN URL\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = count + SPARE_FDS < files.rlim_max ? count + SPARE_FDS : files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	sessions = calloc(count, sizeof(*sessions));
	fds = calloc(count, sizeof(*fds));
	for (unsigned long i = 0; sessions && fds && i < count; i++)
		if (start(&sessions[i], argv[4], wwpn + i))
			return 1;
	while (ready + broken < count && now() < begin + LOGIN_S)
		turn();
	login_s = now() - begin;
	puts("reading");
	fflush(stdout);
	reading = true;
	for (unsigned long i = 0; i < count; i++)
		if (sessions[i].ready)
			read_one(&sessions[i]);
	begin = now();
	while (now() < begin + seconds)
		turn();
	reading = false;
	report(login_s, now() - begin);
	return 0;
}
