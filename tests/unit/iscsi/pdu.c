/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/pdu.c: header segments, digests and serial numbers. */
#include "iscsi/pdu.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scsi/task.h"

Test(pdu, layout)
{
	struct raceway_bhs bhs;

	cr_expect_eq(offsetof(struct raceway_bhs, itt), 16);
	cr_expect_eq(offsetof(struct raceway_bhs, command.expected_bytes), 20);
	cr_expect_eq(offsetof(struct raceway_bhs, command.cmdsn), 24);
	cr_expect_eq(offsetof(struct raceway_bhs, command.cdb), 32);
	cr_expect_eq(offsetof(struct raceway_bhs, request.ref_cmdsn), 32);
	cr_expect_eq(offsetof(struct raceway_bhs, data_out.datasn), 36);
	cr_expect_eq(offsetof(struct raceway_bhs, data_out.offset), 40);
	cr_expect_eq(offsetof(struct raceway_bhs, response.statsn), 24);
	cr_expect_eq(offsetof(struct raceway_bhs, response.max_cmdsn), 32);
	cr_expect_eq(offsetof(struct raceway_bhs, response.tail), 36);
	cr_expect_eq(offsetof(struct raceway_bhs, response.count), 44);
	raceway_bhs_set_data_bytes(&bhs, 0x123456);
	cr_expect_eq(((uint8_t *)&bhs)[5], 0x12);
	cr_expect_eq(((uint8_t *)&bhs)[7], 0x56);
	cr_expect_eq(raceway_bhs_data_bytes(&bhs), 0x123456);
}

/* The examples of RFC 7143 A.5. */
Test(pdu, crc)
{
	static const uint8_t read_command[48] = {
		0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,	   0, 0, 0, 0,
		0x14, 0,    0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
		0x28, 0,    0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,	   0, 0, 0, 0,
	};
	uint8_t up[32], down[32], same[32];
	const struct {
		const uint8_t *data;
		size_t bytes;
		uint8_t digest[4];
	} cases[] = {
		{ up, 32, { 0x4e, 0x79, 0xdd, 0x46 } },
		{ down, 32, { 0x5c, 0xdb, 0x3f, 0x11 } },
		{ read_command, 48, { 0x56, 0x3a, 0x96, 0xd9 } },
	};
	static const uint8_t zeroes[4] = { 0xaa, 0x36, 0x91, 0x8a };
	static const uint8_t ones[4] = { 0x43, 0xab, 0xa8, 0x62 };
	__le32 digest;

	for (uint8_t i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = 31 - i;
	}
	for (size_t i = 0; i < 3; i++) {
		/* In two pieces, as data comes. */
		uint32_t crc = raceway_crc_add(RACEWAY_CRC_BEGIN, cases[i].data, 7);

		digest = raceway_crc_end(
			raceway_crc_add(crc, cases[i].data + 7, cases[i].bytes - 7));
		cr_expect_arr_eq(&digest, cases[i].digest, 4, "case %zu", i);
	}
	memset(same, 0, sizeof(same));
	digest = raceway_crc_end(raceway_crc_add(RACEWAY_CRC_BEGIN, same, 32));
	cr_expect_arr_eq(&digest, zeroes, 4);
	memset(same, 0xff, sizeof(same));
	digest = raceway_crc_end(raceway_crc_add(RACEWAY_CRC_BEGIN, same, 32));
	cr_expect_arr_eq(&digest, ones, 4);
}

Test(pdu, padding)
{
	cr_expect_eq(raceway_pad_bytes(0), 0);
	cr_expect_eq(raceway_pad_bytes(1), 3);
	cr_expect_eq(raceway_pad_bytes(4), 0);
	cr_expect_eq(raceway_pad_bytes(0xffffff), 1);
}

Test(pdu, serial_numbers_wrap)
{
	cr_expect(raceway_serial_before(1, 2));
	cr_expect(!raceway_serial_before(2, 2));
	cr_expect(!raceway_serial_before(3, 2));
	cr_expect(raceway_serial_before(0xffffffff, 0));
	cr_expect(!raceway_serial_before(0, 0xffffffff));
}

