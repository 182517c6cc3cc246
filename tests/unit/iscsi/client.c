/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The initiator's side of the test bed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bed.h"

#define PATIENCE_S 5

void client_send_raw(struct client *client, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0) {
		ssize_t sent = send(client->fd, at, bytes, MSG_NOSIGNAL);

		if (sent <= 0)
			return; /* whoever looks finds that the target has closed */
		at += sent;
		bytes -= (size_t)sent;
	}
}

void client_send(struct client *client, struct raceway_bhs *bhs, const void *data, size_t bytes)
{
	static const uint8_t zeroes[4];
	uint32_t pad = raceway_pad_bytes((uint32_t)bytes);
	__le32 digest;

	raceway_bhs_set_data_bytes(bhs, (uint32_t)bytes);
	client_send_raw(client, bhs, sizeof(*bhs));
	if (client->header_digest) {
		digest = raceway_crc_end(raceway_crc_add(RACEWAY_CRC_BEGIN, bhs, sizeof(*bhs)));
		client_send_raw(client, &digest, sizeof(digest));
	}
	if (bytes == 0)
		return;
	client_send_raw(client, data, bytes);
	client_send_raw(client, zeroes, pad);
	if (client->data_digest) {
		uint32_t crc = raceway_crc_add(RACEWAY_CRC_BEGIN, data, bytes);

		digest = raceway_crc_end(raceway_crc_add(crc, zeroes, pad));
		client_send_raw(client, &digest, sizeof(digest));
	}
}

static bool receive_all(struct client *client, void *data, size_t bytes)
{
	char *at = data;

	while (bytes > 0) {
		ssize_t got = recv(client->fd, at, bytes, 0);

		if (got <= 0) {
			cr_assert(got == 0 || errno == ECONNRESET, "nothing came: %s",
				  strerror(errno));
			return false;
		}
		at += got;
		bytes -= (size_t)got;
	}
	return true;
}

static void check_digest(struct client *client, const void *data, size_t bytes)
{
	__le32 right = raceway_crc_end(raceway_crc_add(RACEWAY_CRC_BEGIN, data, bytes)), digest;

	cr_assert(receive_all(client, &digest, sizeof(digest)));
	cr_assert_eq(digest, right, "a digest is wrong");
}

static bool takes_statsn(const struct raceway_bhs *bhs)
{
	switch (bhs->opcode) {
	case RACEWAY_OP_R2T:
		return false;
	case RACEWAY_OP_DATA_IN:
		return bhs->flags & RACEWAY_DATA_IN_STATUS;
	case RACEWAY_OP_NOP_IN:
		return bhs->itt != htobe32(RACEWAY_TAG_NONE);
	default:
		return true;
	}
}

static void check_numbers(struct client *client, const struct raceway_bhs *bhs)
{
	uint32_t statsn = be32toh(bhs->response.statsn);
	uint32_t max_cmdsn = be32toh(bhs->response.max_cmdsn);

	if (takes_statsn(bhs))
		cr_expect_eq(statsn, client->statsn++, "StatSN %u of opcode %02x", statsn,
			     bhs->opcode);
	client->exp_cmdsn = be32toh(bhs->response.exp_cmdsn);
	cr_expect(!raceway_serial_before(max_cmdsn, client->max_cmdsn) ||
			  bhs->opcode == RACEWAY_OP_LOGIN_RESPONSE,
		  "MaxCmdSN goes back");
	client->max_cmdsn = max_cmdsn;
}

bool client_receive(struct client *client, struct pdu *pdu)
{
	uint32_t whole;

	if (!receive_all(client, &pdu->bhs, sizeof(pdu->bhs)))
		return false;
	cr_assert_eq(pdu->bhs.ahs_words, 0);
	if (client->header_digest)
		check_digest(client, &pdu->bhs, sizeof(pdu->bhs));
	check_numbers(client, &pdu->bhs);
	pdu->bytes = raceway_bhs_data_bytes(&pdu->bhs);
	if (pdu->bytes == 0)
		return true;
	whole = pdu->bytes + raceway_pad_bytes(pdu->bytes);
	cr_assert_leq(whole, sizeof(pdu->data));
	cr_assert(receive_all(client, pdu->data, whole));
	for (uint32_t i = pdu->bytes; i < whole; i++)
		cr_expect_eq(pdu->data[i], 0, "padding is not zero");
	if (client->data_digest)
		check_digest(client, pdu->data, whole);
	return true;
}

