/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The API as a function from request to answer, without HTTP around it. */
#ifndef RACEWAY_API_API_H
#define RACEWAY_API_API_H

#include <stdio.h>

#include "api/core.h"
#include "util/version.h"

#define RACEWAY_ETAG_SIZE 24

struct raceway_request {
	const struct raceway_caller *caller; /* NULL: nobody, who may not even read */
	const char *method;
	const char *path; /* decoded, without the query */
	const char *body; /* NULL: none */
	size_t body_size;
	const char *if_match;	  /* NULL: none */
	const char *content_type; /* NULL: JSON */
	bool stats, dry_run, prune;
	const char *confirm;	    /* of apply: the time for it, NULL: it is for good */
	const char *only;	    /* of events */
	const char *dev;	    /* of doctor */
	const char *object, *limit; /* of audit */
};

struct raceway_response {
	unsigned int status;
	json_t *json; /* or */
	char *text;   /* with `type`; malloc'd */
	const char *type;
	char etag[RACEWAY_ETAG_SIZE]; /* "": none */
	const char *allow;	      /* with 405 */
	bool stream;		      /* events follow */
};

void raceway_api_handle(struct raceway_core *core, const struct raceway_request *request,
			struct raceway_response *ret_response);
void raceway_response_clear(struct raceway_response *response);

/* The answer that an error is. */
void raceway_api_error(struct raceway_response *response, const struct raceway_error *err);

/* objects.c: /v1/OBJECTs and what is below; name NULL for the collection. */
void raceway_api_objects(struct raceway_core *core, const struct raceway_kind *kind,
			 const char *name, const struct raceway_request *request,
			 struct raceway_response *response);
/* One change of an object, which may be new or gone by it, and the answer. */
void raceway_api_change(struct raceway_core *core, const struct raceway_kind *kind,
			const char *name, raceway_core_edit edit, void *context,
			const struct raceway_request *request, struct raceway_response *response);
void raceway_api_method_error(const struct raceway_request *request, const char *allow,
			      struct raceway_response *response);
/* actions.c: POST /v1/vhbas/PROFILE/NAME/map and the like. False: it is none. */
bool raceway_api_action(struct raceway_core *core, const struct raceway_kind *kind,
			const char *name, const struct raceway_request *request,
			struct raceway_response *response);
/* The same for POST /v1/servers/NAME/enroll. */
bool raceway_api_enroll(struct raceway_core *core, const struct raceway_kind *kind,
			const char *name, const struct raceway_request *request,
			struct raceway_response *response);
/* documents.c: apply, diff, export, confirm. */
void raceway_api_apply(struct raceway_core *core, const struct raceway_request *request, bool diff,
		       struct raceway_response *response);
/* GET and POST /v1/confirm. */
void raceway_api_confirm(struct raceway_core *core, const struct raceway_request *request,
			 struct raceway_response *response);
/* audit.c: who changed what. */
void raceway_api_audit(struct raceway_core *core, const struct raceway_request *request,
		       struct raceway_response *response);
/* backup.c: all of the state as one document, and back. */
void raceway_api_backup(struct raceway_core *core, struct raceway_response *response);
void raceway_api_restore(struct raceway_core *core, const struct raceway_request *request,
			 struct raceway_response *response);
/* The body as JSON (or YAML by its content type); a new reference. */
int raceway_api_body(const struct raceway_request *request, json_t **ret_body,
		     struct raceway_error *err);
/* metrics.c: Prometheus' text. malloc'd, NULL: out of memory. */
char *raceway_metrics(struct raceway_core *core);
void raceway_metrics_header(FILE *out, const char *name, const char *type, const char *help);
/* metrics_storage.c: the engine, vHBAs and volumes; nothing where there is no storage. */
void raceway_metrics_storage(FILE *out, struct raceway_core *core);
/* checks.c: what this machine can and cannot do. dev NULL: all ports. */
json_t *raceway_doctor_checks(struct raceway_core *core, const char *dev);

#endif
