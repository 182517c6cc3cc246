/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fuzzes what an initiator sends: the bytes of a connection, before or after a login, with the
 * real device server behind it. The first byte of an input says what kind it is:
 *   bit 0  logged in already
 *   bit 1  in records instead of bytes as they are (struct record), so that sequence numbers,
 *          tags and lengths fit as often as not
 *   bit 2  with digests, which records get right
 *   bit 3  text in records is made of words: each byte is one of a table */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "iscsi/pdu.h"
#include "iscsi/target.h"
#include "scsi/nexus.h"
#include "vhba/worker.h"

#define LOGGED_IN 0x01
#define RECORDS 0x02
#define DIGESTS 0x04
#define WORDS 0x08

/* One PDU in few bytes, and its data. */
struct record {
	uint8_t control, opcode, flags, itt, lun, words; /* of four bytes of data */
	uint8_t misc[4];				 /* tag, CmdSN, DataSN, offset */
	uint8_t expected[2];
	uint8_t cdb[10];
};

/* Of its control byte: what of `misc` is added to what would be right. */
#define WRONG_TAG 0x01
#define WRONG_CMDSN 0x02
#define WRONG_DATASN 0x04
#define WRONG_OFFSET 0x08
#define WRONG_LENGTH 0x10
#define UNASKED 0x20	/* no target transfer tag */
#define ADDITIONAL 0x40 /* the first words are additional header segments */
#define WAIT 0x80	/* for an answer */

#define BLOCK 512
#define BLOCKS 256
#define NAMES                                                                                      \
	"InitiatorName=iqn.2026-11.local.raceway:i\0TargetName=iqn.2026-11.local.raceway:t\0"      \
	"InitialR2T=No\0"

static uint8_t blocks[BLOCK * BLOCKS];
static struct raceway_disk disk;
static struct raceway_lu *lu;
static struct raceway_worker *worker;
static struct raceway_iscsi *iscsi;

static void submit_io(struct raceway_disk *unused, struct raceway_worker *on, struct raceway_io *io)
{
	io->result = 0;
	if (io->kind == RACEWAY_IO_READ)
		memcpy(io->data, blocks + io->offset, io->bytes);
	else if (io->kind == RACEWAY_IO_WRITE)
		memcpy(blocks + io->offset, io->data, io->bytes);
	else if (io->kind != RACEWAY_IO_FLUSH)
		memset(blocks + io->offset, 0, io->bytes);
	io->done(io);
}

static const struct raceway_disk_ops disk_ops = { .name = "fuzz", .submit = submit_io };

/* CHAP is required of those whose name ends otherwise, so that it is tried too. */
static enum raceway_iscsi_login_status identify(void *context,
						const struct raceway_iscsi_login *login,
						struct raceway_iscsi_chap *ret_chap)
{
	struct raceway_iscsi_chap chap = { .user = "u",
					   .mutual_user = "t",
					   .secret = "secret123456",
					   .secret_bytes = 12,
					   .mutual_secret = "mutual123456",
					   .mutual_secret_bytes = 12 };

	chap.required = login->initiator[strlen(login->initiator) - 1] != 'i';
	*ret_chap = chap;
	return RACEWAY_LOGIN_SUCCESS;
}

static enum raceway_iscsi_login_status open_session(void *context,
						    const struct raceway_iscsi_login *login,
						    struct raceway_iscsi_conn *conn,
						    struct raceway_worker *on,
						    struct raceway_nexus **ret_nexus)
{
	const struct raceway_lun lun = { .number = 1, .lu = lu };
	struct raceway_nexus_options options = { .protocol = 5, .relative_port = 1 };

	snprintf(options.initiator, sizeof(options.initiator), "%s", login->initiator);
	snprintf(options.target, sizeof(options.target), "%s", login->target);
	return raceway_nexus_new(&options, &lun, 1, ret_nexus) ? RACEWAY_LOGIN_TARGET_ERROR
							       : RACEWAY_LOGIN_SUCCESS;
}

