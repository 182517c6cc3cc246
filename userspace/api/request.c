/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Headers and arguments of an HTTP request, by libmicrohttpd. */
#include "api/request.h"

#include <string.h>

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static const char *argument(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* ?name, ?name=1; not ?name=0. */
static bool flag(struct MHD_Connection *connection, const char *name)
{
	const char *value = argument(connection, name);

	if (!value)
		return MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, name,
						     strlen(name), NULL, NULL) == MHD_YES;
	return strcmp(value, "0") && strcmp(value, "false");
}

void raceway_http_read(struct MHD_Connection *connection, struct raceway_request *request)
{
	request->if_match = header(connection, MHD_HTTP_HEADER_IF_MATCH);
	request->content_type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
	request->stats = flag(connection, "stats");
	request->dry_run = flag(connection, "dry_run");
	request->prune = flag(connection, "prune");
	request->confirm = argument(connection, "confirm");
	request->only = argument(connection, "only");
	request->dev = argument(connection, "dev");
	request->object = argument(connection, "object");
	request->limit = argument(connection, "limit");
}
