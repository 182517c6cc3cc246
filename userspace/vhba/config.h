/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What should be served, out of a "configure" request (protocol.h): read and checked as a whole.
 * What is wrong in one object is a problem of that object, which is left out, and of what needs
 * it; the rest stands. Secrets are read from their files here. */
#ifndef RACEWAY_VHBA_CONFIG_H
#define RACEWAY_VHBA_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "iscsi/target.h"
#include "util/error.h"

#define RACEWAY_VHBA_NAME_MAX 127 /* "SAN/NAME", "PROFILE/NAME" */
#define RACEWAY_VHBA_PATH_MAX 1024
#define RACEWAY_VHBA_MACS_MAX 64
#define RACEWAY_VOLUME_ID_DIGITS 16

enum raceway_san_type { RACEWAY_SAN_POOL, RACEWAY_SAN_ISCSI, RACEWAY_SAN_NULL };
enum raceway_vhba_auth { RACEWAY_AUTH_CHAP, RACEWAY_AUTH_LOCATION, RACEWAY_AUTH_NONE };

struct raceway_san_config {
	char name[RACEWAY_VHBA_NAME_MAX + 1];
	enum raceway_san_type type;
	char path[RACEWAY_VHBA_PATH_MAX]; /* pool: the directory */
	char portal[RACEWAY_VHBA_NAME_MAX + 1], target[RACEWAY_ISCSI_NAME_MAX + 1]; /* iscsi */
};

struct raceway_volume_config {
	char name[RACEWAY_VHBA_NAME_MAX + 1];
	const struct raceway_san_config *san;
	uint64_t id;
	uint64_t size;			 /* 0: by `dev` */
	char dev[RACEWAY_VHBA_PATH_MAX]; /* a block device, or "N": LUN of an upstream array */
};

struct raceway_portal_config {
	char name[RACEWAY_VHBA_NAME_MAX + 1];
	char address[RACEWAY_VHBA_NAME_MAX + 1];
	uint16_t group;
};

struct raceway_lun_config {
	uint16_t lun;
	bool read_only;
	const struct raceway_volume_config *volume;
};

struct raceway_limits_config {
	uint64_t cir_bps, pir_bps, iops_cir, iops_pir; /* 0: none */
	uint32_t weight;
};

struct raceway_vhba_config {
	char name[RACEWAY_VHBA_NAME_MAX + 1];
	char initiator[RACEWAY_ISCSI_NAME_MAX + 1];
	const struct raceway_san_config *san;
	enum raceway_vhba_auth auth;
	struct raceway_iscsi_chap chap;
	struct raceway_limits_config limits;
	uint8_t macs[RACEWAY_VHBA_MACS_MAX][6];
	size_t mac_count;
	bool local;
	struct raceway_lun_config *luns; /* sorted by number */
	size_t lun_count;
};

struct raceway_config {
	char target[RACEWAY_ISCSI_NAME_MAX + 1];
	/* Each sorted by name, with no name twice. */
	struct raceway_san_config *sans;
	struct raceway_volume_config *volumes;
	struct raceway_portal_config *portals;
	struct raceway_vhba_config *vhbas;
	size_t san_count, volume_count, portal_count, vhba_count;
};

/* Appends {"object", "message"} to `problems`. */
void raceway_problem_add(json_t *problems, const char *object, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* 0, or an error when the document is not of the protocol's form; `problems` gets what is left
 * out. *ret_config is freed by raceway_config_free(). */
int raceway_config_read(const json_t *document, json_t *problems,
			struct raceway_config **ret_config, struct raceway_error *err);
/* Forgets the secrets too. NULL does nothing. */
void raceway_config_free(struct raceway_config *config);
/* By name; NULL if there is none. */
const struct raceway_san_config *raceway_config_san(const struct raceway_config *config,
						    const char *name);
const struct raceway_volume_config *raceway_config_volume(const struct raceway_config *config,
							  const char *name);

#endif
