/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Objects as `show` gives them. Keys are the words of the command line with `_` for `-`.
 * Absent values are null, so that a reader always finds the key. */
#include "api/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/samples.h"
#include "model/template.h"
#include "plan/programs.h"

static const char *const dir_names[RACEWAY_DIRS] = { [RACEWAY_TX] = "tx", [RACEWAY_RX] = "rx" };

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text && *text ? json_string(text) : json_null());
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_rate(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, value ? json_integer((json_int_t)value) : json_null());
}

static json_t *effective(const struct raceway_kind *kind, const json_t *doc,
			 const struct raceway_attr *attr, const char *key)
{
	json_t *value = json_object_get(doc, key);

	if (value)
		return json_incref(value);
	if (!attr->default_text)
		return json_null();
	switch (attr->type) {
	case RACEWAY_TYPE_NUMBER:
	case RACEWAY_TYPE_RATE:
	case RACEWAY_TYPE_SIZE:
	case RACEWAY_TYPE_TIME:
		return json_integer((json_int_t)raceway_model_u64(kind, doc, attr->word));
	case RACEWAY_TYPE_ONOFF:
	case RACEWAY_TYPE_FLAG:
		return json_boolean(raceway_model_bool(kind, doc, attr->word));
	default:
		return json_string(raceway_model_text(kind, doc, attr->word));
	}
}

static bool is_rate_word(const char *word)
{
	return !strncmp(word, "tx-", 3) || !strncmp(word, "rx-", 3);
}

json_t *raceway_show_words(const struct raceway_kind *kind, const char *name, const json_t *doc)
{
	json_t *object = json_object();
	char key[64];

	set_text(object, "name", name);
	for (size_t i = 0; i < kind->attr_count; i++) {
		const struct raceway_attr *attr = &kind->attrs[i];

		if (attr->later || is_rate_word(attr->word) ||
		    (kind->of && (attr->flags & RACEWAY_ATTR_OWN)))
			continue;
		raceway_attr_key(attr, key, sizeof(key));
		json_object_set_new(object, key, effective(kind, doc, attr, key));
	}
	return object;
}

/* --- ports --- */

/* What is promised to the vNICs behind the port, and what its rate has left for more. There is a
 * rest only in the direction in which frames leave by it: here guarantees are kept, and admitted.
 */
static void add_guarantees(struct raceway_core *core, json_t *object,
			   const struct raceway_dp_port *port)
{
	const enum raceway_dir leaving =
		port->role == RACEWAY_ROLE_UPLINK ? RACEWAY_TX : RACEWAY_RX;
	const struct raceway_want *want = &core->kernel.want;
	json_t *guaranteed = json_object(), *headroom = json_object();

	for (int dir = 0; dir < RACEWAY_DIRS; dir++) {
		uint64_t sum = 0;

		for (size_t i = 0; i < want->vnic_count; i++) {
			const struct raceway_want_vnic *v = &want->vnics[i];

			if (v->where != RACEWAY_WHERE_NONE &&
			    (v->uplink == port->number || v->dp.port == port->number))
				sum += v->dp.dir[dir].cir_bps;
		}
		set_number(guaranteed, dir_names[dir], sum);
		json_object_set_new(headroom, dir_names[dir], json_null());
		if (dir == (int)leaving && port->rate_bps)
			set_number(headroom, dir_names[dir],
				   sum < port->rate_bps ? port->rate_bps - sum : 0);
	}
	json_object_set_new(object, "guaranteed", guaranteed);
	json_object_set_new(object, "headroom", headroom);
}

static void show_port(struct raceway_core *core, json_t *object, const char *name)
{
	const struct raceway_want *want = &core->kernel.want;
	const struct raceway_dp_port *port = NULL;
	const struct raceway_link *link;
	struct raceway_dp_port_info info = { 0 };
	char oper[320];

	for (size_t i = 0; i < want->port_count; i++)
		if (!strcmp(want->ports[i].name, name))
			port = &want->ports[i];
	if (!port)
		return;
	link = raceway_links_by_name(&core->kernel.links, port->dev);
	if (link && !raceway_programs_info(core->kernel.dp, link->ifindex, &info) && info.attached)
		set_text(object, "mode", info.native ? "native" : "generic");
	set_text(object, "xdp", info.attached ? raceway_dp_port_xdp(&info) : NULL);
	set_text(object, "host", port->host_keep ? "keep" : "none");
	set_text(object, "jumbo", info.attached ? info.jumbo_xdp ? "xdp" : "skb" : NULL);
	set_text(object, "pacing", info.attached ? info.fq ? "fq" : "none" : NULL);
	set_rate(object, "rate", port->rate_bps);
	set_rate(object, "mtu", link ? link->mtu : 0);
	set_rate(object, "ifindex", link ? link->ifindex : 0);
	add_guarantees(core, object, port);
	set_text(object, "oper", raceway_oper_port(core, name, oper, sizeof(oper)));
	if (info.warning[0])
		json_object_set_new(object, "warnings", json_pack("[s]", info.warning));
}

