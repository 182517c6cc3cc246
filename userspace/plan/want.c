/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model resolved: who is where, with which policy.
 * Everything here has passed raceway_model_check(). */
#include "plan/want.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/veth.h"
#include "util/cleanup.h"
#include "util/units.h"

#define LOCAL_SERVER "local"
#define MTU_DEFAULT 1500

struct build {
	const struct raceway_model *model;
	const struct raceway_world *world;
	const struct raceway_kind *port, *segment, *server, *profile, *vnic;
	bool host_keep;
	const struct raceway_want *former; /* NULL: vNICs follow from other documents than then */
	struct raceway_want want;
	struct raceway_error *err;
};

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b); /* both structures begin with their name */
}

static bool text_is(const struct raceway_kind *kind, const json_t *doc, const char *word,
		    const char *value)
{
	const char *text = raceway_model_text(kind, doc, word);

	return text && !strcmp(text, value);
}

static uint16_t number_of(struct build *b, const struct raceway_kind *kind, const char *name)
{
	const json_t *doc = name ? raceway_model_get(b->model, kind, name) : NULL;

	return doc ? raceway_model_u64(kind, doc, "number") : 0;
}

static int build_ports(struct build *b)
{
	const json_t *all = raceway_model_all(b->model, b->port), *doc;
	const char *name, *host;
	struct raceway_dp_port *p;

	p = b->want.ports = calloc(json_object_size(all) + 1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	json_object_foreach ((json_t *)all, name, doc) {
		copy_text(p->name, sizeof(p->name), name);
		copy_text(p->dev, sizeof(p->dev), raceway_model_text(b->port, doc, "dev"));
		p->number = raceway_model_u64(b->port, doc, "number");
		p->role = text_is(b->port, doc, "role", "fabric") ? RACEWAY_ROLE_FABRIC
								  : RACEWAY_ROLE_UPLINK;
		host = raceway_model_text(b->port, doc, "host");
		p->host_keep = host ? !strcmp(host, "keep") : b->host_keep;
		p->generic = text_is(b->port, doc, "mode", "generic");
		p->libxdp = text_is(b->port, doc, "attach", "libxdp");
		p->native_segment = number_of(b, b->segment,
					      raceway_model_text(b->port, doc, "native-segment"));
		p->rate_bps = raceway_model_port_rate(doc, b->world);
		p++;
	}
	b->want.port_count = p - b->want.ports;
	qsort(b->want.ports, b->want.port_count, sizeof(*p), by_text);
	return 0;
}

static enum raceway_switching switching_of(struct build *b, const json_t *doc)
{
	if (text_is(b->segment, doc, "switching", "vepa"))
		return RACEWAY_VEPA;
	if (text_is(b->segment, doc, "switching", "private"))
		return RACEWAY_PRIVATE;
	return RACEWAY_VEB;
}

static int by_number(const void *a, const void *b)
{
	const struct raceway_dp_segment *one = a, *other = b;

	return (int)one->number - (int)other->number;
}

static int build_segments(struct build *b)
{
	const json_t *all = raceway_model_all(b->model, b->segment), *doc;
	const char *name;
	struct raceway_dp_segment *s;

	s = b->want.segments = calloc(json_object_size(all) + 1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	json_object_foreach ((json_t *)all, name, doc) {
		s->number = raceway_model_u64(b->segment, doc, "number");
		s->uplink_port =
			number_of(b, b->port, raceway_model_text(b->segment, doc, "uplink"));
		if (s->uplink_port)
			s->uplink_vid = raceway_model_u64(b->segment, doc, "vlan");
		s->switching = switching_of(b, doc);
		s++;
	}
	b->want.segment_count = s - b->want.segments;
	qsort(b->want.segments, b->want.segment_count, sizeof(*s), by_number);
	return 0;
}

/* A server's port is one name or a list of names; the first is where its vNICs are. */
static const char *first_port(struct build *b, const json_t *server)
{
	const json_t *port = json_object_get(server, "port");

	if (json_is_array(port))
		port = json_array_get(port, 0);
	return json_string_value(port);
}

static void locate(struct build *b, struct raceway_want_vnic *v, const char *profile)
{
	const json_t *doc = raceway_model_get(b->model, b->profile, profile);
	const char *server = doc ? raceway_model_text(b->profile, doc, "server") : NULL;

	if (!server)
		return;
	if (!strcmp(server, LOCAL_SERVER)) {
		v->where = RACEWAY_WHERE_LOCAL;
		return;
	}
	doc = raceway_model_get(b->model, b->server, server);
	v->dp.port = doc ? number_of(b, b->port, first_port(b, doc)) : 0;
	if (v->dp.port)
		v->where = RACEWAY_WHERE_PORT;
}

static void rates(struct build *b, const json_t *doc, enum raceway_dir dir,
		  const char *const words[4], struct raceway_dp_rate *rate)
{
	rate->cir_bps = raceway_model_u64(b->vnic, doc, words[0]);
	rate->pir_bps = raceway_model_u64(b->vnic, doc, words[1]);
	rate->cbs_bytes = raceway_model_burst(doc, words[2]);
	rate->pbs_bytes = raceway_model_burst(doc, words[3]);
	if (!raceway_model_u64(b->vnic, doc, words[2]) &&
	    !raceway_model_u64(b->vnic, doc, words[3]))
		rate->idle_ms = RACEWAY_IDLE_MS;
}

/* A GSO packet is judged as a whole, so it may be half of what one bucket holds at most: of the
 * excess one, by which the peak rate is reached; without excess of the committed one. At default
 * depths it is an eighth of what the larger one holds after an idle time: a TCP at a pacing port
 * has two or three that wait (TCP small queues), and they must fit in there. */
static uint32_t gso_limit(const struct raceway_dp_rate *rate, uint32_t mtu)
{
	uint64_t limit = rate->pbs_bytes / 2;

	if (rate->cir_bps)
		limit = (rate->pir_bps > rate->cir_bps ? rate->pbs_bytes - rate->cbs_bytes
						       : rate->cbs_bytes) /
			2;
	if (rate->idle_ms)
		limit = (rate->pir_bps > 2 * rate->cir_bps ? rate->pir_bps - rate->cir_bps
							   : rate->cir_bps) /
			8 * rate->idle_ms / 1000 / 8;
	if (!rate->pir_bps || limit > RACEWAY_GSO_MAX_BYTES)
		return RACEWAY_GSO_MAX_BYTES;
	return limit < 2 * mtu ? 2 * mtu : (uint32_t)limit;
}

static int name_ends(struct build *b, struct raceway_want_vnic *v, const json_t *doc)
{
	const char *given = raceway_model_text(b->vnic, doc, "ifname");
	const char *slash = strchr(v->dp.name, '/');
	char object[96], name[sizeof(v->dp.name)];

	copy_text(v->netns, sizeof(v->netns), raceway_model_text(b->vnic, doc, "netns"));
	snprintf(v->host, sizeof(v->host), "rw%u", v->dp.number);
	if (given)
		copy_text(name, sizeof(name), given);
	else if (v->netns[0])
		copy_text(name, sizeof(name), slash ? slash + 1 : v->dp.name);
	else
		snprintf(name, sizeof(name), "%.*s-%s", slash ? (int)(slash - v->dp.name) : 0,
			 v->dp.name, slash ? slash + 1 : "");
	if (strlen(name) >= sizeof(v->ifname)) {
		snprintf(object, sizeof(object), "vnic %.88s", v->dp.name);
		return raceway_error_set(b->err, RACEWAY_FAULT_INVALID, object, "ifname",
					 "its interface would be called %s, longer than %zu "
					 "characters; give a shorter ifname",
					 name, sizeof(v->ifname) - 1);
	}
	memcpy(v->ifname, name, strlen(name) + 1);
	return 0;
}

static int build_vnic(struct build *b, const char *name, const json_t *doc)
{
	static const char *const tx[] = { "tx-cir", "tx-pir", "tx-cbs", "tx-pbs" };
	static const char *const rx[] = { "rx-cir", "rx-pir", "rx-cbs", "rx-pbs" };
	struct raceway_want_vnic *v = &b->want.vnics[b->want.vnic_count++];
	const char *slash = strchr(name, '/'), *segment, *mac;
	char profile[sizeof(v->dp.name)];

	copy_text(v->dp.name, sizeof(v->dp.name), name);
	snprintf(profile, sizeof(profile), "%.*s", slash ? (int)(slash - name) : 0, name);
	v->dp.number = raceway_model_u64(b->vnic, doc, "number");
	mac = raceway_model_text(b->vnic, doc, "mac");
	if (mac)
		(void)raceway_parse_mac(mac, v->dp.mac);
	segment = raceway_model_text(b->vnic, doc, "segment");
	v->dp.segment = number_of(b, b->segment, segment);
	if (segment)
		v->uplink = number_of(
			b, b->port,
			raceway_model_text(b->segment,
					   raceway_model_get(b->model, b->segment, segment),
					   "uplink"));
	v->dp.mtu = raceway_model_u64(b->vnic, doc, "mtu");
	if (!v->dp.mtu)
		v->dp.mtu = MTU_DEFAULT;
	v->dp.weight = (uint16_t)raceway_model_u64(b->vnic, doc, "weight");
	v->dp.pcp = raceway_model_u64(b->vnic, doc, "class");
	v->dp.up = !text_is(b->vnic, doc, "state", "down");
	v->dp.spoofcheck = raceway_model_bool(b->vnic, doc, "spoofcheck");
	v->dp.trunk = raceway_model_bool(b->vnic, doc, "trunk");
	rates(b, doc, RACEWAY_TX, tx, &v->dp.dir[RACEWAY_TX]);
	rates(b, doc, RACEWAY_RX, rx, &v->dp.dir[RACEWAY_RX]);
	locate(b, v, profile);
	if (v->where != RACEWAY_WHERE_LOCAL)
		return 0;
	v->gso_max_bytes = gso_limit(&v->dp.dir[RACEWAY_TX], v->dp.mtu);
	v->gro_max_bytes = gso_limit(&v->dp.dir[RACEWAY_RX], v->dp.mtu);
	return name_ends(b, v, doc);
}

static int by_guest(const void *a, const void *b)
{
	const struct raceway_want_vnic *one = *(const struct raceway_want_vnic *const *)a;
	const struct raceway_want_vnic *other = *(const struct raceway_want_vnic *const *)b;
	int order = strcmp(one->netns, other->netns);

	return order ? order : strcmp(one->ifname, other->ifname);
}

/* Two guest ends of one name in one namespace. */
static int check_names(struct build *b)
{
	RACEWAY_FREE const struct raceway_want_vnic **sorted =
		calloc(b->want.vnic_count + 1, sizeof(*sorted));
	char object[96];
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < b->want.vnic_count; i++)
		if (b->want.vnics[i].where == RACEWAY_WHERE_LOCAL)
			sorted[n++] = &b->want.vnics[i];
	qsort(sorted, n, sizeof(*sorted), by_guest);
	for (size_t i = 1; i < n; i++) {
		if (by_guest(&sorted[i - 1], &sorted[i]))
			continue;
		snprintf(object, sizeof(object), "vnic %.88s", sorted[i]->dp.name);
		return raceway_error_set(
			b->err, RACEWAY_FAULT_REFUSED, object, "ifname",
			"its interface would be called %s, as that of vnic %.100s; "
			"give another ifname",
			sorted[i]->ifname, sorted[i - 1]->dp.name);
	}
	return 0;
}

static bool same_ends(const struct raceway_want_vnic *one, const struct raceway_want_vnic *other)
{
	return one->where == other->where && !strcmp(one->netns, other->netns) &&
	       !strcmp(one->ifname, other->ifname);
}

/* The former ones in their order, and in it the differing ones, built. *ret_ends: whether any got
 * another guest end. */
static int merge_vnics(struct build *b, const char *const *names, size_t count, bool *ret_ends)
{
	const struct raceway_want_vnic *old = b->former ? b->former->vnics : NULL;
	size_t old_count = b->former ? b->former->vnic_count : 0;

	for (size_t i = 0, n = 0; i < old_count || n < count;) {
		int order = i == old_count ? 1 : n == count ? -1 : strcmp(old[i].dp.name, names[n]);
		const json_t *doc;
		int ret;

		if (order < 0) {
			b->want.vnics[b->want.vnic_count++] = old[i++];
			continue;
		}
		doc = raceway_model_get(b->model, b->vnic, names[n]);
		ret = doc ? build_vnic(b, names[n], doc) : 0;
		if (ret)
			return ret;
		if (doc)
			*ret_ends |= order ||
				     !same_ends(&old[i], &b->want.vnics[b->want.vnic_count - 1]);
		i += order == 0;
		n++;
	}
	return 0;
}

static int build_vnics(struct build *b)
{
	RACEWAY_FREE const char **names = NULL;
	size_t count, room;
	bool ends = false;
	int ret;

	names = raceway_model_differing(b->former ? b->former->of : NULL, b->model, b->vnic,
					&count);
	if (!names)
		return -ENOMEM;
	room = count + (b->former ? b->former->vnic_count : 0);
	b->want.vnics = calloc(room + 1, sizeof(*b->want.vnics));
	if (!b->want.vnics)
		return -ENOMEM;
	ret = merge_vnics(b, names, count, &ends);
	return ret || !ends ? ret : check_names(b);
}

/* Whether vNICs lie where they did as far as other objects have a say in that. */
static bool same_places(struct build *b, const struct raceway_want *former)
{
	const struct raceway_kind *const kinds[] = { b->port, b->segment, b->server, b->profile };

	if (!former || !former->of)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (raceway_model_all(former->of, kinds[i]) !=
		    raceway_model_all(b->model, kinds[i]))
			return false;
	return true;
}

int raceway_want_change(const struct raceway_want *former, const struct raceway_model *model,
			const struct raceway_world *world, bool host_keep,
			struct raceway_want *ret_want, struct raceway_error *err)
{
	struct build b = {
		.model = model,
		.world = world,
		.port = raceway_kind_find("port"),
		.segment = raceway_kind_find("segment"),
		.server = raceway_kind_find("server"),
		.profile = raceway_kind_find("profile"),
		.vnic = raceway_kind_find("vnic"),
		.host_keep = host_keep,
		.err = err,
	};
	int ret;

	b.former = same_places(&b, former) ? former : NULL;
	b.want.of = raceway_model_clone(model);
	ret = b.want.of ? build_ports(&b) : -ENOMEM;
	if (!ret)
		ret = build_segments(&b);
	if (!ret)
		ret = build_vnics(&b);
	if (ret) {
		raceway_want_free(&b.want);
		if (ret == -ENOMEM)
			raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
		return ret;
	}
	*ret_want = b.want;
	return 0;
}

int raceway_want_build(const struct raceway_model *model, const struct raceway_world *world,
		       bool host_keep, struct raceway_want *ret_want, struct raceway_error *err)
{
	return raceway_want_change(NULL, model, world, host_keep, ret_want, err);
}

void raceway_want_free(struct raceway_want *want)
{
	free(want->ports);
	free(want->segments);
	free(want->vnics);
	raceway_model_free(want->of);
	*want = (struct raceway_want){ 0 };
}

const struct raceway_dp_port *raceway_want_port(const struct raceway_want *want, uint16_t number)
{
	for (size_t i = 0; i < want->port_count; i++)
		if (want->ports[i].number == number)
			return &want->ports[i];
	return NULL;
}

const struct raceway_want_vnic *raceway_want_vnic(const struct raceway_want *want, const char *name)
{
	return want->vnic_count
		       ? bsearch(name, want->vnics, want->vnic_count, sizeof(*want->vnics), by_text)
		       : NULL;
}
