/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VPD pages, each built by a function of the table at the end. */
#include "scsi/vpd.h"

#include <string.h>

#include "scsi/bytes.h"
#include "scsi/copy.h"

#define HEADER 4
#define CODE_BINARY 1
#define CODE_ASCII 2
#define CODE_UTF8 3
#define PIV 0x80 /* the protocol identifier is valid */
#define OF_UNIT 0x00
#define OF_PORT 0x10
#define OF_TARGET 0x20
#define T10_VENDOR 1
#define NAA 3
#define RELATIVE_PORT 4
#define PORT_GROUP 5
#define SCSI_NAME 8

/* Fills in what follows the header, which is zeroed, and returns how much. */
typedef size_t (*build_fn)(const struct raceway_itl *itl, uint8_t *to);

static const struct raceway_disk *disk_of(const struct raceway_itl *itl)
{
	return itl->lu->options.disk;
}

static size_t build_serial(const struct raceway_itl *itl, uint8_t *to)
{
	size_t length = strnlen(itl->lu->options.serial, sizeof(itl->lu->options.serial));

	memcpy(to, itl->lu->options.serial, length);
	return length;
}

/* A designation descriptor; returns its end. */
static uint8_t *designate(uint8_t *to, uint8_t code, uint8_t type, const void *designator,
			  size_t bytes)
{
	to[0] = code;
	to[1] = type;
	to[2] = 0;
	to[3] = (uint8_t)bytes;
	memcpy(to + HEADER, designator, bytes);
	return to + HEADER + bytes;
}

/* A SCSI name string ends in a zero and is filled up to a multiple of four bytes (SPC-4
 * 7.8.5.2.5). */
static uint8_t *designate_name(uint8_t *to, uint8_t protocol, uint8_t of, const char *name)
{
	uint8_t text[256] = { 0 };
	size_t length = strnlen(name, sizeof(text) - 4), bytes = (length + 4) / 4 * 4;

	memcpy(text, name, length);
	return designate(to, (uint8_t)(protocol << 4 | CODE_UTF8), PIV | of | SCSI_NAME, text,
			 bytes > 252 ? 252 : bytes);
}

static size_t build_identification(const struct raceway_itl *itl, uint8_t *to)
{
	const struct raceway_nexus_options *nexus = &itl->nexus->options;
	const struct raceway_lu_options *lu = &itl->lu->options;
	uint8_t vendor[8 + sizeof(lu->serial)], number[4] = { 0 }, *end = to;
	size_t serial = strnlen(lu->serial, sizeof(lu->serial));

	end = designate(end, CODE_BINARY, OF_UNIT | NAA, lu->naa, sizeof(lu->naa));
	raceway_put_text(vendor, 8, RACEWAY_VENDOR);
	memcpy(vendor + 8, lu->serial, serial);
	end = designate(end, CODE_ASCII, OF_UNIT | T10_VENDOR, vendor, 8 + serial);
	raceway_put16(number + 2, nexus->relative_port);
	end = designate(end, (uint8_t)(nexus->protocol << 4 | CODE_BINARY),
			PIV | OF_PORT | RELATIVE_PORT, number, sizeof(number));
	raceway_put16(number + 2, RACEWAY_PORT_GROUP);
	end = designate(end, (uint8_t)(nexus->protocol << 4 | CODE_BINARY),
			PIV | OF_PORT | PORT_GROUP, number, sizeof(number));
	if (nexus->target_port[0])
		end = designate_name(end, nexus->protocol, OF_PORT, nexus->target_port);
	if (nexus->target[0])
		end = designate_name(end, nexus->protocol, OF_TARGET, nexus->target);
	return (size_t)(end - to);
}

/* Extended INQUIRY data: the task attributes that are served, a volatile cache, and that an
 * I_T nexus loss clears unit attentions. */
static size_t build_extended(const struct raceway_itl *itl, uint8_t *to)
{
	to[1] = 0x07; /* HEADSUP ORDSUP SIMPSUP */
	if (disk_of(itl)->write_cache)
		to[2] = 0x01; /* V_SUP */
	to[3] = 0x01;	      /* LUICLR */
	return 60;
}

/* Block limits (SBC-3 6.5.3). */
static size_t build_limits(const struct raceway_itl *itl, uint8_t *to)
{
	const struct raceway_disk *disk = disk_of(itl);
	uint32_t per_physical = disk->physical_bytes / disk->block_bytes;
	uint8_t *page = to - HEADER;

	page[5] = RACEWAY_COMPARE_MAX;
	raceway_put16(page + 6, (uint16_t)per_physical);
	raceway_put32(page + 8, RACEWAY_TRANSFER_MAX / disk->block_bytes);
	raceway_put32(page + 12, (1U << 20) / disk->block_bytes);
	raceway_put32(page + 16, RACEWAY_TRANSFER_MAX / disk->block_bytes);
	if (disk->thin) {
		raceway_put32(page + 20, UINT32_MAX);
		raceway_put32(page + 24, RACEWAY_UNMAP_DESCRIPTORS_MAX);
		raceway_put32(page + 28, per_physical);
		raceway_put32(page + 32, 1U << 31); /* UGAVALID: aligned to block 0 */
	}
	raceway_put64(page + 36, RACEWAY_SAME_MAX);
	raceway_put32(page + 44, RACEWAY_ATOMIC_MAX / disk->block_bytes);
	return 60;
}

