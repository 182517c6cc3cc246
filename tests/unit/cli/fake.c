/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The set answers: one connection and one request at a time. */
#include "fake.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/run.h"
#include "line.h"

#define REQUEST_MAX 65536
#define ANSWERS_MAX 24

static struct {
	const struct fake_answer *answers;
	size_t count;
	bool used[ANSWERS_MAX];
	int fd;
	pthread_t thread;
	char dir[32];
	struct sockaddr_un address;
	char log[REQUEST_MAX];
} fake;

static const struct fake_answer unknown = {
	"", 404, "{\"error\":{\"object\":\"\",\"field\":\"\",\"message\":\"unknown to the test\"}}",
	NULL
};

static const struct fake_answer *answer_to(const char *request)
{
	const struct fake_answer *last = &unknown;

	for (size_t i = 0; i < fake.count; i++) {
		if (strcmp(fake.answers[i].request, request) != 0)
			continue;
		last = &fake.answers[i];
		if (fake.used[i])
			continue;
		fake.used[i] = true;
		break;
	}
	return last;
}

/* Reads to the end of the body that Content-Length announces. */
static size_t read_request(int fd, char *buf, size_t size)
{
	size_t used = 0, need = 0;

	for (;;) {
		ssize_t got = read(fd, buf + used, size - 1 - used);
		const char *end, *length;

		if (got <= 0)
			return 0;
		used += (size_t)got;
		buf[used] = '\0';
		end = strstr(buf, "\r\n\r\n");
		if (!end)
			continue;
		length = strstr(buf, "Content-Length: ");
		need = (size_t)(end - buf) + 4;
		if (length && length < end)
			need += strtoul(length + strlen("Content-Length: "), NULL, 10);
		if (used >= need)
			return used;
	}
}

static void serve_one(int fd)
{
	static char request[REQUEST_MAX];
	char line[256], head[256];
	const struct fake_answer *answer;
	const char *body, *if_match;
	size_t used;
	int length;

	if (read_request(fd, request, sizeof(request)) == 0)
		return;
	body = strstr(request, "\r\n\r\n") + 4;
	used = strcspn(request, " ") + 1;
	used += strcspn(request + used, " ");
	snprintf(line, sizeof(line), "%.*s", (int)used, request);
	used = strlen(fake.log);
	if_match = strstr(request, "\r\nIf-Match: ");
	if_match = if_match && if_match < body ? if_match + 2 : "";
	snprintf(fake.log + used, sizeof(fake.log) - used, "%s%s%s%s%.*s\n", line,
		 body[0] ? " " : "", body, if_match[0] ? " " : "", (int)strcspn(if_match, "\r"),
		 if_match);
	answer = answer_to(line);
	length = snprintf(head, sizeof(head),
			  "HTTP/1.1 %u X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			  "Connection: close\r\n\r\n",
			  answer->status, answer->type ? answer->type : "application/json",
			  strlen(answer->body));
	/* A client that gives up at the head is gone before the body: no signal for that. */
	if (send(fd, head, (size_t)length, MSG_NOSIGNAL) < 0 ||
	    send(fd, answer->body, strlen(answer->body), MSG_NOSIGNAL) < 0)
		return;
}

static void *serve(void *unused)
{
	for (;;) {
		int fd = accept(fake.fd, NULL, NULL);

		if (fd < 0)
			return NULL;
		serve_one(fd);
		close(fd);
	}
}

void fake_start(const struct fake_answer *answers, size_t count)
{
	cr_assert_leq(count, ANSWERS_MAX);
	fake.answers = answers;
	fake.count = count;
	snprintf(fake.dir, sizeof(fake.dir), "/tmp/raceway-cli-XXXXXX");
	cr_assert_not_null(mkdtemp(fake.dir));
	fake.address.sun_family = AF_UNIX;
	snprintf(fake.address.sun_path, sizeof(fake.address.sun_path), "%s/s", fake.dir);
	fake.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(fake.fd, (struct sockaddr *)&fake.address, sizeof(fake.address)), 0);
	cr_assert_eq(listen(fake.fd, 8), 0);
	cr_assert_eq(pthread_create(&fake.thread, NULL, serve, NULL), 0);
	setenv("RACEWAY_SOCKET", fake.address.sun_path, 1);
}

void fake_stop(void)
{
	shutdown(fake.fd, SHUT_RDWR);
	pthread_join(fake.thread, NULL);
	close(fake.fd);
	unlink(fake.address.sun_path);
	rmdir(fake.dir);
}

const char *fake_log(void)
{
	return fake.log;
}

const char *fake_socket(void)
{
	return fake.address.sun_path;
}

static int redirect(int from, const char *name, int *ret_saved)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	*ret_saved = fcntl(from, F_DUPFD_CLOEXEC, 10);
	cr_assert(fd >= 0 && *ret_saved >= 0 && dup2(fd, from) == from);
	return fd;
}

static void take_back(int from, int fd, int saved, char *buf, size_t size)
{
	ssize_t got = buf ? pread(fd, buf, size - 1, 0) : 0;

	if (buf)
		buf[got > 0 ? got : 0] = '\0';
	dup2(saved, from);
	close(saved);
	close(fd);
}

void ran_client(struct ran *ran, const char *text, const char *input)
{
	int in, out, err, saved_in, saved_out, saved_err;
	struct line line;

	line_split(&line, text);
	fflush(stdout);
	fflush(stderr);
	in = redirect(STDIN_FILENO, "in", &saved_in);
	out = redirect(STDOUT_FILENO, "out", &saved_out);
	err = redirect(STDERR_FILENO, "err", &saved_err);
	if (input)
		cr_assert_eq(pwrite(in, input, strlen(input), 0), (ssize_t)strlen(input));
	clearerr(stdin);
	rewind(stdin);
	ran->status = raceway_cli_run(line.argc, line.argv);
	fflush(stdout);
	fflush(stderr);
	take_back(STDERR_FILENO, err, saved_err, ran->err, sizeof(ran->err));
	take_back(STDOUT_FILENO, out, saved_out, ran->out, sizeof(ran->out));
	take_back(STDIN_FILENO, in, saved_in, NULL, 0);
}
