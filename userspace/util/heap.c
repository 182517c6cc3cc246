/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sifts up or down; each node knows its place, so that it can leave from the middle. */
#include "util/heap.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 64

static void place(struct raceway_heap *heap, size_t at, struct raceway_heap_node *node)
{
	heap->nodes[at] = node;
	node->place = at;
}

static void sift(struct raceway_heap *heap, size_t at, struct raceway_heap_node *node)
{
	for (; at > 1 && heap->nodes[at / 2]->key > node->key; at /= 2)
		place(heap, at, heap->nodes[at / 2]);
	for (;;) {
		size_t child = 2 * at;

		if (child > heap->count)
			break;
		if (child < heap->count && heap->nodes[child + 1]->key < heap->nodes[child]->key)
			child++;
		if (heap->nodes[child]->key >= node->key)
			break;
		place(heap, at, heap->nodes[child]);
		at = child;
	}
	place(heap, at, node);
}

int raceway_heap_reserve(struct raceway_heap *heap, size_t count)
{
	size_t room = heap->room ? heap->room : ROOM_FIRST;
	struct raceway_heap_node **nodes;

	while (room < count + 1)
		room *= 2;
	if (room == heap->room)
		return 0;
	nodes = reallocarray(heap->nodes, room, sizeof(struct raceway_heap_node *));
	if (!nodes)
		return -ENOMEM;
	heap->nodes = nodes;
	heap->room = room;
	return 0;
}

void raceway_heap_put(struct raceway_heap *heap, struct raceway_heap_node *node, uint64_t key)
{
	size_t at = node->place ? node->place : ++heap->count;

	node->key = key;
	/* sift() looks at what stands there. */
	heap->nodes[at] = node;
	sift(heap, at, node);
}

void raceway_heap_remove(struct raceway_heap *heap, struct raceway_heap_node *node)
{
	struct raceway_heap_node *last;
	size_t at = node->place;

	if (at == 0)
		return;
	last = heap->nodes[heap->count--];
	node->place = 0;
	if (last != node)
		sift(heap, at, last);
}

void raceway_heap_free(struct raceway_heap *heap)
{
	free(heap->nodes);
	*heap = (struct raceway_heap){ 0 };
}
