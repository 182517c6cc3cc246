/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one table of commands, sorted by operation code and service action. */
#include "scsi/command.h"

#define NONE RACEWAY_NO_SERVICE_ACTION
#define LBA_32 0xff, 0xff, 0xff, 0xff
#define LBA_64 LBA_32, LBA_32
#define LENGTH_16 0xff, 0xff
#define LENGTH_32 0xff, 0xff, 0xff, 0xff
#define GROUP 0x1f
#define READS (RACEWAY_NEED_READ | RACEWAY_NEED_RESERVE)
#define WRITES (RACEWAY_NEED_WRITE | RACEWAY_NEED_RESERVE)
#define RESERVE RACEWAY_NEED_RESERVE
#define F(flag) RACEWAY_COMMAND_##flag
#define ABOUT (F(QUIET) | F(SANITIZING)) /* about the unit, whatever state it is in */
#define READING F(GATED)
#define WRITING (F(GATED) | F(WRITES))
#define ALONE (F(GATED) | F(ALONE))

/* clang-format off */
/* Service actions that differ in nothing else. */
#define SANITIZE(action)                                                                           \
	{ RACEWAY_OP_SANITIZE, 10, RACEWAY_SA_SANITIZE_##action, WRITES, WRITING | F(ALONE),       \
	  { 0xff, 0xbf, 0, 0, 0, 0, 0, LENGTH_16 }, raceway_run_sanitize }
#define PR_IN(action)                                                                              \
	{ RACEWAY_OP_PERSISTENT_RESERVE_IN, 10, RACEWAY_SA_PR_##action, RESERVE, 0,                \
	  { 0xff, 0x1f, 0, 0, 0, 0, 0, LENGTH_16 }, raceway_run_persistent_reserve_in }
#define PR_OUT(action, flags)                                                                      \
	{ RACEWAY_OP_PERSISTENT_RESERVE_OUT, 10, RACEWAY_SA_PR_##action, RESERVE, ALONE | (flags), \
	  { 0xff, 0x1f, 0xff, 0, 0, LENGTH_32 }, raceway_run_persistent_reserve_out }
#define COPY_RESULTS(action)                                                                       \
	{ RACEWAY_OP_RECEIVE_COPY_RESULTS, 16, RACEWAY_SA_COPY_##action, READS, 0,                 \
	  { 0xff, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, LENGTH_32 }, raceway_run_receive_copy_results }

