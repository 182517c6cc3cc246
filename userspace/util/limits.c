// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a daemon of many connections is allowed. */
#include "util/limits.h"

#include <sys/resource.h>

void raceway_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
