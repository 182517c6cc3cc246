/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Mode parameters of a unit: they are its own, the same for all nexuses, and never saved. */
#ifndef RACEWAY_SCSI_MODE_H
#define RACEWAY_SCSI_MODE_H

#include "scsi/lu.h"

/* The longest header, descriptor and all pages, and then some. */
#define RACEWAY_MODE_MAX 256

#endif
