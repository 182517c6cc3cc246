/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The heap gives out the least key first, whatever was moved or taken out of its middle. */
#include <criterion/criterion.h>

#include "util/heap.h"

#define MANY 500

static struct raceway_heap heap;
static struct raceway_heap_node nodes[MANY];

static void fill(void)
{
	uint32_t state = 1;

	cr_assert_eq(raceway_heap_reserve(&heap, MANY), 0);
	for (size_t i = 0; i < MANY; i++) {
		state = state * 1664525 + 1013904223;
		raceway_heap_put(&heap, &nodes[i], state >> 16);
	}
}

/* Takes all out and checks their order; returns how many there were. */
static size_t drain(void)
{
	struct raceway_heap_node *node;
	uint64_t last = 0;
	size_t count = 0;

	while ((node = raceway_heap_first(&heap))) {
		cr_assert_geq(node->key, last);
		last = node->key;
		raceway_heap_remove(&heap, node);
		cr_assert_eq(node->place, 0);
		count++;
	}
	raceway_heap_free(&heap);
	return count;
}

Test(heap, gives_the_least_first)
{
	cr_assert_null(raceway_heap_first(&heap));
	fill();
	cr_assert_eq(drain(), MANY);
}

Test(heap, moves_nodes_up_and_down)
{
	fill();
	for (size_t i = 0; i < MANY; i += 3)
		raceway_heap_put(&heap, &nodes[i], i % 2 ? nodes[i].key + 40000 : nodes[i].key / 2);
	cr_assert_eq(drain(), MANY);
}

Test(heap, lets_nodes_leave_from_the_middle)
{
	fill();
	for (size_t i = 0; i < MANY; i += 2) {
		raceway_heap_remove(&heap, &nodes[i]);
		raceway_heap_remove(&heap, &nodes[i]); /* nothing happens */
	}
	cr_assert_eq(drain(), MANY / 2);
}