/* --- vNICs --- */

static json_t *count_json(const struct raceway_count *count)
{
	return json_pack("{s:I, s:I}", "packets", (json_int_t)count->packets, "bytes",
			 (json_int_t)count->bytes);
}

static json_t *drops_json(const struct raceway_drops *drops, uint32_t vnic, enum raceway_dir dir)
{
	json_t *object = json_object();

	for (size_t i = 0; i < drops->used; i++) {
		const struct raceway_drop_count *c = &drops->count[i];
		const char *reason = raceway_drop_name(c->key.reason);

		if (c->key.owner == RACEWAY_OWNER_VNIC && c->key.id == vnic && c->key.dir == dir &&
		    reason)
			set_number(object, reason, c->packets);
	}
	return object;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * RACEWAY_NSEC_PER_SEC + now.tv_nsec;
}

static void add_statistics(struct raceway_core *core, json_t *const dirs[RACEWAY_DIRS],
			   uint32_t number, const struct raceway_drops *drops)
{
	static const char *const colours[] = { "green", "yellow", "red", "marked" };
	uint64_t bytes[RACEWAY_DIRS] = { 0 }, rate[RACEWAY_DIRS];
	struct raceway_stats stats[RACEWAY_DIRS] = { 0 };

	for (int dir = 0; dir < RACEWAY_DIRS; dir++) {
		(void)raceway_dp_stats(core->kernel.dp, number, dir, &stats[dir]);
		bytes[dir] = stats[dir].colour[RACEWAY_GREEN].bytes +
			     stats[dir].colour[RACEWAY_YELLOW].bytes;
	}
	raceway_samples_take(core->samples, number, now_ns(), bytes, rate);
	for (int dir = 0; dir < RACEWAY_DIRS; dir++) {
		set_number(dirs[dir], "packets",
			   stats[dir].colour[RACEWAY_GREEN].packets +
				   stats[dir].colour[RACEWAY_YELLOW].packets);
		set_number(dirs[dir], "bytes", bytes[dir]);
		set_number(dirs[dir], "rate", rate[dir]);
		for (int c = 0; c < RACEWAY_COLOURS; c++)
			json_object_set_new(dirs[dir], colours[c],
					    count_json(&stats[dir].colour[c]));
		json_object_set_new(dirs[dir], "drops", drops_json(drops, number, dir));
	}
}

/* By whom a direction's rates are kept. A guarantee needs a leaving port to be kept at; TCP of a
 * local vNIC waits where that port has fq, unless a burst was given (bpf/lib/pace.h). */
static const char *enforced_by(const struct raceway_core *core, const struct raceway_want_vnic *v,
			       enum raceway_dir dir)
{
	const struct raceway_dp_rate *rate = &v->dp.dir[dir];
	bool kept = dir == RACEWAY_RX ? v->dp.port : v->uplink;

	if (v->where == RACEWAY_WHERE_NONE || !core->kernel.is_filled ||
	    !((rate->cir_bps && kept) || rate->pir_bps))
		return "none";
	return dir == RACEWAY_TX && v->where == RACEWAY_WHERE_LOCAL && rate->pir_bps &&
			       rate->idle_ms && raceway_dp_paces(core->kernel.dp, v->uplink)
		       ? "bpf+edt"
		       : "bpf";
}

static json_t *rate_json(const struct raceway_dp_rate *rate, uint16_t mtu, const char *by)
{
	json_t *object = json_object();

	set_number(object, "cir", rate->cir_bps);
	set_rate(object, "pir", rate->pir_bps);
	set_rate(object, "cbs", rate->cbs_bytes);
	set_rate(object, "pbs", rate->pbs_bytes);
	set_rate(object, "idle_burst", raceway_dp_idle_burst(rate, mtu));
	set_text(object, "enforced_by", by);
	return object;
}

static void show_location(struct raceway_core *core, json_t *object,
			  const struct raceway_want_vnic *v)
{
	const struct raceway_dp_port *port = raceway_want_port(&core->kernel.want, v->dp.port);

	if (v->where == RACEWAY_WHERE_PORT) {
		set_text(object, "location", port ? port->name : NULL);
	} else if (v->where == RACEWAY_WHERE_LOCAL) {
		set_text(object, "location", "local");
		set_text(object, "ifname", v->ifname);
		set_text(object, "host_dev", v->host);
	} else {
		set_text(object, "location", NULL);
	}
}