struct ahs_case {
	uint8_t bytes[40];
	size_t count;
	int result;
	uint8_t cdb_bytes;
	bool bidirectional;
};

Test(pdu, additional_headers)
{
	static const struct ahs_case cases[] = {
		{ { 0 }, 0, 0, 0, false },
		/* A CDB of 32 bytes: 16 more and the reserved one. */
		{ { 0, 17, 1, 0, 0xaa }, 20, 0, 16, false },
		/* Of 17, filled up to whole words. */
		{ { 0, 2, 1, 0, 0xaa }, 8, 0, 1, false },
		{ { 0, 5, 2, 0, 0, 0, 2, 0 }, 8, 0, 0, true },
		{ { 0, 5, 2, 0, 0, 0, 2, 0, 0, 2, 1, 0, 0xaa }, 16, 0, 1, true },
		/* Longer than any that is served. */
		{ { 0, 18, 1, 0 }, 24, -E2BIG, 0, false },
		/* Longer than the header says, without contents, types unknown or twice. */
		{ { 0, 17, 1, 0 }, 16, -EINVAL, 0, false },
		{ { 0xff, 0xff, 1, 0 }, 8, -EINVAL, 0, false },
		{ { 0, 0, 1, 0 }, 4, -EINVAL, 0, false },
		{ { 0, 1, 1, 0 }, 4, -EINVAL, 0, false },
		{ { 0, 5, 3, 0 }, 8, -EINVAL, 0, false },
		{ { 0, 5, 0, 0 }, 8, -EINVAL, 0, false },
		{ { 0, 4, 2, 0 }, 8, -EINVAL, 0, false },
		{ { 0, 9, 2, 0 }, 12, -EINVAL, 0, false },
		{ { 0, 5, 2, 0, 0, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 0 }, 16, -EINVAL, 0, false },
		{ { 0, 2, 1, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0 }, 16, -EINVAL, 0, false },
		{ { 0, 2, 1, 0, 0, 0, 0, 0, 0, 5 }, 12, -EINVAL, 0, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct raceway_ahs ahs = { .cdb_bytes = 99 };
		int result = raceway_ahs_parse(cases[i].bytes, cases[i].count, &ahs);

		cr_expect_eq(result, cases[i].result, "case %zu: %d", i, result);
		cr_expect_eq(ahs.cdb_bytes, result ? 99 : cases[i].cdb_bytes, "case %zu", i);
		if (result)
			continue;
		cr_expect_eq(ahs.bidirectional, cases[i].bidirectional, "case %zu", i);
		cr_expect_eq(ahs.cdb != NULL, cases[i].cdb_bytes > 0, "case %zu", i);
		if (ahs.cdb)
			cr_expect_eq(ahs.cdb[0], 0xaa, "case %zu", i);
	}
}

struct flag_case {
	uint8_t flags;
	uint32_t itt, expected, data;
	bool valid;
};

Test(pdu, command_flags)
{
	static const struct flag_case cases[] = {
		{ 0x81, 1, 0, 0, true },
		{ 0xc1, 1, 512, 0, true },
		{ 0xa1, 1, 512, 512, true },
		{ 0x21, 1, 512, 0, true },
		{ 0xe1, 1, 512, 0, true },
		{ 0x80, 1, 0, 0, true },
		{ 0x84, 1, 0, 0, true },
		/* No tag. */
		{ 0x81, 0xffffffff, 0, 0, false },
		/* Task attributes that there are not. */
		{ 0x85, 1, 0, 0, false },
		{ 0x87, 1, 0, 0, false },
		/* More data to come, or here, of what is no write. */
		{ 0x41, 1, 512, 0, false },
		{ 0xc1, 1, 512, 4, false },
		{ 0x01, 1, 0, 0, false },
		/* Data in neither direction; more than announced. */
		{ 0x81, 1, 512, 0, false },
		{ 0xa1, 1, 512, 513, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct raceway_bhs bhs = { .flags = cases[i].flags, .itt = htobe32(cases[i].itt) };

		bhs.command.expected_bytes = htobe32(cases[i].expected);
		raceway_bhs_set_data_bytes(&bhs, cases[i].data);
		cr_expect_eq(raceway_command_valid(&bhs), cases[i].valid, "case %zu", i);
	}
}
