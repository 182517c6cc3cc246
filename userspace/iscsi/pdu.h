/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The wire format of iSCSI PDUs (RFC 7143 section 11): basic header segment, additional header
 * segments, digests. No I/O, no allocation. */
#ifndef RACEWAY_ISCSI_PDU_H
#define RACEWAY_ISCSI_PDU_H

#include <assert.h>
#include <endian.h>
#include <isa-l/crc.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RACEWAY_BHS_BYTES 48
#define RACEWAY_AHS_MAX (255 * 4)
#define RACEWAY_DIGEST_BYTES 4
/* Of a header that may have to be kept in one piece: BHS, all AHS, digest. */
#define RACEWAY_HEADER_MAX (RACEWAY_BHS_BYTES + RACEWAY_AHS_MAX + RACEWAY_DIGEST_BYTES)
#define RACEWAY_TAG_NONE 0xffffffffU /* the reserved tag */
#define RACEWAY_ISCSI_PORT 3260

enum raceway_pdu_opcode {
	RACEWAY_OP_NOP_OUT = 0x00,
	RACEWAY_OP_SCSI_COMMAND = 0x01,
	RACEWAY_OP_TASK_MANAGEMENT = 0x02,
	RACEWAY_OP_LOGIN = 0x03,
	RACEWAY_OP_TEXT = 0x04,
	RACEWAY_OP_DATA_OUT = 0x05,
	RACEWAY_OP_LOGOUT = 0x06,
	RACEWAY_OP_SNACK = 0x10,
	RACEWAY_OP_NOP_IN = 0x20,
	RACEWAY_OP_SCSI_RESPONSE = 0x21,
	RACEWAY_OP_TASK_MANAGEMENT_RESPONSE = 0x22,
	RACEWAY_OP_LOGIN_RESPONSE = 0x23,
	RACEWAY_OP_TEXT_RESPONSE = 0x24,
	RACEWAY_OP_DATA_IN = 0x25,
	RACEWAY_OP_LOGOUT_RESPONSE = 0x26,
	RACEWAY_OP_R2T = 0x31,
	RACEWAY_OP_ASYNC = 0x32,
	RACEWAY_OP_REJECT = 0x3f,
};

#define RACEWAY_OPCODE_MASK 0x3f
#define RACEWAY_PDU_IMMEDIATE 0x40 /* bit of the opcode's byte */

/* Bits of the flags. */
#define RACEWAY_PDU_FINAL 0x80
#define RACEWAY_PDU_READ 0x40
#define RACEWAY_PDU_WRITE 0x20
#define RACEWAY_PDU_ATTRIBUTE 0x07
#define RACEWAY_TEXT_CONTINUE 0x40
#define RACEWAY_LOGIN_TRANSIT 0x80
#define RACEWAY_LOGIN_CONTINUE 0x40
#define RACEWAY_RESIDUAL_OVERFLOW 0x04
#define RACEWAY_RESIDUAL_UNDERFLOW 0x02
#define RACEWAY_DATA_IN_STATUS 0x01

enum raceway_reject {
	RACEWAY_REJECT_DATA_DIGEST = 0x02,
	RACEWAY_REJECT_SNACK = 0x03,
	RACEWAY_REJECT_PROTOCOL = 0x04,
	RACEWAY_REJECT_UNSUPPORTED = 0x05,
	RACEWAY_REJECT_IMMEDIATE = 0x06,
	RACEWAY_REJECT_TASK_IN_PROGRESS = 0x07,
	RACEWAY_REJECT_INVALID_FIELD = 0x09,
	RACEWAY_REJECT_RESOURCES = 0x0a,
	RACEWAY_REJECT_LOGOUT = 0x0c, /* only a logout is waited for */
};

enum raceway_async {
	RACEWAY_ASYNC_LOGOUT = 1,
	RACEWAY_ASYNC_DROP_CONNECTION = 2,
	RACEWAY_ASYNC_DROP_SESSION = 3,
};

/* RFC 7143 11.5.1 and RFC 7144 4.2.3.1. */
enum raceway_function {
	RACEWAY_FUNCTION_ABORT_TASK = 1,
	RACEWAY_FUNCTION_ABORT_TASK_SET,
	RACEWAY_FUNCTION_CLEAR_ACA,
	RACEWAY_FUNCTION_CLEAR_TASK_SET,
	RACEWAY_FUNCTION_LOGICAL_UNIT_RESET,
	RACEWAY_FUNCTION_TARGET_WARM_RESET,
	RACEWAY_FUNCTION_TARGET_COLD_RESET,
	RACEWAY_FUNCTION_TASK_REASSIGN,
	RACEWAY_FUNCTION_QUERY_TASK,
	RACEWAY_FUNCTION_QUERY_TASK_SET,
	RACEWAY_FUNCTION_NEXUS_RESET,
	RACEWAY_FUNCTION_QUERY_ASYNC_EVENT,
};