static void show_vnic(struct raceway_core *core, json_t *object, const char *name,
		      const struct raceway_drops *drops)
{
	const struct raceway_want_vnic *v = raceway_want_vnic(&core->kernel.want, name);
	json_t *dirs[RACEWAY_DIRS];
	char reason[400];
	const char *oper = raceway_oper_vnic(core, name, reason, sizeof(reason));

	if (!v)
		return;
	show_location(core, object, v);
	set_text(object, "admin", v->dp.up ? "up" : "down");
	set_text(object, "oper", oper);
	set_text(object, "reason", reason);
	for (int dir = 0; dir < RACEWAY_DIRS; dir++) {
		dirs[dir] = rate_json(&v->dp.dir[dir], v->dp.mtu,
				      enforced_by(core, v, (enum raceway_dir)dir));
		json_object_set_new(object, dir_names[dir], dirs[dir]);
	}
	if (drops)
		add_statistics(core, dirs, v->dp.number, drops);
}

/* --- profiles and servers --- */

json_t *raceway_show_names(struct raceway_core *core, const char *kind_name, const char *word,
			   const char *value)
{
	const struct raceway_kind *kind = raceway_kind_find(kind_name);
	json_auto_t *all = NULL;
	json_t *names, *entry;
	size_t i;

	if (!word)
		return raceway_model_members(core->model, kind, value);
	all = raceway_model_names(core->model, kind);
	names = json_array();
	json_array_foreach (all, i, entry) {
		const json_t *doc = raceway_model_get(core->model, kind, json_string_value(entry));
		const char *text = raceway_model_text(kind, doc, word);

		if (text && !strcmp(text, value))
			json_array_append(names, entry);
	}
	return names;
}

static const char *server_oper(struct raceway_core *core, const json_t *doc, const char *name,
			       char *buf, size_t size)
{
	const json_t *port = json_object_get(doc, "port");
	const char *oper = "no port";

	if (!strcmp(name, "local"))
		return "up";
	if (json_is_array(port))
		port = json_array_get(port, 0);
	if (port)
		oper = raceway_oper_port(core, json_string_value(port), buf, size);
	if (!strcmp(oper, "up") && raceway_agent_reason(core, name, buf, size))
		oper = buf;
	return oper;
}

json_t *raceway_show_object(struct raceway_core *core, const struct raceway_kind *kind,
			    const char *name, const json_t *doc, const struct raceway_drops *drops)
{
	json_t *object = raceway_show_words(kind, name, doc);
	char oper[320];

	if (!strcmp(kind->name, "port")) {
		show_port(core, object, name);
	} else if (!strcmp(kind->name, "vnic")) {
		show_vnic(core, object, name, drops);
	} else if (!strcmp(kind->name, "profile")) {
		json_object_set_new(object, "vnics", raceway_show_names(core, "vnic", NULL, name));
		json_object_set_new(object, "vhbas", raceway_show_names(core, "vhba", NULL, name));
		json_object_set_new(object, "drift", raceway_template_drift(core->model, name));
	} else if (!strcmp(kind->name, "server")) {
		json_object_set_new(object, "profiles",
				    raceway_show_names(core, "profile", "server", name));
		set_text(object, "oper", server_oper(core, doc, name, oper, sizeof(oper)));
		raceway_agent_show(core, name, object);
	} else {
		raceway_show_identity(core, object, kind, name, doc);
	}
	return object;
}

static json_t *show_all(struct raceway_core *core, const struct raceway_kind *kind,
			const struct raceway_drops *drops)
{
	json_auto_t *names = raceway_model_names(core->model, kind);
	json_t *list = json_array(), *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);

		json_array_append_new(
			list,
			raceway_show_object(core, kind, text,
					    raceway_model_get(core->model, kind, text), drops));
	}
	return list;
}

/* Takes over and returns the list, with the version and the last change of each object. */
static json_t *add_marks(struct raceway_core *core, const struct raceway_kind *kind, json_t *list)
{
	json_t *object;
	size_t i;

	json_array_foreach (list, i, object) {
		const char *name = json_string_value(json_object_get(object, "name"));

		json_object_update(object,
				   (json_t *)raceway_store_mark(core->store, kind->name, name));
	}
	return list;
}

json_t *raceway_show(struct raceway_core *core, const struct raceway_kind *kind, const char *name,
		     bool statistics)
{
	struct raceway_drops drops = { 0 };
	json_t *list;

	if (raceway_storage_kind(kind->name)) {
		list = raceway_show_storage(core, kind, name, statistics);
		return json_pack("{s:i, s:o}", "schema", 1, kind->plural,
				 add_marks(core, kind, list));
	}
	if (statistics && raceway_drops_read(core, &drops))
		statistics = false;
	if (name)
		list = json_pack("[o]",
				 raceway_show_object(core, kind, name,
						     raceway_model_get(core->model, kind, name),
						     statistics ? &drops : NULL));
	else
		list = show_all(core, kind, statistics ? &drops : NULL);
	if (name && !strcmp(kind->name, "pool"))
		raceway_show_holders(core, json_array_get(list, 0), name);
	raceway_drops_free(&drops);
	return json_pack("{s:i, s:o}", "schema", 1, kind->plural, add_marks(core, kind, list));
}
