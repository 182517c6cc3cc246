// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loads the replay in front of a program. */
#include "replay.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "replay.skel.h"

#define HEADS_BYTES ((size_t)BENCH_HEADS * sizeof(struct bench_head))

int bench_replay_open(int target, struct bench_replay *ret_replay)
{
	struct bench_replay replay = { .skel = replay_bpf__open_and_load() };
	uint32_t key = 0;
	int ret;

	if (!replay.skel)
		return -errno;
	replay.prog = bpf_program__fd(replay.skel->progs.bench_replay);
	replay.empty = bpf_program__fd(replay.skel->progs.bench_empty);
	if (target < 0)
		target = replay.empty;
	replay.heads = mmap(NULL, HEADS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(replay.skel->maps.heads), 0);
	if (replay.heads == MAP_FAILED ||
	    bpf_map_update_elem(bpf_map__fd(replay.skel->maps.target), &key, &target, BPF_ANY)) {
		ret = -errno;
		if (replay.heads != MAP_FAILED)
			munmap(replay.heads, HEADS_BYTES);
		replay_bpf__destroy(replay.skel);
		return ret;
	}
	*ret_replay = replay;
	return 0;
}

void bench_replay_use(struct bench_replay *replay, uint32_t count)
{
	replay->skel->bss->position = 0;
	replay->skel->bss->last = count - 1;
}

void bench_replay_close(struct bench_replay *replay)
{
	if (!replay->skel)
		return;
	munmap(replay->heads, HEADS_BYTES);
	replay_bpf__destroy(replay->skel);
	replay->skel = NULL;
}
