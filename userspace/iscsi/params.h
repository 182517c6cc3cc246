/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The operational parameters that initiator and target agree on by text (RFC 7143 section 13):
 * what there is, what is taken if nobody speaks of it, and how the outcome is found. */
#ifndef RACEWAY_ISCSI_PARAMS_H
#define RACEWAY_ISCSI_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "iscsi/text.h"

#define RACEWAY_SEGMENT_MIN 512
#define RACEWAY_SEGMENT_MAX 0xffffffU
#define RACEWAY_SEGMENT_DEFAULT 8192 /* of MaxRecvDataSegmentLength, and during login */
#define RACEWAY_MAX_BURST_DEFAULT 262144
#define RACEWAY_FIRST_BURST_DEFAULT 65536

/* How the outcome is found: */
enum raceway_param_kind {
	RACEWAY_PARAM_LOWER,   /* the lower of both numbers */
	RACEWAY_PARAM_HIGHER,  /* the higher of both numbers */
	RACEWAY_PARAM_AND,     /* Yes if both say so */
	RACEWAY_PARAM_OR,      /* Yes if one of them says so */
	RACEWAY_PARAM_DECLARE, /* each tells a number of its own: the value is the initiator's */
	RACEWAY_PARAM_DIGEST, /* the first of the offered that the target takes: 0 None, 1 CRC32C */
	RACEWAY_PARAM_REPORT, /* the first that the target takes, which is "RFC3720" */
	RACEWAY_PARAM_NO,     /* obsolete, the answer is No */
	RACEWAY_PARAM_REJECT, /* obsolete, the answer is Reject */
};

/* KEY(name, wire name, kind, lowest, highest, default, what the target says, is it irrelevant in
 * discovery sessions, section of RFC 7143). */
#define RACEWAY_PARAMS(KEY)                                                                        \
	KEY(HEADER_DIGEST, "HeaderDigest", DIGEST, 0, 1, 0, 1, false, "13.1")                      \
	KEY(DATA_DIGEST, "DataDigest", DIGEST, 0, 1, 0, 1, false, "13.1")                          \
	KEY(MAX_CONNECTIONS, "MaxConnections", LOWER, 1, 65535, 1, 1, true, "13.2")                \
	KEY(INITIAL_R2T, "InitialR2T", OR, 0, 1, 1, 0, true, "13.10")                              \
	KEY(IMMEDIATE_DATA, "ImmediateData", AND, 0, 1, 1, 1, true, "13.11")                       \
	KEY(MAX_RECV, "MaxRecvDataSegmentLength", DECLARE, RACEWAY_SEGMENT_MIN,                    \
	    RACEWAY_SEGMENT_MAX, RACEWAY_SEGMENT_DEFAULT, 262144, false, "13.12")                  \
	KEY(MAX_BURST, "MaxBurstLength", LOWER, RACEWAY_SEGMENT_MIN, RACEWAY_SEGMENT_MAX,          \
	    RACEWAY_MAX_BURST_DEFAULT, RACEWAY_MAX_BURST_DEFAULT, true, "13.13")                   \
	KEY(FIRST_BURST, "FirstBurstLength", LOWER, RACEWAY_SEGMENT_MIN, RACEWAY_SEGMENT_MAX,      \
	    RACEWAY_FIRST_BURST_DEFAULT, RACEWAY_FIRST_BURST_DEFAULT, true, "13.14")               \
	KEY(TIME_TO_WAIT, "DefaultTime2Wait", HIGHER, 0, 3600, 2, 0, false, "13.15")               \
	KEY(TIME_TO_RETAIN, "DefaultTime2Retain", LOWER, 0, 3600, 20, 0, false, "13.16")           \
	KEY(MAX_R2T, "MaxOutstandingR2T", LOWER, 1, 65535, 1, 8, true, "13.17")                    \
	KEY(PDU_IN_ORDER, "DataPDUInOrder", OR, 0, 1, 1, 1, true, "13.18")                         \
	KEY(SEQUENCE_IN_ORDER, "DataSequenceInOrder", OR, 0, 1, 1, 1, true, "13.19")               \
	KEY(RECOVERY, "ErrorRecoveryLevel", LOWER, 0, 2, 0, 0, false, "13.20")                     \
	KEY(TASK_REPORTING, "TaskReporting", REPORT, 0, 0, 0, 0, true, "13.23")                    \
	KEY(PROTOCOL_LEVEL, "iSCSIProtocolLevel", LOWER, 0, 31, 1, 1, true, "13.24")               \
	KEY(IF_MARKER, "IFMarker", NO, 0, 0, 0, 0, false, "13.25")                                 \
	KEY(OF_MARKER, "OFMarker", NO, 0, 0, 0, 0, false, "13.25")                                 \
	KEY(IF_MARK_INT, "IFMarkInt", REJECT, 0, 0, 0, 0, false, "13.25")                          \
	KEY(OF_MARK_INT, "OFMarkInt", REJECT, 0, 0, 0, 0, false, "13.25")

enum raceway_param {
#define KEY(name, ...) RACEWAY_PARAM_##name,
	RACEWAY_PARAMS(KEY)
#undef KEY
		RACEWAY_PARAM_COUNT,
};

struct raceway_params {
	uint32_t value[RACEWAY_PARAM_COUNT]; /* in effect */
	uint32_t ours[RACEWAY_PARAM_COUNT];  /* what the target wants */
	uint32_t seen;			     /* bits of the keys that were negotiated */
	bool discovery;
};

/* Defaults, and the target's wishes as the table has them. */
void raceway_params_begin(struct raceway_params *params);

bool raceway_params_has(const char *key);
/* What the initiator says of a key that raceway_params_has(); adds the answer to `answer`. A value
 * that makes no sense is answered with Reject and changes nothing. 0; -EPROTO: it was negotiated
 * before, which ends a login (RFC 7143 6.3). `login` is false in full feature phase, where only
 * what is declared may be said again. */
int raceway_params_offer(struct raceway_params *params, const char *key, const char *value,
			 bool login, struct raceway_text *answer);
/* Once it is over: a first burst is never longer than a burst. */
void raceway_params_end(struct raceway_params *params);

#endif