static void close_session(void *context, struct raceway_nexus *nexus)
{
	raceway_nexus_free(nexus);
}

static void discover(void *context, const struct raceway_iscsi_login *login,
		     raceway_iscsi_found found, void *found_context)
{
	found(found_context, "iqn.2026-11.local.raceway:t", "192.0.2.1:3260", 1);
}

static void submit(void *context, struct raceway_task *task)
{
	raceway_scsi_execute(task);
}

static const struct raceway_iscsi_ops ops = { .identify = identify,
					      .open = open_session,
					      .close = close_session,
					      .discover = discover,
					      .submit = submit };

static void start(void)
{
	const struct raceway_lu_options options = {
		.disk = &disk, .name = "fuzz/disk", .naa = { 0x60 }, .serial = "1"
	};
	const struct raceway_iscsi_limits limits = { .connection_bytes = 1 << 20 };

	disk = (struct raceway_disk){ .ops = &disk_ops,
				      .bytes = sizeof(blocks),
				      .block_bytes = BLOCK,
				      .physical_bytes = BLOCK };
	if (raceway_lu_new(&options, &lu) || raceway_worker_start(0, &worker) ||
	    raceway_iscsi_new(worker, &ops, &limits, &iscsi))
		abort();
}

struct initiator {
	int fd;
	bool digests;
	uint32_t cmdsn, ttt, offset, datasn;
	uint8_t received[1 << 16];
};

/* Takes what has come; the last tag of the target's is remembered. Answers are found by their
 * first bytes only: what is looked for begins where a message does, most of the time. */
static ssize_t drain(struct initiator *initiator, int flags)
{
	ssize_t got = recv(initiator->fd, initiator->received, sizeof(initiator->received), flags);
	struct raceway_bhs bhs;

	if (got < (ssize_t)sizeof(bhs))
		return got;
	memcpy(&bhs, initiator->received, sizeof(bhs));
	if (bhs.opcode == RACEWAY_OP_R2T || bhs.opcode == RACEWAY_OP_NOP_IN ||
	    bhs.opcode == RACEWAY_OP_TEXT_RESPONSE) {
		initiator->ttt = be32toh(bhs.response.tag);
		initiator->offset = be32toh(bhs.response.offset);
		initiator->datasn = 0;
	}
	return got;
}

static void put(struct initiator *initiator, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	while (bytes > 0) {
		ssize_t sent = send(initiator->fd, at, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			at += sent;
			bytes -= (size_t)sent;
		} else if (drain(initiator, 0) <= 0) {
			return;
		}
	}
}

static void put_pdu(struct initiator *initiator, const struct raceway_bhs *bhs, const uint8_t *data,
		    size_t bytes)
{
	static const uint8_t zeroes[4];
	uint32_t pad = raceway_pad_bytes((uint32_t)bytes);
	__le32 digest;

	put(initiator, bhs, sizeof(*bhs));
	if (initiator->digests) {
		digest = raceway_crc_end(raceway_crc_add(RACEWAY_CRC_BEGIN, bhs, sizeof(*bhs)));
		put(initiator, &digest, sizeof(digest));
	}
	if (bytes == 0)
		return;
	put(initiator, data, bytes);
	put(initiator, zeroes, pad);
	if (initiator->digests) {
		uint32_t crc = raceway_crc_add(RACEWAY_CRC_BEGIN, data, bytes);

		digest = raceway_crc_end(raceway_crc_add(crc, zeroes, pad));
		put(initiator, &digest, sizeof(digest));
	}
}

