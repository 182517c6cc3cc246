/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of sessions share. Included once by each. */
#ifndef RACEWAY_TESTS_ISCSI_SESSIONS_H
#define RACEWAY_TESTS_ISCSI_SESSIONS_H

#include "bed.h"

#define FLAGS_READ (RACEWAY_PDU_FINAL | RACEWAY_PDU_READ)

static inline uint64_t now_ms(void)
{
	return raceway_clock_ns() / 1000000;
}

static inline void expect_gone(struct client *client)
{
	client_expect_end(client);
	client_close(client);
}

static inline void send_login_pdu(struct client *client, uint8_t flags, uint16_t tsih,
				  const char *text, size_t bytes)
{
	struct raceway_bhs bhs = { .opcode = RACEWAY_OP_LOGIN | RACEWAY_PDU_IMMEDIATE,
				   .flags = flags,
				   .itt = htobe32(7) };

	bhs.tsih = htobe16(tsih);
	memcpy(bhs.isid, client->isid, sizeof(bhs.isid));
	client_send(client, &bhs, text, bytes);
}

#endif
