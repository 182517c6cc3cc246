/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the objects of storage mean beyond their words: effective identities, maps, copies. */
#ifndef RACEWAY_MODEL_STORAGE_H
#define RACEWAY_MODEL_STORAGE_H

#include "model/model.h"
#include "util/san.h"

#define RACEWAY_PORTAL_MAX 4095 /* target portal group tags */
#define RACEWAY_VOLUME_NAME 128 /* two names of 63, a slash and the final 0 */
#define RACEWAY_VHBA_LUN_MAX 16383
#define RACEWAY_VHBA_LUNS 1024 /* maps of one vHBA */

/* The name with which its initiator logs in: given, else naa.WWPN. Returns buf. */
const char *raceway_vhba_initiator(const json_t *vhba_doc, char buf[RACEWAY_ISCSI_NAME_TEXT]);
/* "chap", "location" or "none": given, else chap if there is a user for it, else location. */
const char *raceway_vhba_auth(const json_t *vhba_doc);
/* "pool", "iscsi" or "null"; NULL if there is no such SAN. */
const char *raceway_san_type(const struct raceway_model *model, const char *san);
/* The SAN of "SAN/NAME". Returns buf. */
char *raceway_volume_san(const char *volume, char *buf, size_t size);
/* Whether there is any SAN, volume, portal or vHBA. */
bool raceway_storage_any(const struct raceway_model *model);
bool raceway_storage_kind(const char *kind);

/* One more LUN: map is {"lun", "volume", "ro", "shared"} as it came. Refused if the number is
 * taken. */
int raceway_vhba_map(struct raceway_model *model, const char *vhba, const json_t *map,
		     struct raceway_error *err);
int raceway_vhba_unmap(struct raceway_model *model, const char *vhba, const json_t *lun,
		       struct raceway_error *err);
/* A volume that begins as a copy of `from`, called `name` on the same SAN (SAN/ may be there
 * too). A frozen one is ro. ret_name: its whole name. */
int raceway_volume_copy(struct raceway_model *model, const char *from, const char *name,
			bool frozen, char ret_name[RACEWAY_VOLUME_NAME], struct raceway_error *err);

/* Whether the copy is still to be finished; kept with the volume. Nothing if there is none. */
void raceway_volume_set_copying(struct raceway_model *model, const char *name, bool copying);
/* New reference: sorted names of the volumes that are. */
json_t *raceway_volumes_copying(const struct raceway_model *model);

/* Volumes that are deleted while something is left of them, files and what the engine keeps of
 * reservations, as name -> document with "going": the file's directory, or RACEWAY_GOING_NO_FILE.
 * They are no part of a model, only of what is stored. */
#define RACEWAY_GOING_NO_FILE "none"
/* New reference: those that go with the change. */
json_t *raceway_volumes_going(const struct raceway_model *before,
			      const struct raceway_model *after);
/* A copy of the model with them in it, for the store; NULL: out of memory. */
struct raceway_model *raceway_volumes_note(const struct raceway_model *model, const json_t *going);
/* The reverse, for what was loaded: takes them out. New reference, maybe empty. */
json_t *raceway_volumes_unnote(struct raceway_model *model);

#endif
