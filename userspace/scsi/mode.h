/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Mode parameters of a unit: they are its own, the same for all nexuses, and never saved. */
#ifndef RACEWAY_SCSI_MODE_H
#define RACEWAY_SCSI_MODE_H

#include "scsi/lu.h"

/* The longest header, descriptor and all pages, and then some. */
#define RACEWAY_MODE_MAX 256
#define RACEWAY_MODE_PAGE_MAX 20
#define RACEWAY_MODE_CHANGEABLE 6

#define RACEWAY_MODE_CACHING 0x08
#define RACEWAY_MODE_CONTROL 0x0a
#define RACEWAY_MODE_WCE 0x04	  /* caching, byte 2 */
#define RACEWAY_MODE_D_SENSE 0x04 /* control, byte 2 */
#define RACEWAY_MODE_SWP 0x08	  /* control, byte 4 */

struct raceway_mode_page {
	uint8_t code, bytes;
	/* Bits that MODE SELECT may change, of the first bytes. */
	uint8_t changeable[RACEWAY_MODE_CHANGEABLE];
	/* What is in effect; `current` false: what it begins with. */
	void (*fill)(const struct raceway_lu *lu, bool current, uint8_t *page);
};

/* NULL: there is no such page. */
const struct raceway_mode_page *raceway_mode_find(unsigned int code);
/* A page as MODE SENSE shows it, by page control (SPC-4 table 262). Returns its length. */
size_t raceway_mode_put(const struct raceway_mode_page *page, const struct raceway_lu *lu,
			unsigned int control, uint8_t *to);
/* What a reset of the unit makes of it: nothing was saved. */
void raceway_mode_reset(struct raceway_lu *lu);

#endif
