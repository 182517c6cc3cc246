/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A table of operations; what they all have in common stands around it. */
#include "vhba/requests.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/version.h"
#include "vhba/copy.h"
#include "vhba/fields.h"
#include "vhba/keep.h"
#include "vhba/names.h"
#include "vhba/pool.h"
#include "vhba/portal.h"
#include "vhba/protocol.h"
#include "vhba/status.h"

struct call {
	struct raceway_engine *engine;
	const json_t *request;
	struct raceway_control_fds *fds;
	json_t *answer;
	struct raceway_error *err;
};

static int do_hello(struct call *c)
{
	uint64_t protocol;

	if (raceway_field_number(c->request, "protocol", true, 0, INT64_MAX, &protocol, c->err))
		return -EINVAL;
	if (protocol != RACEWAY_VHBA_PROTOCOL)
		return raceway_error_set(c->err, RACEWAY_FAULT_REFUSED, "", "protocol",
					 "protocol %" PRIu64 ": this engine speaks %d", protocol,
					 RACEWAY_VHBA_PROTOCOL);
	json_object_set_new(c->answer, "protocol", json_integer(RACEWAY_VHBA_PROTOCOL));
	json_object_set_new(c->answer, "version", json_string(RACEWAY_VERSION));
	json_object_set_new(c->answer, "pid", json_integer(getpid()));
	return 0;
}

static int do_configure(struct call *c)
{
	json_t *misread = json_array();
	struct raceway_config *config = NULL;
	int ret = raceway_config_read(c->request, misread, &config, c->err);

	if (!ret) {
		raceway_engine_configure(c->engine, config, misread);
		json_object_set(c->answer, "problems", c->engine->problems);
	}
	json_decref(misread);
	return ret;
}

/* Whether the next descriptor is a netlink socket: it belongs to the listening one before it. */
static bool next_is_netlink(const struct raceway_control_fds *fds)
{
	int domain = 0;
	socklen_t length = sizeof(domain);

	return fds->count && !getsockopt(fds->fds[0], SOL_SOCKET, SO_DOMAIN, &domain, &length) &&
	       domain == AF_NETLINK;
}

static int do_listen(struct call *c)
{
	int fd = raceway_control_take_fd(c->fds), netlink = -1;
	char name[RACEWAY_VHBA_NAME_MAX + 1];

	if (next_is_netlink(c->fds))
		netlink = raceway_control_take_fd(c->fds);
	if (raceway_field_text(c->request, "portal", true, name, sizeof(name), c->err)) {
		if (fd >= 0)
			close(fd);
		if (netlink >= 0)
			close(netlink);
		return -EINVAL;
	}
	return raceway_portal_listen(c->engine, name, fd, netlink, c->err);
}

/* The members that all operations on files have. */
struct file_request {
	char volume[RACEWAY_VHBA_NAME_MAX + 1], type[16], path[RACEWAY_VHBA_PATH_MAX];
	uint64_t size;
};

static int read_file_request(struct call *c, bool with_size, struct file_request *f)
{
	f->size = 0;
	if (raceway_field_text(c->request, "volume", true, f->volume, sizeof(f->volume), c->err) ||
	    raceway_field_text(c->request, "type", false, f->type, sizeof(f->type), c->err) ||
	    raceway_field_text(c->request, "path", false, f->path, sizeof(f->path), c->err) ||
	    raceway_field_number(c->request, "size", with_size, 512, INT64_MAX, &f->size, c->err))
		return -EINVAL;
	if (f->size % 512)
		return raceway_error_set(c->err, RACEWAY_FAULT_INVALID, "", "size",
					 "size %" PRIu64 " is no multiple of 512", f->size);
	return 0;
}

/* A volume without a file: there is nothing to make, resize or delete. */
static bool has_file(const struct file_request *f)
{
	return !f->type[0] || !strcmp(f->type, "pool");
}

static int do_create(struct call *c)
{
	struct file_request f;
	int ret = read_file_request(c, true, &f);

	if (!ret && raceway_copy_is_making(c->engine, f.volume))
		ret = raceway_error_set(c->err, RACEWAY_FAULT_REFUSED, f.volume, "volume",
					"a copy makes it");
	return ret || !has_file(&f) ? ret : raceway_pool_create(f.path, f.volume, f.size, c->err);
}

static int do_resize(struct call *c)
{
	struct file_request f;
	int ret = read_file_request(c, true, &f);

	if (!ret && has_file(&f))
		ret = raceway_pool_resize(f.path, f.volume, f.size, c->err);
	if (!ret)
		raceway_engine_resized(c->engine, f.volume, f.size);
	return ret;
}

