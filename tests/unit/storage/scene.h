/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A model with storage, and changes of it. */
#ifndef RACEWAY_TESTS_STORAGE_SCENE_H
#define RACEWAY_TESTS_STORAGE_SCENE_H

#include "model/model.h"

extern const char scene_base[];

struct raceway_model *scene_model(const char *yaml);
void scene_free(struct raceway_model *model);
void scene_add(struct raceway_model *model, const char *kind, const char *name, const char *json);
void scene_set(struct raceway_model *model, const char *kind, const char *name, const char *json);
void scene_del(struct raceway_model *model, const char *kind, const char *name);

#endif
