/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Vital product data pages (SPC-4 7.8, SBC-3 6.5). */
#ifndef RACEWAY_SCSI_VPD_H
#define RACEWAY_SCSI_VPD_H

#include "scsi/lu.h"

#define RACEWAY_VENDOR "RACEWAY"
/* The longest page is 83h, with three names. */
#define RACEWAY_VPD_MAX 1024
#define RACEWAY_PORT_GROUP 1 /* the one target port group of a unit */
/* MAXIMUM COMPARE AND WRITE LENGTH, in blocks. */
#define RACEWAY_COMPARE_MAX 255
#define RACEWAY_ATOMIC_MAX (1U << 20) /* bytes of WRITE ATOMIC */
/* MAXIMUM WRITE SAME LENGTH, in blocks: what WRITE SAME(10) can name. */
#define RACEWAY_SAME_MAX 0xffff
#define RACEWAY_UNMAP_DESCRIPTORS_MAX 256

/* Writes a page of the unit, as its nexus sees it; 0: there is no such page. */
size_t raceway_vpd_build(const struct raceway_itl *itl, uint8_t page, uint8_t *to);
/* Left-aligned text, filled up with blanks (SPC-4 4.3.1). */
void raceway_put_text(uint8_t *to, size_t room, const char *text);

#endif