/* Reservations of a volume that is gone. */
static int forget_kept(struct call *c)
{
	const struct raceway_config *config = c->engine->config;
	char text[32];
	uint64_t id;

	if (raceway_field_text(c->request, "volume_id", false, text, sizeof(text), c->err))
		return -EINVAL;
	if (!text[0])
		return 0;
	if (raceway_name_hex64(text, &id))
		return raceway_error_set(c->err, RACEWAY_FAULT_INVALID, "", "volume_id",
					 "%s is not 16 hexadecimal digits", text);
	for (size_t i = 0; config && i < config->volume_count; i++) {
		if (config->volumes[i].id == id)
			return 0;
	}
	raceway_keep_forget(c->engine->keep_dir, id);
	return 0;
}

static int delete_file(struct call *c, const struct file_request *f)
{
	if (raceway_engine_is_mapped(c->engine, f->volume))
		return raceway_error_set(c->err, RACEWAY_FAULT_REFUSED, f->volume, "volume",
					 "it is mapped");
	/* What is being made has no file yet, unless it has just been finished. */
	if (raceway_copy_is_making(c->engine, f->volume)) {
		struct raceway_error none;

		raceway_copy_stop(c->engine, f->volume);
		(void)raceway_pool_delete(f->path, f->volume, &none);
		return 0;
	}
	return raceway_pool_delete(f->path, f->volume, c->err);
}

static int do_delete(struct call *c)
{
	struct file_request f;
	int ret = read_file_request(c, false, &f);

	if (!ret && f.path[0] && has_file(&f))
		ret = delete_file(c, &f);
	return ret ? ret : forget_kept(c);
}

static int do_clone(struct call *c)
{
	char from[RACEWAY_VHBA_NAME_MAX + 1], to[RACEWAY_VHBA_NAME_MAX + 1];
	char path[RACEWAY_VHBA_PATH_MAX];
	bool copied;
	int ret;

	if (raceway_field_text(c->request, "from", true, from, sizeof(from), c->err) ||
	    raceway_field_text(c->request, "to", true, to, sizeof(to), c->err) ||
	    raceway_field_text(c->request, "path", true, path, sizeof(path), c->err))
		return -EINVAL;
	ret = raceway_copy_start(c->engine, path, from, to, &copied, c->err);
	if (!ret)
		json_object_set_new(c->answer, "copied", json_boolean(copied));
	return ret;
}

static int do_status(struct call *c)
{
	raceway_status_add(c->engine, json_is_true(json_object_get(c->request, "stats")),
			   c->answer);
	return 0;
}

static const struct {
	const char *op;
	int (*run)(struct call *call);
} operations[] = {
	{ "hello", do_hello },	 { "configure", do_configure }, { "listen", do_listen },
	{ "create", do_create }, { "resize", do_resize },	{ "delete", do_delete },
	{ "status", do_status }, { "clone", do_clone },
};

static json_t *error_object(const struct raceway_error *err)
{
	return json_pack("{s:s, s:s, s:s, s:i}", "object", err->object, "field", err->field,
			 "message", err->message, "fault", (int)err->fault);
}

void raceway_requests_event(void *context, const json_t *event)
{
	const char *name = json_string_value(json_object_get(event, "event"));

	if (name && !strcmp(name, "volume-copy") && raceway_copy_collect(context))
		raceway_engine_again(context);
}

void raceway_requests_tick(void *context)
{
	struct raceway_engine *engine = context;

	/* The event of a copy's end may have found no room. */
	if (raceway_copy_collect(engine) || engine->incomplete)
		raceway_engine_again(context);
}

json_t *raceway_requests_answer(void *context, const json_t *request,
				struct raceway_control_fds *fds)
{
	struct raceway_error err = { 0 };
	struct call call = { context, request, fds, json_object(), &err };
	const char *op = json_string_value(json_object_get(request, "op"));
	size_t i = 0, count = sizeof(operations) / sizeof(operations[0]);
	int ret;

	while (i < count && (!op || strcmp(operations[i].op, op)))
		i++;
	if (i == count)
		ret = raceway_error_set(&err, RACEWAY_FAULT_CANNOT, "", "op",
					"there is no operation %s", op ? op : "without a name");
	else
		ret = operations[i].run(&call);
	if (ret) {
		/* What had no words of its own was a lack of memory. */
		raceway_error_set(&err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
		json_object_set_new(call.answer, "error", error_object(&err));
	}
	json_object_set(call.answer, "id", json_object_get(request, "id"));
	return call.answer;
}
