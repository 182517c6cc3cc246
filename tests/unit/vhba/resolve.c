/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of hosts: asked for beside the worker, in turn, and given up. The name server is the test's
 * own getaddrinfo(3), which answers when it is told to. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vhba/resolve.h"

static struct raceway_worker *worker;
static sem_t asked, may_answer, over;
static char host[64], port[16], address[RACEWAY_RESOLVED_MAX], why[256];
static unsigned int founds;
static struct raceway_resolve *resolve;
static const char *portal;
static unsigned int turn;

static struct sockaddr_in four = { .sin_family = AF_INET };
static struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
static struct addrinfo second = { .ai_family = AF_INET6,
				  .ai_addr = (struct sockaddr *)&six,
				  .ai_addrlen = sizeof(six) };
static struct addrinfo first = { .ai_family = AF_INET,
				 .ai_addr = (struct sockaddr *)&four,
				 .ai_addrlen = sizeof(four),
				 .ai_next = &second };

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **list)
{
	snprintf(host, sizeof(host), "%s", node);
	snprintf(port, sizeof(port), "%s", service);
	sem_post(&asked);
	sem_wait(&may_answer);
	if (!strcmp(node, "nobody"))
		return EAI_NONAME;
	inet_pton(AF_INET, "192.0.2.7", &four.sin_addr);
	inet_pton(AF_INET6, "2001:db8::7", &six.sin6_addr);
	*list = &first;
	return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
}

static void wait_for(sem_t *sem)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	cr_assert_eq(sem_timedwait(sem, &until), 0, "nothing happened within 10 s");
}

static void start(void)
{
	sem_init(&asked, 0, 0);
	sem_init(&may_answer, 0, 0);
	sem_init(&over, 0, 0);
	cr_assert_eq(raceway_worker_start(0, &worker), 0);
}

static void stop(void)
{
	raceway_worker_stop(worker);
}

static void found(void *context, const char *is, const char *reason)
{
	founds++;
	snprintf(address, sizeof(address), "%s", is ? is : "");
	snprintf(why, sizeof(why), "%s", reason);
	sem_post(&over);
}

static void begin(struct raceway_call *call, struct raceway_worker *on)
{
	cr_assert_eq(raceway_resolve_start(portal, turn, on, found, NULL, &resolve), 0);
}

static void cancel(struct raceway_call *call, struct raceway_worker *on)
{
	raceway_resolve_cancel(resolve);
}

/* The answer is on its way to the worker already. */
static void cancel_late(struct raceway_call *call, struct raceway_worker *on)
{
	sem_post(&may_answer);
	usleep(100000);
	raceway_resolve_cancel(resolve);
}

static void nothing(struct raceway_call *call, struct raceway_worker *on)
{
}

static void tell(struct raceway_call *call, struct raceway_worker *on)
{
	sem_post(&over);
}

/* On the worker, and returns when it has run. */
static void on_worker(void (*run)(struct raceway_call *call, struct raceway_worker *on))
{
	struct raceway_call call = { .run = run }, then = { .run = tell };

	raceway_worker_call(worker, &call);
	raceway_worker_call(worker, &then);
	wait_for(&over);
}

static void expect(const char *of, unsigned int number, const char *is, const char *reason)
{
	portal = of;
	turn = number;
	/* The worker goes on while it is asked. */
	on_worker(begin);
	wait_for(&asked);
	cr_assert_eq(founds, 0);
	sem_post(&may_answer);
	wait_for(&over);
	cr_expect_str_eq(address, is);
	cr_expect_str_eq(why, reason);
	founds = 0;
}

Test(resolve, addresses_are_not_asked_for)
{
	cr_expect(raceway_resolve_is_address("192.0.2.1"));
	cr_expect(raceway_resolve_is_address("192.0.2.1:3260"));
	cr_expect(raceway_resolve_is_address("[2001:db8::1]:3260"));
	cr_expect_not(raceway_resolve_is_address("array"));
	cr_expect_not(raceway_resolve_is_address("array.example:3261"));
	cr_expect_not(raceway_resolve_is_address("192.0.2.example"));
}

Test(resolve, names_are_in_turn, .init = start, .fini = stop)
{
	expect("array.example:3261", 0, "192.0.2.7:3261", "");
	cr_expect_str_eq(host, "array.example");
	cr_expect_str_eq(port, "3261");
	expect("array", 1, "[2001:db8::7]:3260", "");
	expect("array", 2, "192.0.2.7:3260", "");
	expect("nobody", 0, "", "nobody: Name or service not known");
}

Test(resolve, who_has_gone_hears_nothing, .init = start, .fini = stop)
{
	portal = "array";
	on_worker(begin);
	wait_for(&asked);
	on_worker(cancel);
	sem_post(&may_answer);
	usleep(50000);
	on_worker(nothing);
	cr_expect_eq(founds, 0);
}

Test(resolve, who_goes_at_the_last_moment_neither, .init = start, .fini = stop)
{
	portal = "array";
	on_worker(begin);
	wait_for(&asked);
	on_worker(cancel_late);
	on_worker(nothing);
	cr_expect_eq(founds, 0);
}
