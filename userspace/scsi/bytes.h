/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Big-endian numbers at any address, as SCSI has them in CDBs and parameter data. */
#ifndef RACEWAY_SCSI_BYTES_H
#define RACEWAY_SCSI_BYTES_H

#include <stdint.h>

static inline uint16_t raceway_get16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

static inline uint32_t raceway_get24(const uint8_t *from)
{
	return (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
}

static inline uint32_t raceway_get32(const uint8_t *from)
{
	return (uint32_t)raceway_get16(from) << 16 | raceway_get16(from + 2);
}

static inline uint64_t raceway_get64(const uint8_t *from)
{
	return (uint64_t)raceway_get32(from) << 32 | raceway_get32(from + 4);
}

static inline void raceway_put16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline void raceway_put24(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 16);
	raceway_put16(to + 1, (uint16_t)value);
}

static inline void raceway_put32(uint8_t *to, uint32_t value)
{
	raceway_put16(to, (uint16_t)(value >> 16));
	raceway_put16(to + 2, (uint16_t)value);
}

static inline void raceway_put64(uint8_t *to, uint64_t value)
{
	raceway_put32(to, (uint32_t)(value >> 32));
	raceway_put32(to + 4, (uint32_t)value);
}

#endif
