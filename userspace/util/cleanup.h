/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Cleanup attributes: what a scope owns is released on every way out of it.
 * For JSON, jansson's own json_auto_t does the same. */
#ifndef RACEWAY_UTIL_CLEANUP_H
#define RACEWAY_UTIL_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RACEWAY_CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void raceway_cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void raceway_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void raceway_cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define RACEWAY_FREE RACEWAY_CLEANUP(raceway_cleanup_free)
#define RACEWAY_CLOSE RACEWAY_CLEANUP(raceway_cleanup_close)
#define RACEWAY_FCLOSE RACEWAY_CLEANUP(raceway_cleanup_fclose)

/* The value leaves the scope: the variable owns nothing any more. */
#define RACEWAY_TAKE(pointer)                                                                      \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})
#define RACEWAY_TAKE_FD(fd)                                                                        \
	({                                                                                         \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

#endif
