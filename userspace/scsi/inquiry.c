/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Standard INQUIRY data (SPC-4 6.6.2); vital product data is in vpd.c. */
#include <stdio.h>
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/vpd.h"
#include "util/version.h"

#define STANDARD_BYTES 96
#define EVPD 0x01
#define NO_DEVICE 0x7f /* this nexus can have none here (qualifier 3, type 1Fh) */
#define SPC_4 0x06
#define HIERARCHICAL_FORMAT_2 0x12
#define ALUA_BOTH 0x30 /* implicit and explicit */
#define THIRD_PARTY_COPY 0x08
#define MULTIPLE_PORTS 0x10
#define COMMAND_QUEUING 0x02
#define VERSIONS_AT 58

static const uint16_t versions[] = {
	0x00a0, /* SAM-5 */
	0x0460, /* SPC-4 */
	0x04c0, /* SBC-3 */
};

void raceway_put_text(uint8_t *to, size_t room, const char *text)
{
	size_t length = strnlen(text, room);

	memset(to, ' ', room);
	memcpy(to, text, length);
}

static void standard(struct raceway_task *task)
{
	uint8_t data[STANDARD_BYTES] = { 0 };
	uint8_t *version = data + VERSIONS_AT;

	data[0] = task->itl ? 0 : NO_DEVICE;
	data[2] = SPC_4;
	data[3] = HIERARCHICAL_FORMAT_2;
	data[4] = STANDARD_BYTES - 5;
	if (task->itl)
		data[5] = ALUA_BOTH | THIRD_PARTY_COPY;
	data[6] = MULTIPLE_PORTS;
	data[7] = COMMAND_QUEUING;
	raceway_put_text(data + 8, 8, RACEWAY_VENDOR);
	raceway_put_text(data + 16, 16, "VOLUME");
	raceway_put_text(data + 32, 4, RACEWAY_VERSION);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++, version += 2)
		raceway_put16(version, versions[i]);
	raceway_put16(version, task->nexus->options.version_descriptor);
	raceway_task_reply(task, data, sizeof(data), raceway_get16(task->cdb + 3));
}

void raceway_run_inquiry(struct raceway_task *task)
{
	uint8_t page[RACEWAY_VPD_MAX];
	size_t bytes;

	if (!(task->cdb[1] & EVPD)) {
		if (task->cdb[2])
			raceway_task_bad_cdb(task, 2);
		else
			standard(task);
		return;
	}
	bytes = task->itl ? raceway_vpd_build(task->itl, task->cdb[2], page) : 0;
	if (bytes)
		raceway_task_reply(task, page, bytes, raceway_get16(task->cdb + 3));
	else
		raceway_task_bad_cdb(task, 2);
}
