/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CAP_SYS_ADMIN only while it is needed. One thread: the state is the process's. */
#include "util/caps.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORD CAP_TO_INDEX(CAP_SYS_ADMIN)
#define BIT CAP_TO_MASK(CAP_SYS_ADMIN)

static bool lowered;
static unsigned int depth;

/* Whether it was permitted, and so could be changed. */
static bool set(bool effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) || !(data[WORD].permitted & BIT))
		return false;
	data[WORD].effective =
		effective ? data[WORD].effective | BIT : data[WORD].effective & ~(uint32_t)BIT;
	return !syscall(SYS_capset, &header, data);
}

void raceway_admin_lower(void)
{
	lowered = set(false);
}

int raceway_admin_begin(void)
{
	if (lowered && depth++ == 0)
		(void)set(true);
	return 0;
}

void raceway_admin_end(const int *unused)
{
	if (lowered && --depth == 0)
		(void)set(false);
}
