/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Initiators that always want more, before a store that is slow or fast: what is guaranteed, what
 * is shared, what is paced, and what happens to tasks that are aborted while they wait. In
 * simulated time, on two workers. */
#include <criterion/criterion.h>
#include <string.h>

#include "simulated.h"
#include "vhba/flow.h"

#define DEPTH 16 /* tasks of one initiator */
#define MOST 4	 /* initiators, on two workers */
#define BYTES 4096
#define BLOCKS 8
#define STORE_TICK_NS 500000ULL
#define THINK_NS 20000ULL /* from an answer to the next command */

struct initiator;
struct job {
	struct raceway_task task;
	struct raceway_timer think;
	struct initiator *of;
};

struct initiator {
	struct raceway_rates rates;
	struct raceway_claim claim;
	struct raceway_flow flow;
	struct raceway_nexus *nexus;
	struct job jobs[DEPTH];
	uint64_t served, aborted, under_way;
	bool gone;
};

static struct raceway_worker *worker;
static struct raceway_arbiter *arbiter;
static struct raceway_lu *lu;
static struct initiator initiators[MOST];
static size_t count;
static uint64_t end_ns;

/* The store: ends so many operations with each tick; 0: at once. */
static unsigned int per_tick;
static unsigned int at_store, most_at_store;
static struct raceway_io *waiting, **waiting_end = &waiting;
static struct raceway_timer tick;
static uint64_t next_tick;

static void store_submit(struct raceway_disk *disk, struct raceway_worker *on,
			 struct raceway_io *io)
{
	io->result = 0;
	if (!per_tick) {
		io->done(io);
		return;
	}
	if (++at_store > most_at_store)
		most_at_store = at_store;
	io->disk_private = NULL;
	*waiting_end = io;
	waiting_end = (struct raceway_io **)&io->disk_private;
}

static void store_tick(struct raceway_timer *timer)
{
	for (unsigned int i = 0; i < per_tick && waiting; i++) {
		struct raceway_io *io = waiting;

		waiting = io->disk_private;
		if (!waiting)
			waiting_end = &waiting;
		at_store--;
		io->done(io);
	}
	next_tick += STORE_TICK_NS;
	raceway_timer_set(worker, timer, next_tick);
}

static const struct raceway_disk_ops store_ops = { .name = "test", .submit = store_submit };
static struct raceway_disk disk = {
	.ops = &store_ops,
	.bytes = 1 << 20,
	.block_bytes = 512,
	.physical_bytes = 512,
};

static void done(struct raceway_task *task)
{
	struct job *job = task->context;
	struct initiator *of = job->of;

	raceway_flow_leave(&of->flow, task);
	of->served += !task->aborted;
	of->aborted += task->aborted;
	of->under_way--;
	raceway_task_release(task);
	if (raceway_clock_ns() < end_ns && !task->aborted)
		raceway_timer_set(task->worker, &job->think, raceway_clock_ns() + THINK_NS);
	raceway_flow_put(&of->flow);
}

static void submit_now(struct job *job)
{
	struct initiator *of = job->of;
	struct raceway_task *task = &job->task;

	task->done = done;
	task->serve = (struct raceway_task_serve){
		.since_ns = raceway_worker_now(worker),
		.bytes = BYTES,
		.reads = true,
	};
	of->under_way++;
	raceway_flow_hold(&of->flow);
	if (!raceway_flow_enter(&of->flow, task))
		raceway_scsi_execute(task);
}

static void thought(struct raceway_timer *timer)
{
	submit_now((struct job *)((char *)timer - offsetof(struct job, think)));
}

static void run(struct raceway_flow *flow, struct raceway_task *task)
{
	raceway_scsi_execute(task);
}

static void gone(struct raceway_flow *flow)
{
	struct initiator *of =
		(struct initiator *)((char *)flow - offsetof(struct initiator, flow));

	of->gone = true;
}

static void begin(void)
{
	const struct raceway_lu_options options = { .disk = &disk, .name = "p/a" };

	worker = simulated_worker(0);
	cr_assert_eq(raceway_arbiter_new(8, &arbiter), 0);
	cr_assert_eq(raceway_lu_new(&options, &lu), 0);
}

static struct initiator *add(const struct raceway_limits_config *limits, bool bounded)
{
	static const struct raceway_nexus_options options = {
		.initiator = "naa.1",
		.target = "iqn.t",
		.target_port = "iqn.t,t,0x0001",
		.protocol = 5,
		.relative_port = 1,
	};
	const struct raceway_lun lun = { .lu = lu };
	struct raceway_worker *on = simulated_worker((unsigned int)count % 2);
	struct initiator *of = &initiators[count++];

