/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Closed loops of commands before the flow, as an initiator of a fixed depth is one. */
#include "closed.h"

#include <criterion/criterion.h>
#include <string.h>

struct closed closed[CLOSED_MOST];
size_t closed_count;

static struct raceway_arbiter *arbiter;
static struct raceway_lu *lu;
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
	struct closed_job *job = task->context;
	struct closed *of = job->of;
	uint64_t now = raceway_clock_ns(), waited = now - job->due_ns;

	raceway_flow_leave(&of->flow, task);
	of->served++;
	if (waited > of->longest_ns)
		of->longest_ns = waited;
	raceway_task_release(task);
	job->due_ns = now + CLOSED_THINK_NS;
	raceway_timer_set(task->worker, &job->think, job->due_ns);
	raceway_flow_put(&of->flow);
}

static void submit(struct closed_job *job)
{
	struct closed *of = job->of;
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
	submit((struct closed_job *)((char *)timer - offsetof(struct closed_job, think)));
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

void closed_begin(void)
{
	const struct raceway_lu_options options = { .disk = &disk, .name = "p/a" };

	cr_assert_eq(raceway_arbiter_new(32, &arbiter), 0);
	cr_assert_eq(raceway_lu_new(&options, &lu), 0);
}

static void make_job(struct closed *of, int number)
{
	struct closed_job *job = &of->jobs[number];
	uint32_t blocks = of->bytes / disk.block_bytes;

	job->of = of;
	job->think.expired = thought;
	job->task = (struct raceway_task){
		.nexus = of->nexus,
		.worker = of->flow.worker,
		.tag = (uint64_t)number + 1,
		.cdb = { 0x28, [7] = (uint8_t)(blocks >> 8), (uint8_t)blocks },
		.cdb_bytes = 10,
		.attribute = RACEWAY_TASK_SIMPLE,
		.wants_in = true,
		.expected_bytes = of->bytes,
		.context = job,
	};
}

struct closed *closed_add(const struct raceway_limits_config *limits, int depth, uint32_t bytes,
			  bool bounded)
{
	static const struct raceway_nexus_options options = { .initiator = "naa.1",
							      .protocol = 5,
							      .relative_port = 1 };
	static struct raceway_task first[CLOSED_MOST];
	const struct raceway_lun lun = { .lu = lu };
	struct closed *of = &closed[closed_count];

	of->bytes = bytes;
	of->depth = depth;
	raceway_rates_set(&of->rates, limits, raceway_clock_ns());
	cr_assert_eq(raceway_claim_init(&of->claim, bounded ? arbiter : NULL, &of->rates), 0);
	raceway_flow_init(&of->flow, &of->claim, simulated_worker(0), run, gone);
	cr_assert_eq(raceway_nexus_new(&options, &lun, 1, &of->nexus), 0);
	for (int i = 0; i < depth; i++)
		make_job(of, i);
	/* The attention of a new nexus. */
	first[closed_count] = (struct raceway_task){
		.nexus = of->nexus, .worker = of->flow.worker, .cdb_bytes = 6, .done = took
	};
	raceway_scsi_execute(&first[closed_count++]);
	return of;
}

void closed_run(uint64_t ns)
{
	end_ns = raceway_clock_ns() + ns;
	for (size_t i = 0; i < closed_count; i++) {
		for (int j = 0; j < closed[i].depth; j++) {
			closed[i].jobs[j].due_ns = raceway_clock_ns();
			submit(&closed[i].jobs[j]);
		}
	}
	simulated_run(end_ns, 0);
}

void closed_go_on(uint64_t ns)
{
	end_ns += ns;
	simulated_run(end_ns, 0);
}