const struct raceway_command raceway_commands[] = {
	{ RACEWAY_OP_TEST_UNIT_READY, 6, NONE, RESERVE, 0, { 0xff }, raceway_run_test_unit_ready },
	{ RACEWAY_OP_REQUEST_SENSE, 6, NONE, 0, ABOUT, { 0xff, 0x01, 0, 0, 0xff },
	  raceway_run_request_sense },
	{ RACEWAY_OP_READ_6, 6, NONE, READS, READING, { 0xff, 0x1f, 0xff, 0xff, 0xff },
	  raceway_run_read },
	{ RACEWAY_OP_WRITE_6, 6, NONE, WRITES, WRITING, { 0xff, 0x1f, 0xff, 0xff, 0xff },
	  raceway_run_write },
	{ RACEWAY_OP_INQUIRY, 6, NONE, 0, ABOUT, { 0xff, 0x01, 0xff, LENGTH_16 },
	  raceway_run_inquiry },
	{ RACEWAY_OP_MODE_SELECT_6, 6, NONE, WRITES, ALONE | F(CHANGES), { 0xff, 0x11, 0, 0, 0xff },
	  raceway_run_mode_select },
	{ RACEWAY_OP_RESERVE_6, 6, NONE, 0, ALONE | F(CHANGES), { 0xff },
	  raceway_run_reserve },
	{ RACEWAY_OP_RELEASE_6, 6, NONE, 0, ALONE, { 0xff }, raceway_run_release },
	{ RACEWAY_OP_MODE_SENSE_6, 6, NONE, READS, 0, { 0xff, 0x08, 0xff, 0xff, 0xff },
	  raceway_run_mode_sense },
	{ RACEWAY_OP_START_STOP_UNIT, 6, NONE, RESERVE, 0, { 0xff, 0x01, 0, 0x0f, 0xf7 },
	  raceway_run_start_stop_unit },
	{ RACEWAY_OP_PREVENT_ALLOW, 6, NONE, RESERVE, 0, { 0xff, 0, 0, 0, 0x03 },
	  raceway_run_prevent_allow },
	{ RACEWAY_OP_READ_CAPACITY_10, 10, NONE, 0, 0,
	  { 0xff, 0, LBA_32, 0, 0, 0x01 }, raceway_run_read_capacity_10 },
	{ RACEWAY_OP_READ_10, 10, NONE, READS, READING,
	  { 0xff, 0x1e, LBA_32, GROUP, LENGTH_16 }, raceway_run_read },
	{ RACEWAY_OP_WRITE_10, 10, NONE, WRITES, WRITING,
	  { 0xff, 0x1a, LBA_32, GROUP, LENGTH_16 }, raceway_run_write },
	{ RACEWAY_OP_WRITE_VERIFY_10, 10, NONE, WRITES, WRITING,
	  { 0xff, 0x16, LBA_32, GROUP, LENGTH_16 }, raceway_run_write_verify },
	{ RACEWAY_OP_VERIFY_10, 10, NONE, READS, READING,
	  { 0xff, 0x16, LBA_32, GROUP, LENGTH_16 }, raceway_run_verify },
	{ RACEWAY_OP_PREFETCH_10, 10, NONE, READS, 0,
	  { 0xff, 0x02, LBA_32, GROUP, LENGTH_16 }, raceway_run_prefetch },
	{ RACEWAY_OP_SYNCHRONIZE_CACHE_10, 10, NONE, WRITES, F(GATED),
	  { 0xff, 0x06, LBA_32, GROUP, LENGTH_16 }, raceway_run_synchronize_cache },
	{ RACEWAY_OP_READ_DEFECT_10, 10, NONE, READS, 0,
	  { 0xff, 0, 0x1f, 0, 0, 0, 0, LENGTH_16 }, raceway_run_read_defect },
	{ RACEWAY_OP_WRITE_SAME_10, 10, NONE, WRITES, WRITING,
	  { 0xff, 0x18, LBA_32, GROUP, LENGTH_16 }, raceway_run_write_same },
	{ RACEWAY_OP_UNMAP, 10, NONE, WRITES, WRITING | F(THIN),
	  { 0xff, 0x01, 0, 0, 0, 0, GROUP, LENGTH_16 }, raceway_run_unmap },
	SANITIZE(OVERWRITE), SANITIZE(BLOCK_ERASE), SANITIZE(CRYPTO_ERASE), SANITIZE(EXIT_FAILURE),
	{ RACEWAY_OP_MODE_SELECT_10, 10, NONE, WRITES, ALONE | F(CHANGES),
	  { 0xff, 0x11, 0, 0, 0, 0, 0, LENGTH_16 }, raceway_run_mode_select },
	{ RACEWAY_OP_RESERVE_10, 10, NONE, 0, ALONE | F(CHANGES), { 0xff },
	  raceway_run_reserve },
	{ RACEWAY_OP_RELEASE_10, 10, NONE, 0, ALONE, { 0xff }, raceway_run_release },
	{ RACEWAY_OP_MODE_SENSE_10, 10, NONE, READS, 0,
	  { 0xff, 0x18, 0xff, 0xff, 0, 0, 0, LENGTH_16 }, raceway_run_mode_sense },
	PR_IN(READ_KEYS), PR_IN(READ_RESERVATION), PR_IN(REPORT_CAPABILITIES), PR_IN(READ_FULL_STATUS),
	PR_OUT(REGISTER, 0), PR_OUT(RESERVE, F(CHANGES)), PR_OUT(RELEASE, 0),
	PR_OUT(CLEAR, F(CHANGES)), PR_OUT(PREEMPT, F(CHANGES)), PR_OUT(PREEMPT_ABORT, F(CHANGES)),
	PR_OUT(REGISTER_IGNORE, 0), PR_OUT(REGISTER_MOVE, F(CHANGES)),
	{ RACEWAY_OP_EXTENDED_COPY, 16, 0, READS, 0,
	  { 0xff, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, LENGTH_32 }, raceway_run_extended_copy },
	COPY_RESULTS(STATUS), COPY_RESULTS(PARAMETERS), COPY_RESULTS(FAILED_DETAILS),
	{ RACEWAY_OP_READ_16, 16, NONE, READS, READING,
	  { 0xff, 0x1e, LBA_64, LENGTH_32, GROUP }, raceway_run_read },
	{ RACEWAY_OP_COMPARE_AND_WRITE, 16, NONE, WRITES, WRITING | F(ALONE),
	  { 0xff, 0x1a, LBA_64, 0, 0, 0, 0xff, GROUP }, raceway_run_compare_and_write },
	{ RACEWAY_OP_WRITE_16, 16, NONE, WRITES, WRITING,
	  { 0xff, 0x1a, LBA_64, LENGTH_32, GROUP }, raceway_run_write },
	{ RACEWAY_OP_ORWRITE_16, 16, NONE, WRITES, WRITING | F(ALONE),
	  { 0xff, 0x1a, LBA_64, LENGTH_32, GROUP }, raceway_run_orwrite },
	{ RACEWAY_OP_WRITE_VERIFY_16, 16, NONE, WRITES, WRITING,
	  { 0xff, 0x16, LBA_64, LENGTH_32, GROUP }, raceway_run_write_verify },
	{ RACEWAY_OP_VERIFY_16, 16, NONE, READS, READING,
	  { 0xff, 0x16, LBA_64, LENGTH_32, GROUP }, raceway_run_verify },
	{ RACEWAY_OP_PREFETCH_16, 16, NONE, READS, 0,
	  { 0xff, 0x02, LBA_64, LENGTH_32, GROUP }, raceway_run_prefetch },
	{ RACEWAY_OP_SYNCHRONIZE_CACHE_16, 16, NONE, WRITES, F(GATED),
	  { 0xff, 0x06, LBA_64, LENGTH_32, GROUP }, raceway_run_synchronize_cache },
	{ RACEWAY_OP_WRITE_SAME_16, 16, NONE, WRITES, WRITING,
	  { 0xff, 0x19, LBA_64, LENGTH_32, GROUP }, raceway_run_write_same },
	{ RACEWAY_OP_WRITE_ATOMIC_16, 16, NONE, WRITES, WRITING | F(ALONE),
	  { 0xff, 0x1a, LBA_64, LENGTH_32, GROUP }, raceway_run_write_atomic },
	{ RACEWAY_OP_SERVICE_ACTION_IN_16, 16, RACEWAY_SA_READ_CAPACITY_16, 0, 0,
	  { 0xff, 0x1f, LBA_64, LENGTH_32, 0x01 }, raceway_run_read_capacity_16 },
	{ RACEWAY_OP_SERVICE_ACTION_IN_16, 16, RACEWAY_SA_GET_LBA_STATUS, READS, READING,
	  { 0xff, 0x1f, LBA_64, LENGTH_32 }, raceway_run_get_lba_status },
	{ RACEWAY_OP_REPORT_LUNS, 12, NONE, 0, ABOUT | F(LOCAL),
	  { 0xff, 0, 0xff, 0, 0, 0, LENGTH_32 }, raceway_run_report_luns },
	{ RACEWAY_OP_MAINTENANCE_IN, 12, RACEWAY_SA_REPORT_TARGET_PORT_GROUPS, 0, 0,
	  { 0xff, 0xff, 0, 0, 0, 0, LENGTH_32 }, raceway_run_report_port_groups },
	{ RACEWAY_OP_MAINTENANCE_IN, 12, RACEWAY_SA_REPORT_SUPPORTED_OPCODES, READS, 0,
	  { 0xff, 0x1f, 0x87, 0xff, LENGTH_16, LENGTH_32 }, raceway_run_report_opcodes },
	{ RACEWAY_OP_MAINTENANCE_IN, 12, RACEWAY_SA_REPORT_SUPPORTED_TMFS, READS, 0,
	  { 0xff, 0x1f, 0x80, 0, 0, 0, LENGTH_32 }, raceway_run_report_tmfs },
	{ RACEWAY_OP_MAINTENANCE_OUT, 12, RACEWAY_SA_SET_TARGET_PORT_GROUPS, WRITES,
	  F(CHANGES),
	  { 0xff, 0x1f, 0, 0, 0, 0, LENGTH_32 }, raceway_run_set_port_groups },
	{ RACEWAY_OP_READ_12, 12, NONE, READS, READING,
	  { 0xff, 0x1e, LBA_32, LENGTH_32, GROUP }, raceway_run_read },
	{ RACEWAY_OP_WRITE_12, 12, NONE, WRITES, WRITING,
	  { 0xff, 0x1a, LBA_32, LENGTH_32, GROUP }, raceway_run_write },
	{ RACEWAY_OP_WRITE_VERIFY_12, 12, NONE, WRITES, WRITING,
	  { 0xff, 0x16, LBA_32, LENGTH_32, GROUP }, raceway_run_write_verify },
	{ RACEWAY_OP_VERIFY_12, 12, NONE, READS, READING,
	  { 0xff, 0x16, LBA_32, LENGTH_32, GROUP }, raceway_run_verify },
	{ RACEWAY_OP_READ_DEFECT_12, 12, NONE, READS, 0,
	  { 0xff, 0x1f, LBA_32, LENGTH_32 }, raceway_run_read_defect },
};
/* clang-format on */
const size_t raceway_command_count = sizeof(raceway_commands) / sizeof(raceway_commands[0]);