	raceway_rates_set(&of->rates, limits, raceway_clock_ns());
	cr_assert_eq(raceway_claim_init(&of->claim, bounded ? arbiter : NULL, &of->rates), 0);
	of->claim.weight = limits->weight;
	raceway_flow_init(&of->flow, &of->claim, on, run, gone);
	cr_assert_eq(raceway_nexus_new(&options, &lun, 1, &of->nexus), 0);
	for (int i = 0; i < DEPTH; i++) {
		struct job *job = &of->jobs[i];

		job->of = of;
		job->think.expired = thought;
		job->task = (struct raceway_task){
			.nexus = of->nexus,
			.worker = on,
			.tag = (uint64_t)i + 1,
			.cdb = { 0x28, [8] = BLOCKS },
			.cdb_bytes = 10,
			.attribute = RACEWAY_TASK_SIMPLE,
			.wants_in = true,
			.expected_bytes = BYTES,
			.context = job,
		};
	}
	return of;
}

/* What is not one of the tasks above: takes the attention of the new nexus. */
static void took(struct raceway_task *task)
{
	raceway_task_release(task);
}

static void start(void)
{
	static struct raceway_task first[MOST];

	tick.expired = store_tick;
	next_tick = raceway_clock_ns() + STORE_TICK_NS;
	raceway_timer_set(worker, &tick, next_tick);
	for (size_t i = 0; i < count; i++) {
		first[i] = (struct raceway_task){
			.nexus = initiators[i].nexus,
			.worker = initiators[i].flow.worker,
			.cdb_bytes = 6,
			.done = took,
		};
		raceway_scsi_execute(&first[i]);
		for (int j = 0; j < DEPTH; j++)
			submit_now(&initiators[i].jobs[j]);
	}
}

/* All initiators for so many seconds. */
static void run_for(double seconds, uint64_t late_ns)
{
	end_ns = raceway_clock_ns() + (uint64_t)(seconds * 1e9);
	start();
	simulated_run(end_ns, late_ns);
}

static void near(const char *what, double got, double want, double within)
{
	cr_expect(got >= want * (1 - within) && got <= want * (1 + within), "%s: %g, want %g", what,
		  got, want);
}

Test(flow, what_is_left_is_shared_by_weight, .init = begin)
{
	struct initiator *one = add(&(struct raceway_limits_config){ .weight = 1 }, true);
	struct initiator *two = add(&(struct raceway_limits_config){ .weight = 2 }, true);
	struct initiator *five = add(&(struct raceway_limits_config){ .weight = 5 }, true);

	per_tick = 2;
	run_for(1, 0);
	near("all", (double)(one->served + two->served + five->served), 4000, 0.01);
	near("2:1", (double)two->served / (double)one->served, 2, 0.05);
	near("5:1", (double)five->served / (double)one->served, 5, 0.05);
	cr_expect_eq(most_at_store, 8, "no more than its depth is at the store, %u", most_at_store);
}

Test(flow, what_is_guaranteed_comes_first, .init = begin)
{
	struct initiator *green =
		add(&(struct raceway_limits_config){ .weight = 1, .iops_cir = 1000 }, true);
	struct initiator *others[] = {
		add(&(struct raceway_limits_config){ .weight = 1000 }, true),
		add(&(struct raceway_limits_config){ .weight = 1000 }, true),
	};

	per_tick = 1; /* 2,000 per second */
	run_for(1, 0);
	cr_expect_geq(green->served, 990, "%lu", green->served);
	cr_expect_leq(green->served, 1020, "%lu", green->served);
	near("what is left", (double)(others[0]->served + others[1]->served), 1000, 0.02);
	near("is shared", (double)others[0]->served, (double)others[1]->served, 0.05);
}

Test(flow, a_guarantee_is_no_limit, .init = begin)
{
	struct initiator *green =
		add(&(struct raceway_limits_config){ .weight = 1, .iops_cir = 500 }, true);
	struct initiator *other = add(&(struct raceway_limits_config){ .weight = 1 }, true);

	per_tick = 1;
	run_for(1, 0);
	/* 500, and half of the 1,500 that are left. */
	near("with its share", (double)green->served, 1250, 0.02);
	near("the other", (double)other->served, 750, 0.02);
}

Test(flow, guarantees_in_bytes, .init = begin)
{
	struct initiator *green = add(
		&(struct raceway_limits_config){ .weight = 1, .cir_bps = 1500 * 8 * BYTES }, true);

	add(&(struct raceway_limits_config){ .weight = 1000 }, true);
	per_tick = 1;
	run_for(1, 0);
	near("guaranteed", (double)green->served, 1500, 0.015);
}

Test(flow, peaks_are_kept_within_one_per_cent, .init = begin)
{
	static const uint64_t rates[] = { 1000, 7000, 50000 };
	struct initiator *paced[3];
	struct initiator *open;

	for (size_t i = 0; i < 3; i++)
		paced[i] = add(&(struct raceway_limits_config){ .weight = 1, .iops_pir = rates[i] },
			       i % 2);
	open = add(&(struct raceway_limits_config){ .weight = 1 }, false);
	run_for(1, 0);
	for (size_t i = 0; i < 3; i++)
		near("paced", (double)paced[i]->served, (double)rates[i], 0.01);
	near("unlimited", (double)open->served, DEPTH * 1e9 / THINK_NS, 0.01);
}

Test(flow, peaks_are_kept_when_timers_are_late, .init = begin)
{
	struct initiator *paced =
		add(&(struct raceway_limits_config){ .weight = 1, .iops_pir = 2000 }, true);

	run_for(1, 3000000);
	near("paced", (double)paced->served, 2000, 0.015);
}