static void log_in(struct initiator *initiator, bool digests)
{
	static const char keys[] = NAMES "HeaderDigest=CRC32C\0DataDigest=CRC32C\0";
	size_t bytes = digests ? sizeof(keys) - 1 : sizeof(NAMES) - 1;
	struct raceway_bhs bhs = { .opcode = RACEWAY_OP_LOGIN | RACEWAY_PDU_IMMEDIATE,
				   .flags = 0x87 };

	raceway_bhs_set_data_bytes(&bhs, (uint32_t)bytes);
	put_pdu(initiator, &bhs, (const uint8_t *)keys, bytes);
	drain(initiator, 0);
	initiator->digests = digests;
}

static void fill(struct initiator *initiator, const struct record *record, struct raceway_bhs *bhs)
{
	bool out = (record->opcode & RACEWAY_OPCODE_MASK) == RACEWAY_OP_DATA_OUT;
	uint32_t tag = record->control & UNASKED ? RACEWAY_TAG_NONE : initiator->ttt;

	bhs->opcode = record->opcode;
	bhs->flags = record->flags;
	bhs->itt = htobe32(record->itt);
	bhs->lun[1] = record->lun;
	if ((record->opcode & RACEWAY_OPCODE_MASK) == RACEWAY_OP_SCSI_COMMAND) {
		bhs->lun[1] &= 1;
		bhs->command.expected_bytes =
			htobe32((uint32_t)record->expected[0] << 16 | record->expected[1] << 8);
		memcpy(bhs->command.cdb, record->cdb, sizeof(record->cdb));
	} else {
		memcpy(&bhs->request.ref_cmdsn, record->cdb, 8);
		bhs->request.tag = htobe32(tag);
	}
	if (record->control & WRONG_TAG)
		bhs->request.tag = htobe32(tag + record->misc[0]);
	if (out) {
		bhs->lun[1] = !(record->control & UNASKED);
		bhs->data_out.datasn = htobe32(initiator->datasn++);
		bhs->data_out.offset = htobe32(initiator->offset);
		if (record->control & WRONG_DATASN)
			bhs->data_out.datasn = htobe32(record->misc[2]);
		if (record->control & WRONG_OFFSET)
			bhs->data_out.offset = htobe32((uint32_t)record->misc[3] << 6);
		initiator->offset += 4U * record->words;
		return;
	}
	bhs->request.cmdsn = htobe32(initiator->cmdsn);
	if (record->control & WRONG_CMDSN)
		bhs->request.cmdsn = htobe32(initiator->cmdsn + (uint32_t)(int8_t)record->misc[1]);
	else if (!raceway_bhs_immediate(bhs) && bhs->opcode != RACEWAY_OP_LOGIN)
		initiator->cmdsn++;
	if ((record->opcode & RACEWAY_OPCODE_MASK) == RACEWAY_OP_SCSI_COMMAND) {
		initiator->offset = 4U * record->words;
		initiator->datasn = 0;
	}
}

/* What a text of words is made of. */
static size_t expand(const uint8_t *data, size_t bytes, uint8_t *text, size_t room)
{
	static const struct {
		const char text[32];
		size_t bytes;
	} words[] = {
#define WORD(word) { word, sizeof(word) - 1 }
		WORD("\0"),
		WORD("TargetName="),
		WORD("iqn.a\0"),
		WORD("iqn.i\0"),
		WORD("SessionType="),
		WORD("Discovery\0"),
		WORD("Normal\0"),
		WORD("AuthMethod="),
		WORD("CHAP\0"),
		WORD("None\0"),
		WORD("CHAP_A="),
		WORD("5,7\0"),
		WORD("CHAP_N="),
		WORD("u\0"),
		WORD("CHAP_R="),
		WORD("0x0123\0"),
		WORD("0bAQID\0"),
		WORD("CHAP_I="),
		WORD("CHAP_C="),
		WORD("1\0"),
		WORD("512\0"),
		WORD("Yes\0"),
		WORD("No\0"),
		WORD("HeaderDigest="),
		WORD("DataDigest="),
		WORD("CRC32C\0"),
		WORD("InitialR2T="),
		WORD("ImmediateData="),
		WORD("MaxRecvDataSegmentLength="),
		WORD("MaxBurstLength="),
		WORD("FirstBurstLength="),
		WORD("MaxOutstandingR2T="),
		WORD("SendTargets="),
		WORD("All\0"),
		WORD("iqn.2026-11.local.raceway:t\0"),
		WORD("InitiatorName="),
		WORD("="),
		WORD(","),
		WORD("iqn.2026-11.local.raceway:i\0"),
#undef WORD
	};
	size_t length = 0;

	for (size_t i = 0; i < bytes; i++) {
		size_t n = data[i] % 64;

		if (n < sizeof(words) / sizeof(words[0]) && length + words[n].bytes <= room) {
			memcpy(text + length, words[n].text, words[n].bytes);
			length += words[n].bytes;
		} else if (length < room) {
			text[length++] = data[i];
		}
	}
	return length;
}

