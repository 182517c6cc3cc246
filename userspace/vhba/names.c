/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What may be part of a file's name. */
#include "vhba/names.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HEX64_DIGITS 16
#define FILE_NAME_MAX 200 /* what is put around it still fits into NAME_MAX */

static bool is_plain(const char *name, size_t length)
{
	if (length == 0 || length > FILE_NAME_MAX || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return false;
	}
	return true;
}

int raceway_name_split(const char *name, char *ret_san, char *ret_volume, size_t size)
{
	const char *slash = strchr(name, '/');
	size_t san, volume;

	if (!slash)
		return -EINVAL;
	san = (size_t)(slash - name);
	volume = strlen(slash + 1);
	if (san >= size || volume >= size || !is_plain(name, san) || !is_plain(slash + 1, volume))
		return -EINVAL;
	memcpy(ret_san, name, san);
	ret_san[san] = '\0';
	memcpy(ret_volume, slash + 1, volume + 1);
	return 0;
}

int raceway_name_hex64(const char *text, uint64_t *ret_value)
{
	if (strlen(text) != HEX64_DIGITS || strspn(text, "0123456789abcdefABCDEF") != HEX64_DIGITS)
		return -EINVAL;
	*ret_value = strtoull(text, NULL, 16);
	return 0;
}