Test(flow, peaks_change_while_tasks_wait, .init = begin)
{
	struct initiator *paced =
		add(&(struct raceway_limits_config){ .weight = 1, .iops_pir = 10 }, true);
	const struct raceway_limits_config faster = { .weight = 1, .iops_pir = 10000 };
	uint64_t before;

	run_for(1, 0);
	near("slow", (double)paced->served, 10, 0.11);
	before = paced->served;
	end_ns += 1000000000ULL;
	raceway_rates_set(&paced->rates, &faster, raceway_clock_ns());
	raceway_flow_look(&paced->flow);
	simulated_run(end_ns, 0);
	near("fast", (double)(paced->served - before), 10000, 0.01);
}

static enum raceway_tmf_response response;
static unsigned int answers;

static void managed(struct raceway_tmf_request *of, enum raceway_tmf_response with)
{
	response = with;
	answers++;
}

/* `granted`: the store has just made place for them, and they are about to run. */
static void let_waiting_ones_be_aborted(const struct raceway_limits_config *limits, bool granted)
{
	struct initiator *of = add(limits, true);
	struct raceway_tmf_request request = {
		.function = RACEWAY_TMF_ABORT_TASK,
		.nexus = of->nexus,
		.worker = worker,
		.tag = DEPTH,
		.done = managed,
	};

	per_tick = 8;
	end_ns = 0; /* nobody begins anew */
	start();
	cr_assert(at_store < DEPTH, "some wait");
	if (granted)
		store_tick(&tick);
	raceway_scsi_manage(&request);
	cr_expect_eq(answers, 1, "a task that waits ends at once");
	cr_expect_eq(response, RACEWAY_TMF_COMPLETE);
	cr_expect_eq(of->aborted, 1);
	cr_expect_eq(of->under_way + of->served, DEPTH - 1);
	raceway_nexus_abort(of->nexus);
	cr_expect_eq(of->under_way, at_store, "what is not at the store has ended");
	simulated_run(raceway_clock_ns() + 10 * STORE_TICK_NS, 0);
	cr_expect_eq(of->under_way, 0);
	cr_expect_eq(of->aborted + of->served, DEPTH);
	cr_expect_eq(of->served, granted ? per_tick : 0);
	cr_expect_eq(arbiter->outstanding, 0);
	cr_expect_eq(arbiter->waiting, 0);
	raceway_nexus_free(of->nexus);
	raceway_flow_put(&of->flow);
	cr_expect(of->gone, "all holds are given back");
}

Test(flow, tasks_that_wait_for_the_store_can_be_aborted, .init = begin)
{
	let_waiting_ones_be_aborted(&(struct raceway_limits_config){ .weight = 1 }, false);
}

Test(flow, tasks_that_have_got_a_place_can_be_aborted, .init = begin)
{
	let_waiting_ones_be_aborted(&(struct raceway_limits_config){ .weight = 1 }, true);
}

Test(flow, tasks_that_wait_for_their_rate_can_be_aborted, .init = begin)
{
	let_waiting_ones_be_aborted(&(struct raceway_limits_config){ .weight = 1, .iops_pir = 1 },
				    false);
}

/* An ordered task, and what comes after it, waits behind what waits. */
static void quiet(struct job *job, enum raceway_task_attribute attribute)
{
	memset(job->task.cdb, 0, sizeof(job->task.cdb)); /* TEST UNIT READY */
	job->task.cdb_bytes = 6;
	job->task.wants_in = false;
	job->task.expected_bytes = 0;
	job->task.attribute = attribute;
	job->task.done = done;
	job->task.serve = (struct raceway_task_serve){ 0 };
	job->of->under_way++;
	raceway_flow_hold(&job->of->flow);
	if (!raceway_flow_enter(&job->of->flow, &job->task))
		raceway_scsi_execute(&job->task);
}

Test(flow, tasks_without_blocks_pass_but_for_ordered_ones, .init = begin)
{
	struct initiator *of =
		add(&(struct raceway_limits_config){ .weight = 1, .iops_pir = 100 }, true);
	static struct job simple, ordered, behind;
	uint64_t before;

	end_ns = 0;
	start(); /* the depth lets two pass at once, the others take 140 ms */
	simple = ordered = behind = of->jobs[0];
	before = of->served;
	quiet(&simple, RACEWAY_TASK_SIMPLE);
	cr_expect_eq(of->served, before + 1, "it passes");
	quiet(&ordered, RACEWAY_TASK_ORDERED);
	quiet(&behind, RACEWAY_TASK_SIMPLE);
	cr_expect_eq(of->served, before + 1, "they wait");
	simulated_run(raceway_clock_ns() + 100000000, 0);
	cr_expect_lt(of->served, DEPTH, "the reads are not done yet");
	simulated_run(raceway_clock_ns() + 100000000, 0);
	cr_expect_eq(of->served, DEPTH + 3);
	cr_expect_eq(of->flow.held, 0);
	cr_expect_eq(of->flow.barriers, 0);
}
