/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A binary heap of what is embedded elsewhere: the least key first. */
#ifndef RACEWAY_UTIL_HEAP_H
#define RACEWAY_UTIL_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct raceway_heap_node {
	uint64_t key;
	size_t place; /* 1 and up; 0: in no heap */
};

struct raceway_heap {
	struct raceway_heap_node **nodes; /* from 1 on */
	size_t count, room;
};

/* Room for `count` nodes, so that raceway_heap_put() cannot fail. 0 or -ENOMEM. */
int raceway_heap_reserve(struct raceway_heap *heap, size_t count);
/* Puts a node in, or moves one that is in, to its key. There must be room. */
void raceway_heap_put(struct raceway_heap *heap, struct raceway_heap_node *node, uint64_t key);
/* Does nothing for a node that is in no heap. */
void raceway_heap_remove(struct raceway_heap *heap, struct raceway_heap_node *node);
/* The node with the least key, or NULL. */
static inline struct raceway_heap_node *raceway_heap_first(const struct raceway_heap *heap)
{
	return heap->count ? heap->nodes[1] : NULL;
}
/* Frees the heap, not the nodes. */
void raceway_heap_free(struct raceway_heap *heap);

#endif