static void send_record(struct initiator *initiator, const struct record *record, bool words,
			const uint8_t *data, size_t bytes)
{
	static uint8_t text[8192];
	uint8_t opcode = record->opcode & RACEWAY_OPCODE_MASK;
	struct raceway_bhs bhs = { 0 };

	fill(initiator, record, &bhs);
	if (words && (opcode == RACEWAY_OP_LOGIN || opcode == RACEWAY_OP_TEXT)) {
		bytes = expand(data, bytes, text, sizeof(text));
		data = text;
	}
	if (record->control & ADDITIONAL && bytes >= 20) {
		bhs.ahs_words = 5;
		raceway_bhs_set_data_bytes(&bhs, (uint32_t)bytes - 20);
		put(initiator, &bhs, sizeof(bhs));
		put(initiator, data, bytes);
		return;
	}
	raceway_bhs_set_data_bytes(&bhs, (uint32_t)bytes);
	if (record->control & WRONG_LENGTH)
		raceway_bhs_set_data_bytes(&bhs, (uint32_t)bytes + record->misc[0]);
	put_pdu(initiator, &bhs, data, bytes);
}

static void send_records(struct initiator *initiator, bool words, const uint8_t *data, size_t size)
{
	while (size >= sizeof(struct record)) {
		struct record record;
		size_t bytes;

		memcpy(&record, data, sizeof(record));
		data += sizeof(record);
		size -= sizeof(record);
		bytes = 4U * record.words < size ? 4U * record.words : size;
		send_record(initiator, &record, words, data, bytes);
		data += bytes;
		size -= bytes;
		drain(initiator, record.control & WAIT ? 0 : MSG_DONTWAIT);
	}
}

/* Records that make sense, with as many words of data as they say; `text` is what they begin
 * with (expand()). */
