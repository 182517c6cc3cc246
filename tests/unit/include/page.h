/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Room that ends with a page, and behind it nothing: one byte too far is a crash. */
#ifndef RACEWAY_TESTS_PAGE_H
#define RACEWAY_TESTS_PAGE_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static inline uint8_t *page_end(void)
{
	static uint8_t *end;
	size_t page = (size_t)getpagesize();
	uint8_t *at;

	if (end)
		return end;
	at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(at, MAP_FAILED);
	cr_assert(!mprotect(at + page, page, PROT_NONE));
	end = at + page;
	return end;
}

#endif