/* First command of the operation code, or the first behind it. */
static size_t lower_bound(uint8_t opcode)
{
	size_t low = 0, high = raceway_command_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (raceway_commands[middle].opcode < opcode)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct raceway_command *raceway_command_find(uint8_t opcode, int service_action,
						   bool *ret_other)
{
	size_t i = lower_bound(opcode);

	if (ret_other)
		*ret_other = i < raceway_command_count && raceway_commands[i].opcode == opcode;
	for (; i < raceway_command_count && raceway_commands[i].opcode == opcode; i++)
		if (raceway_commands[i].service_action == service_action)
			return &raceway_commands[i];
	return NULL;
}

const struct raceway_command *raceway_command_of(const uint8_t *cdb, bool *ret_other)
{
	size_t i = lower_bound(cdb[0]);
	bool any = i < raceway_command_count && raceway_commands[i].opcode == cdb[0];

	if (any && raceway_commands[i].service_action == NONE) {
		*ret_other = true;
		return &raceway_commands[i];
	}
	return raceway_command_find(cdb[0], cdb[1] & 0x1f, ret_other);
}

bool raceway_command_served(const struct raceway_command *command, const struct raceway_lu *lu)
{
	return !(command->flags & RACEWAY_COMMAND_THIN) || lu->options.disk->thin;
}

bool raceway_command_reserved(const struct raceway_command *command, const uint8_t *cdb,
			      uint16_t *ret_byte, int8_t *ret_bit)
{
	for (unsigned int i = 1; i < command->bytes; i++) {
		unsigned int wrong = cdb[i] & ~(unsigned int)command->usage[i];

		/* Of CDBs of six bytes the first three bits were the LUN once. */
		if (i == 1 && command->bytes == 6)
			wrong &= 0x1f;
		if (wrong) {
			*ret_byte = (uint16_t)i;
			*ret_bit = (int8_t)(31 - __builtin_clz(wrong));
			return true;
		}
	}
	return false;
}