void client_expect(struct client *client, struct pdu *pdu, enum raceway_pdu_opcode opcode)
{
	cr_assert(client_receive(client, pdu), "closed instead of opcode %02x", opcode);
	cr_assert_eq(pdu->bhs.opcode, opcode, "opcode %02x, not %02x", pdu->bhs.opcode, opcode);
}

void client_expect_end(struct client *client)
{
	struct pdu pdu;

	cr_assert_not(client_receive(client, &pdu), "opcode %02x instead of the end",
		      pdu.bhs.opcode);
}

void client_expect_silence(struct client *client)
{
	struct raceway_bhs bhs = client_request(client, RACEWAY_OP_NOP_OUT, 0);
	struct pdu pdu;

	/* Out of order, so that it does not depend on what went before. */
	client->cmdsn--;
	bhs.opcode |= RACEWAY_PDU_IMMEDIATE;
	client_send(client, &bhs, NULL, 0);
	client_expect(client, &pdu, RACEWAY_OP_NOP_IN);
	cr_assert_eq(pdu.bhs.itt, bhs.itt);
}

void client_expect_reject(struct client *client, enum raceway_reject reason)
{
	struct pdu pdu;

	client_expect(client, &pdu, RACEWAY_OP_REJECT);
	cr_expect_eq(pdu.bhs.byte2, reason, "reject %02x, not %02x", pdu.bhs.byte2, reason);
	cr_expect_eq(pdu.bhs.itt, htobe32(RACEWAY_TAG_NONE));
	cr_expect_eq(pdu.bytes, RACEWAY_BHS_BYTES);
}

void client_send_login(struct client *client, unsigned int worker, const char *keys, size_t bytes)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct raceway_text text = { .limit = 65536 };
	struct raceway_bhs bhs = { .opcode = RACEWAY_OP_LOGIN | RACEWAY_PDU_IMMEDIATE,
				   .flags = 0x87 };

	client->fd = bed_connect(worker);
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	client->cmdsn = 0xfffffffd; /* wraps soon */
	client->statsn = 0;
	client->max_cmdsn = client->cmdsn;
	client->itt = 100;
	client->header_digest = client->data_digest = false;
	memcpy(bhs.isid, client->isid, sizeof(bhs.isid));
	bhs.itt = htobe32(client->itt++);
	bhs.request.tag = htobe32(0x00050000); /* CID 5 */
	bhs.request.cmdsn = htobe32(client->cmdsn);
	raceway_text_append(&text, BED_NAMES, sizeof(BED_NAMES) - 1);
	raceway_text_append(&text, keys, bytes);
	client_send(client, &bhs, text.data, text.bytes);
	raceway_text_free(&text);
}

void client_login(struct client *client, unsigned int worker, const char *keys, size_t bytes)
{
	struct pdu pdu;

	client_send_login(client, worker, keys, bytes);
	client_expect(client, &pdu, RACEWAY_OP_LOGIN_RESPONSE);
	cr_assert_eq(pdu.bhs.response.tail[0], 0, "login: %02x%02x", pdu.bhs.response.tail[0],
		     pdu.bhs.response.tail[1]);
	cr_assert_eq(pdu.bhs.flags, 0x87);
	client->tsih = be16toh(pdu.bhs.tsih);
	cr_assert_neq(client->tsih, 0);
	client->header_digest = memmem(pdu.data, pdu.bytes, "HeaderDigest=CRC32C", 19);
	client->data_digest = memmem(pdu.data, pdu.bytes, "DataDigest=CRC32C", 17);
	client_test_unit_ready(client); /* takes the unit attention */
}

