/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of whole connections stand on: workers with the transport, a device server with
 * a disk in memory that can be slow, and an initiator that sends what it is told, right or
 * wrong. */
#ifndef RACEWAY_TESTS_ISCSI_BED_H
#define RACEWAY_TESTS_ISCSI_BED_H

#include <criterion/criterion.h>

#include "iscsi/pdu.h"
#include "iscsi/target.h"
#include "iscsi/text.h"
#include "scsi/nexus.h"
#include "vhba/worker.h"

#define BED_BLOCK 512
#define BED_BLOCKS 32768 /* 16 MiB */
#define BED_WORKERS 2
#define BED_INITIATOR "iqn.2026-11.local.raceway:i"
#define BED_TARGET "iqn.2026-11.local.raceway:t"
#define BED_NAMES "InitiatorName=" BED_INITIATOR "\0TargetName=" BED_TARGET "\0"

struct bed {
	struct raceway_worker *workers[BED_WORKERS];
	struct raceway_iscsi *iscsi[BED_WORKERS];
	struct raceway_iscsi_ops ops;
	uint8_t *disk;
	_Atomic bool slow;  /* operations of the disk end by bed_go_on() */
	_Atomic bool delay; /* commands begin by bed_go_on() */
	_Atomic unsigned int opened, closed, refused, submitted, targets;
	_Atomic(struct raceway_iscsi_conn *) conn; /* opened last */
	enum raceway_iscsi_login_status open_status;
	uint16_t group; /* of the next connections */
};

extern struct bed bed;

/* Zero limits are the defaults; LUN 1 is the disk. */
void bed_start(const struct raceway_iscsi_limits *limits);
/* Ends all; every session that was opened was closed. */
void bed_stop(void);
/* What was held back goes on. */
void bed_go_on(void);
/* Until `counter` is `value`, at most 5 s. */
void bed_await(const _Atomic unsigned int *counter, unsigned int value);
/* An end of a connection whose other end the transport has. */
int bed_connect(unsigned int worker);
void bed_end(struct raceway_iscsi_conn *conn, unsigned int seconds);

struct client {
	int fd;
	uint32_t cmdsn, statsn, exp_cmdsn, max_cmdsn, itt;
	bool header_digest, data_digest;
	uint8_t isid[6];
	uint16_t tsih;
};

struct pdu {
	struct raceway_bhs bhs;
	uint8_t data[300000];
	uint32_t bytes;
};

/* Logs in with one request and these operational keys (they may be NULL), on a new connection. */
void client_login(struct client *client, unsigned int worker, const char *keys, size_t bytes);
#define LOGIN(client, keys) client_login(client, 0, keys, sizeof(keys) - 1)
/* Only sends that request. */
void client_send_login(struct client *client, unsigned int worker, const char *keys, size_t bytes);
void client_close(struct client *client);
/* Sends it as it is, with padding and digests as agreed; the data length is filled in. */
void client_send(struct client *client, struct raceway_bhs *bhs, const void *data, size_t bytes);
void client_send_raw(struct client *client, const void *data, size_t bytes);
/* False: the target has closed. Sequence numbers, padding, digests are checked. */
bool client_receive(struct client *client, struct pdu *pdu);
/* Receives and expects this one. */
void client_expect(struct client *client, struct pdu *pdu, enum raceway_pdu_opcode opcode);
/* Nothing comes but the end. */
void client_expect_end(struct client *client);
/* Nothing has come, and what is sent now is answered: NOP-Out and its answer. */
void client_expect_silence(struct client *client);
void client_expect_reject(struct client *client, enum raceway_reject reason);

/* A command's header: CDB in hexadecimal, flags besides the attribute. Takes a CmdSN and tag. */
struct raceway_bhs client_command(struct client *client, uint8_t flags, const char *cdb,
				  uint32_t expected);
/* A request other than a command. */
struct raceway_bhs client_request(struct client *client, enum raceway_pdu_opcode opcode,
				  uint8_t flags);
/* Sends a command that has no data and expects GOOD. */
void client_test_unit_ready(struct client *client);
/* Expects a SCSI response with this status. */
void client_expect_status(struct client *client, uint32_t itt, uint8_t status);
/* ... with CHECK CONDITION and this key and code. */
void client_expect_sense(struct client *client, uint32_t itt, uint8_t key, uint16_t asc);
/* READ(10) and WRITE(10) as text for client_command(). */
char *client_cdb10(uint8_t opcode, uint32_t lba, uint16_t blocks, char text[32]);

#endif