/* Block device characteristics (SBC-3 6.5.2). */
static size_t build_characteristics(const struct raceway_itl *itl, uint8_t *to)
{
	raceway_put16(to, disk_of(itl)->rotating ? 0 : 1); /* not told, or not rotating */
	to[3] = 0x50; /* WABEREQ, WACEREQ: after an erasure reads succeed */
	return 60;
}

/* Logical block provisioning (SBC-3 6.5.4). */
static size_t build_provisioning(const struct raceway_itl *itl, uint8_t *to)
{
	if (disk_of(itl)->thin) {
		to[1] = 0xe4; /* LBPU LBPWS LBPWS10 LBPRZ */
		to[2] = 2;    /* thin */
	}
	return 4;
}

/* One third-party copy descriptor (SPC-4 7.8.17); returns its end. */
static uint8_t *third_party(uint8_t *to, uint16_t type, const uint8_t *data, size_t bytes)
{
	size_t padded = (bytes + 3) / 4 * 4;

	raceway_put16(to, type);
	raceway_put16(to + 2, (uint16_t)padded);
	memset(to + 4, 0, padded);
	memcpy(to + 4, data, bytes);
	return to + 4 + padded;
}

/* What EXTENDED COPY takes, as RECEIVE COPY RESULTS tells it too. */
static size_t build_third_party(const struct raceway_itl *itl, uint8_t *to)
{
	static const uint8_t commands[] = { 8,
					    RACEWAY_OP_EXTENDED_COPY,
					    1,
					    0,
					    RACEWAY_OP_RECEIVE_COPY_RESULTS,
					    3,
					    RACEWAY_SA_COPY_STATUS,
					    RACEWAY_SA_COPY_PARAMETERS,
					    RACEWAY_SA_COPY_FAILED_DETAILS };
	static const uint8_t descriptors[] = { 2, RACEWAY_COPY_BLOCK_TO_BLOCK,
					       RACEWAY_COPY_TARGET_IDENTIFICATION };
	uint8_t parameters[28] = { 0 }, general[32] = { 0 }, none[2] = { 0 }, *end = to;

	raceway_put16(parameters + 4, RACEWAY_COPY_TARGETS_MAX);
	raceway_put16(parameters + 6, RACEWAY_COPY_SEGMENTS_MAX);
	raceway_put32(parameters + 8, RACEWAY_COPY_LIST_MAX);
	raceway_put32(general, RACEWAY_COPY_RESULTS);
	raceway_put32(general + 4, RACEWAY_COPY_RESULTS);
	raceway_put32(general + 8, RACEWAY_COPY_SEGMENT_MAX * disk_of(itl)->block_bytes);
	general[12] = (uint8_t)__builtin_ctz(disk_of(itl)->block_bytes);
	end = third_party(end, 0x0001, commands, sizeof(commands));
	end = third_party(end, 0x0004, parameters, sizeof(parameters));
	end = third_party(end, 0x0008, descriptors, sizeof(descriptors));
	end = third_party(end, 0x000c, none, sizeof(none));
	end = third_party(end, 0x8001, general, sizeof(general));
	return (size_t)(end - to);
}

static size_t build_supported(const struct raceway_itl *itl, uint8_t *to);

static const struct {
	uint8_t page;
	build_fn build;
} pages[] = {
	{ 0x00, build_supported },	 { 0x80, build_serial },
	{ 0x83, build_identification },	 { 0x86, build_extended },
	{ 0x8f, build_third_party },	 { 0xb0, build_limits },
	{ 0xb1, build_characteristics }, { 0xb2, build_provisioning },
};
#define PAGES (sizeof(pages) / sizeof(pages[0]))

static size_t build_supported(const struct raceway_itl *itl, uint8_t *to)
{
	(void)itl;
	for (size_t i = 0; i < PAGES; i++)
		to[i] = pages[i].page;
	return PAGES;
}

size_t raceway_vpd_build(const struct raceway_itl *itl, uint8_t page, uint8_t *to)
{
	for (size_t i = 0; i < PAGES; i++) {
		size_t bytes;

		if (pages[i].page != page)
			continue;
		memset(to, 0, RACEWAY_VPD_MAX);
		to[1] = page;
		bytes = pages[i].build(itl, to + HEADER);
		raceway_put16(to + 2, (uint16_t)bytes);
		return HEADER + bytes;
	}
	return 0;
}
