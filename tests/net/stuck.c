// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* LD_PRELOAD for path_stuck.sh: an interface whose driver keeps a feature on. STUCK=NAME takes
 * the request and leaves it undone, as ETHTOOL_F_WISH says; FIXED=NAME lists it as fixed. */
#include <dlfcn.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define NAMES_MAX 256

typedef int ioctl_fn(int fd, unsigned long request, ...);

static int number_of(ioctl_fn *real, int fd, const struct ifreq *of, const char *name)
{
	static char room[sizeof(struct ethtool_gstrings) + NAMES_MAX * ETH_GSTRING_LEN];
	struct ethtool_gstrings *names = (void *)room;
	struct ifreq ifr = *of;

	*names = (struct ethtool_gstrings){
		.cmd = ETHTOOL_GSTRINGS,
		.string_set = ETH_SS_FEATURES,
	};
	ifr.ifr_data = room;
	if (real(fd, SIOCETHTOOL, &ifr))
		return -1;
	for (unsigned int i = 0; i < names->len; i++)
		if (!strncmp((char *)names->data + (size_t)i * ETH_GSTRING_LEN, name,
			     ETH_GSTRING_LEN))
			return (int)i;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	const char *stuck = getenv("STUCK"), *fixed = getenv("FIXED"), *dev = getenv("STUCK_DEV");
	ioctl_fn *real = (ioctl_fn *)dlsym(RTLD_NEXT, "ioctl");
	struct ifreq *ifr;
	va_list args;
	int at, ret;

	va_start(args, request);
	ifr = va_arg(args, struct ifreq *);
	va_end(args);
	if (request != SIOCETHTOOL || strcmp(ifr->ifr_name, dev))
		return real(fd, request, ifr);
	if (stuck && *(unsigned int *)ifr->ifr_data == ETHTOOL_SFEATURES) {
		struct ethtool_sfeatures *set = (void *)ifr->ifr_data;

		at = number_of(real, fd, ifr, stuck);
		set->features[at / 32].valid &= ~(1U << (at & 31));
		ret = real(fd, request, ifr);
		return ret ? ret : ETHTOOL_F_WISH;
	}
	ret = real(fd, request, ifr);
	if (!ret && fixed && *(unsigned int *)ifr->ifr_data == ETHTOOL_GFEATURES) {
		struct ethtool_gfeatures *get = (void *)ifr->ifr_data;

		at = number_of(real, fd, ifr, fixed);
		get->features[at / 32].active |= 1U << (at & 31);
		get->features[at / 32].available &= ~(1U << (at & 31));
	}
	return ret;
}