static const struct model {
	struct record record;
	uint8_t text[8];
} models[] = {
#define MODEL(control, opcode, flags, itt, words, expected, ...)                                   \
	{                                                                                          \
		{                                                                                  \
			control, opcode,	  flags,	  itt, 1, words,                   \
			{ 0 },	 { 0, expected }, { __VA_ARGS__ }                                  \
		},                                                                                 \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}
#define TEXT(control, opcode, flags, ...)                                                          \
	{                                                                                          \
		{ control, opcode, flags, 9, 0, 2, { 0 }, { 0 }, { 0 } },                          \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
	MODEL(WAIT, 0x01, 0x81, 1, 0, 0, 0x00),
	MODEL(WAIT, 0x01, 0xc1, 2, 0, 2, 0x28, 0, 0, 0, 0, 0, 0, 0, 1),
	MODEL(WAIT, 0x01, 0xc2, 3, 0, 1, 0x12, 0, 0, 0, 255),
	/* Writes: all at once, the rest asked for, the rest unasked. */
	MODEL(WAIT, 0x01, 0xa1, 4, 128, 2, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1),
	MODEL(WAIT, 0x01, 0xa1, 5, 0, 2, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1),
	MODEL(0, 0x01, 0x21, 6, 64, 2, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1),
	MODEL(WAIT, 0x05, 0x80, 5, 128, 0, 0),
	MODEL(0, 0x05, 0x00, 5, 64, 0, 0),
	MODEL(WAIT | UNASKED, 0x05, 0x80, 6, 64, 0, 0),
	/* Abort task, abort task set, reset; NOP-Out; logout. */
	MODEL(UNASKED, 0x42, 0x81, 7, 0, 0, 0),
	MODEL(UNASKED, 0x02, 0x82, 7, 0, 0, 0),
	MODEL(UNASKED, 0x42, 0x85, 7, 0, 0, 0),
	MODEL(WAIT | UNASKED, 0x00, 0x80, 8, 1, 0, 0),
	MODEL(0, 0x06, 0x80, 10, 0, 0, 0),
	TEXT(WAIT | UNASKED, 0x04, 0x80, 32, 33),
	TEXT(WAIT | UNASKED, 0x04, 0x80, 32, 34),
	TEXT(WAIT, 0x04, 0x80, 0),
	/* Login: at once; who needs no CHAP and who does; the answer to the challenge. */
	TEXT(WAIT, 0x43, 0x87, 35, 3, 1, 34, 23, 25),
	TEXT(WAIT, 0x43, 0x00, 35, 3, 1, 34, 7, 9),
	TEXT(WAIT, 0x43, 0x00, 35, 2, 1, 34, 7, 8),
	TEXT(WAIT, 0x43, 0x00, 10, 11),
	TEXT(WAIT, 0x43, 0x81, 12, 13, 14, 15, 17, 19, 18, 15),
	TEXT(WAIT, 0x43, 0x04, 28, 20),
	TEXT(WAIT, 0x43, 0x87, 29, 20),
#undef MODEL
#undef TEXT
};

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed);

static size_t append(uint8_t *data, size_t size, size_t room, const struct model *model,
		     unsigned int seed)
{
	size_t bytes = sizeof(model->record) + 4U * model->record.words;

	if (size + bytes > room)
		return size;
	memset(data + size, (int)(seed >> 16), bytes);
	memcpy(data + size, &model->record, sizeof(model->record));
	if (model->record.words >= 2)
		memcpy(data + size + sizeof(model->record), model->text, sizeof(model->text));
	return size + bytes;
}

/* Every other time records are put at the end, often one with those that follow it; now and then
 * of an input that begins anew. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
	const size_t count = sizeof(models) / sizeof(models[0]);
	size_t first = seed / 16 % count;

	if (size < 1 || (seed >> 24) % 8 == 0) {
		data[0] = RECORDS | (seed >> 20 & (LOGGED_IN | DIGESTS | WORDS));
		size = 1;
	}
	if (seed % 2 || !(data[0] & RECORDS))
		return LLVMFuzzerMutate(data, size, room);
	for (size_t i = 0; i <= seed / 2 % 4 && first + i < count; i++)
		size = append(data, size, room, &models[first + i], seed);
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Waiting for an answer that does not come ends soon. */
	const struct timeval patience = { .tv_usec = 200 };
	static struct initiator initiator;
	uint8_t kind;
	int ends[2];

	if (size < 1)
		return 0;
	if (!worker)
		start();
	kind = *data++;
	size--;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		abort();
	initiator = (struct initiator){ .fd = ends[0] };
	raceway_iscsi_accept(iscsi, ends[1], NULL, 1);
	if (kind & LOGGED_IN)
		log_in(&initiator, kind & DIGESTS);
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (kind & RECORDS)
		send_records(&initiator, kind & WORDS, data, size);
	else
		put(&initiator, data, size);
	shutdown(ends[0], SHUT_WR);
	while (drain(&initiator, 0) > 0)
		;
	close(ends[0]);
	return 0;
}
