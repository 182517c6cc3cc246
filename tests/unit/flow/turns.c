/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Initiators that want much beside one that wants little, on one worker and a store that is as
 * quick as memory: nobody waits longer than a round and one command, and those who want much have
 * alike.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "simulated.h"
#include "vhba/flow.h"

#define JOBS 16 /* of one initiator */
#define MOST 4
#define LARGE (8U << 20)
#define SMALL 4096U
#define NS_PER_MIB 250000ULL /* 4 GB/s */
#define THINK_NS 20000ULL
/* The round before, and what ends it. */
#define WAIT_MOST_NS ((RACEWAY_ROUND_BYTES + LARGE) / (1 << 20) * NS_PER_MIB + 50000)

struct initiator;
struct job {
	struct raceway_task task;
	struct raceway_timer think;
	struct initiator *of;
	uint64_t due_ns;
};

struct initiator {
	struct raceway_rates rates;
	struct raceway_claim claim;
	struct raceway_flow flow;
	struct raceway_nexus *nexus;
	struct job jobs[JOBS];
	uint32_t bytes;
	uint64_t served, longest_ns;
};

static struct raceway_arbiter *arbiter;
static struct raceway_lu *lu;
static struct initiator initiators[MOST];
static size_t count;
static uint64_t end_ns;

static void store_submit(struct raceway_disk *disk, struct raceway_worker *on,
			 struct raceway_io *io)
{
	io->result = 0;
	io->done(io);
}

static const struct raceway_disk_ops store_ops = { .name = "test", .submit = store_submit };
static struct raceway_disk disk = {
	.ops = &store_ops,
	.bytes = 1 << 30,
	.block_bytes = 512,
	.physical_bytes = 512,
};

static void done(struct raceway_task *task)
{
	struct job *job = task->context;
	struct initiator *of = job->of;
	uint64_t now = raceway_clock_ns(), waited = now - job->due_ns;

	raceway_flow_leave(&of->flow, task);
	of->served++;
	if (waited > of->longest_ns)
		of->longest_ns = waited;
	raceway_task_release(task);
	job->due_ns = now + THINK_NS;
	if (now < end_ns)
		raceway_timer_set(task->worker, &job->think, job->due_ns);
	raceway_flow_put(&of->flow);
}

static void submit(struct job *job)
{
	struct initiator *of = job->of;
	struct raceway_task *task = &job->task;

	task->done = done;
	task->serve = (struct raceway_task_serve){
		.since_ns = raceway_clock_ns(),
		.bytes = of->bytes,
		.reads = true,
	};
	raceway_flow_hold(&of->flow);
	if (!raceway_flow_enter(&of->flow, task))
		raceway_scsi_execute(task);
}

static void thought(struct raceway_timer *timer)
{
	submit((struct job *)((char *)timer - offsetof(struct job, think)));
}

static void run(struct raceway_flow *flow, struct raceway_task *task)
{
	raceway_scsi_execute(task);
}

static void gone(struct raceway_flow *flow)
{
}

static void took(struct raceway_task *task)
{
	raceway_task_release(task);
}

static struct initiator *add(uint32_t bytes, bool bounded)
{
	static const struct raceway_nexus_options options = { .initiator = "naa.1",
							      .protocol = 5,
							      .relative_port = 1 };
	static const struct raceway_limits_config limits = { .weight = 1 };
	static struct raceway_task first[MOST];
	const struct raceway_lun lun = { .lu = lu };
	struct initiator *of = &initiators[count];
	uint32_t blocks = bytes / 512;

	of->bytes = bytes;
	raceway_rates_set(&of->rates, &limits, raceway_clock_ns());
	cr_assert_eq(raceway_claim_init(&of->claim, bounded ? arbiter : NULL, &of->rates), 0);
	raceway_flow_init(&of->flow, &of->claim, simulated_worker(0), run, gone);
	cr_assert_eq(raceway_nexus_new(&options, &lun, 1, &of->nexus), 0);
	for (int i = 0; i < JOBS; i++) {
		of->jobs[i].of = of;
		of->jobs[i].think.expired = thought;
		of->jobs[i].task = (struct raceway_task){
			.nexus = of->nexus,
			.worker = of->flow.worker,
			.tag = (uint64_t)i + 1,
			.cdb = { 0x28, [7] = (uint8_t)(blocks >> 8), (uint8_t)blocks },
			.cdb_bytes = 10,
			.attribute = RACEWAY_TASK_SIMPLE,
			.wants_in = true,
			.expected_bytes = bytes,
			.context = &of->jobs[i],
		};
	}
	first[count] = (struct raceway_task){
		.nexus = of->nexus, .worker = of->flow.worker, .cdb_bytes = 6, .done = took
	};
	raceway_scsi_execute(&first[count++]);
	return of;
}

static void begin(void)
{
	const struct raceway_lu_options options = { .disk = &disk, .name = "p/a" };

	simulated_cost(NS_PER_MIB);
	cr_assert_eq(raceway_arbiter_new(32, &arbiter), 0);
	cr_assert_eq(raceway_lu_new(&options, &lu), 0);
}

static void run_for(uint64_t ns)
{
	end_ns = raceway_clock_ns() + ns;
	for (size_t i = 0; i < count; i++) {
		for (int j = 0; j < JOBS; j++) {
			initiators[i].jobs[j].due_ns = raceway_clock_ns();
			submit(&initiators[i].jobs[j]);
		}
	}
	simulated_run(end_ns, 0);
}

static void judge(const struct initiator *little, bool bounded)
{
	uint64_t least = UINT64_MAX, most = 0;

	cr_expect_leq(little->longest_ns, WAIT_MOST_NS, "it waited %lu us, with%s an arbiter",
		      little->longest_ns / 1000, bounded ? "" : "out");
	for (size_t i = 0; i < count; i++) {
		uint64_t served = initiators[i].served;

		if (&initiators[i] == little)
			continue;
		least = served < least ? served : least;
		most = served > most ? served : most;
	}
	cr_expect_geq(least * 100, most * 95, "%lu to %lu", least, most);
	/* A second is full of them all the same. */
	cr_expect_geq(least * 3 * (LARGE >> 20), 1000000000ULL / NS_PER_MIB * 9 / 10);
}

/* Where the store is no bottleneck. */
Test(turns, who_wants_little_does_not_wait_for_those_who_want_much, .init = begin)
{
	struct initiator *little;

	for (int i = 0; i < 3; i++)
		add(LARGE, false);
	little = add(SMALL, false);
	run_for(1000000000ULL);
	judge(little, false);
}

/* ... and where all of it goes through a bottleneck's arbiter, though it keeps up. */
Test(turns, nor_behind_an_arbiter, .init = begin)
{
	struct initiator *little;

	for (int i = 0; i < 3; i++)
		add(LARGE, true);
	little = add(SMALL, true);
	run_for(1000000000ULL);
	judge(little, true);
}