void client_close(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

struct raceway_bhs client_request(struct client *client, enum raceway_pdu_opcode opcode,
				  uint8_t flags)
{
	struct raceway_bhs bhs = { .opcode = (uint8_t)opcode, .flags = flags | RACEWAY_PDU_FINAL };

	bhs.itt = htobe32(client->itt++);
	bhs.request.tag = htobe32(RACEWAY_TAG_NONE);
	bhs.request.cmdsn = htobe32(client->cmdsn++);
	bhs.request.exp_statsn = htobe32(client->statsn);
	return bhs;
}

struct raceway_bhs client_command(struct client *client, uint8_t flags, const char *cdb,
				  uint32_t expected)
{
	struct raceway_bhs bhs = client_request(client, RACEWAY_OP_SCSI_COMMAND, 0);
	unsigned int byte;
	int length;

	bhs.flags = flags | RACEWAY_TASK_SIMPLE;
	bhs.lun[1] = 1;
	bhs.command.expected_bytes = htobe32(expected);
	memset(bhs.command.cdb, 0, sizeof(bhs.command.cdb));
	for (size_t i = 0; i < sizeof(bhs.command.cdb); i++, cdb += length) {
		if (sscanf(cdb, "%2x%n", &byte, &length) != 1)
			break;
		bhs.command.cdb[i] = (uint8_t)byte;
	}
	return bhs;
}

void client_expect_status(struct client *client, uint32_t itt, uint8_t status)
{
	struct pdu pdu;

	client_expect(client, &pdu, RACEWAY_OP_SCSI_RESPONSE);
	cr_assert_eq(pdu.bhs.itt, itt, "an answer to another command");
	cr_expect_eq(pdu.bhs.byte2, 0);
	cr_assert_eq(pdu.bhs.byte3, status, "status %02x, not %02x", pdu.bhs.byte3, status);
	cr_expect_eq(pdu.bytes > 0, status == RACEWAY_SCSI_CHECK_CONDITION);
}

void client_expect_sense(struct client *client, uint32_t itt, uint8_t key, uint16_t asc)
{
	struct pdu pdu;

	client_expect(client, &pdu, RACEWAY_OP_SCSI_RESPONSE);
	cr_assert_eq(pdu.bhs.itt, itt);
	cr_assert_eq(pdu.bhs.byte3, RACEWAY_SCSI_CHECK_CONDITION);
	cr_assert_geq(pdu.bytes, 20);
	cr_expect_eq((uint32_t)pdu.data[0] << 8 | pdu.data[1], pdu.bytes - 2);
	cr_expect_eq(pdu.data[2] & 0x7f, 0x70);
	cr_expect_eq(pdu.data[4] & 0x0f, key, "key %x, not %x", pdu.data[4], key);
	cr_expect_eq(pdu.data[14] << 8 | pdu.data[15], asc, "code %02x%02x, not %04x", pdu.data[14],
		     pdu.data[15], asc);
}

void client_test_unit_ready(struct client *client)
{
	struct pdu pdu;
	int tries = 0;

	do {
		struct raceway_bhs bhs = client_command(client, RACEWAY_PDU_FINAL, "00", 0);

		client_send(client, &bhs, NULL, 0);
		client_expect(client, &pdu, RACEWAY_OP_SCSI_RESPONSE);
		cr_assert_eq(pdu.bhs.itt, bhs.itt);
		cr_assert_lt(++tries, 5);
	} while (pdu.bhs.byte3 != RACEWAY_SCSI_GOOD);
}

char *client_cdb10(uint8_t opcode, uint32_t lba, uint16_t blocks, char text[32])
{
	snprintf(text, 32, "%02x 00 %02x %02x %02x %02x 00 %02x %02x 00", opcode, lba >> 24,
		 lba >> 16 & 0xff, lba >> 8 & 0xff, lba & 0xff, blocks >> 8, blocks & 0xff);
	return text;
}