enum raceway_function_response {
	RACEWAY_FUNCTION_COMPLETE = 0,
	RACEWAY_FUNCTION_NO_TASK = 1,
	RACEWAY_FUNCTION_NO_LUN = 2,
	RACEWAY_FUNCTION_NO_REASSIGN = 4,
	RACEWAY_FUNCTION_UNSUPPORTED = 5,
	RACEWAY_FUNCTION_SUCCEEDED = 7,
	RACEWAY_FUNCTION_REJECTED = 255,
};

enum raceway_logout_reason {
	RACEWAY_LOGOUT_SESSION = 0,
	RACEWAY_LOGOUT_CONNECTION = 1,
	RACEWAY_LOGOUT_RECOVERY = 2,
};

enum raceway_logout_response {
	RACEWAY_LOGOUT_DONE = 0,
	RACEWAY_LOGOUT_NO_CID = 1,
	RACEWAY_LOGOUT_NO_RECOVERY = 2,
};

/* The basic header segment as it is on the wire. What comes from a target has its sequence
 * numbers in the same place whatever it is, and so has what comes from an initiator, but for
 * Data-Out. */
struct raceway_bhs {
	uint8_t opcode, flags, byte2, byte3;
	uint8_t ahs_words, data_bytes[3];
	union {
		uint8_t lun[8];
		struct {
			uint8_t isid[6];
			__be16 tsih;
		};
	};
	__be32 itt;
	union {
		struct {
			__be32 expected_bytes, cmdsn, exp_statsn;
			uint8_t cdb[16];
		} command;
		struct {
			/* Target transfer tag, referenced task tag, or CID and two bytes. */
			__be32 tag;
			__be32 cmdsn, exp_statsn;
			__be32 ref_cmdsn, exp_datasn, reserved[2];
		} request;
		struct {
			__be32 ttt, reserved, exp_statsn, reserved2, datasn, offset, reserved3;
		} data_out;
		struct {
			__be32 tag;
			__be32 statsn, exp_cmdsn, max_cmdsn;
			union {
				struct {
					__be32 datasn; /* ExpDataSN, R2TSN */
					__be32 offset;
					__be32 count; /* residual, desired length */
				};
				uint8_t tail[12];
			};
		} response;
	};
};
static_assert(sizeof(struct raceway_bhs) == RACEWAY_BHS_BYTES, "a BHS has 48 bytes");

static inline uint8_t raceway_bhs_opcode(const struct raceway_bhs *bhs)
{
	return bhs->opcode & RACEWAY_OPCODE_MASK;
}

static inline bool raceway_bhs_immediate(const struct raceway_bhs *bhs)
{
	return bhs->opcode & RACEWAY_PDU_IMMEDIATE;
}

static inline uint32_t raceway_bhs_data_bytes(const struct raceway_bhs *bhs)
{
	return (uint32_t)bhs->data_bytes[0] << 16 | (uint32_t)bhs->data_bytes[1] << 8 |
	       bhs->data_bytes[2];
}

static inline void raceway_bhs_set_data_bytes(struct raceway_bhs *bhs, uint32_t bytes)
{
	bhs->data_bytes[0] = (uint8_t)(bytes >> 16);
	bhs->data_bytes[1] = (uint8_t)(bytes >> 8);
	bhs->data_bytes[2] = (uint8_t)bytes;
}

/* BHS and AHS, without digest. */
static inline uint32_t raceway_bhs_header_bytes(const struct raceway_bhs *bhs)
{
	return RACEWAY_BHS_BYTES + 4U * bhs->ahs_words;
}

/* What fills a data segment up to a multiple of four. */
static inline uint32_t raceway_pad_bytes(uint32_t bytes)
{
	return -bytes & 3;
}

/* Serial numbers of 32 bits (RFC 1982): whether a comes before b. */
static inline bool raceway_serial_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* CRC32C (RFC 7143 13.1), of pieces: begin, add each, end. The digest is little-endian on the
 * wire. */
#define RACEWAY_CRC_BEGIN 0xffffffffU

static inline uint32_t raceway_crc_add(uint32_t crc, const void *data, size_t bytes)
{
	return crc32_iscsi((unsigned char *)data, (int)bytes, crc);
}

static inline __le32 raceway_crc_end(uint32_t crc)
{
	return htole32(~crc);
}

/* What the additional header segments of a SCSI command say. */
struct raceway_ahs {
	const uint8_t *cdb; /* what follows the first 16 bytes, NULL if there is none */
	uint8_t cdb_bytes;
	bool bidirectional;
};

/* Reads `bytes` of additional header segments (RFC 7143 11.2.2). 0; -EINVAL: contradictory
 * lengths, an unknown type or one twice; -E2BIG: a CDB longer than RACEWAY_CDB_MAX. */
int raceway_ahs_parse(const uint8_t *ahs, size_t bytes, struct raceway_ahs *ret_ahs);

/* Whether a SCSI Command's own fields agree with each other (RFC 7143 11.3). */
bool raceway_command_valid(const struct raceway_bhs *bhs);

#endif
