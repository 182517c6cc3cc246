/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a port or vNIC works at this moment, and if not, why. */
#include <stdio.h>
#include <string.h>

#include "api/show.h"
#include "plan/programs.h"

static const struct raceway_error *trouble_of(struct raceway_core *core, const char *kind,
					      const char *name)
{
	char object[96];

	snprintf(object, sizeof(object), "%s %.88s", kind, name);
	return raceway_kernel_trouble(&core->kernel, object);
}

static const struct raceway_dp_port *port_by_name(struct raceway_core *core, const char *name)
{
	const struct raceway_want *want = &core->kernel.want;

	for (size_t i = 0; i < want->port_count; i++)
		if (!strcmp(want->ports[i].name, name))
			return &want->ports[i];
	return NULL;
}

const char *raceway_oper_port(struct raceway_core *core, const char *name, char *buf, size_t size)
{
	const struct raceway_dp_port *port = port_by_name(core, name);
	const struct raceway_error *trouble = trouble_of(core, "port", name);
	const struct raceway_link *link =
		port ? raceway_links_by_name(&core->kernel.links, port->dev) : NULL;
	const char *missing =
		link ? raceway_programs_missing(core->kernel.dp, link->ifindex) : NULL;

	if (trouble)
		snprintf(buf, size, "%s", trouble->message);
	else if (!link)
		snprintf(buf, size, "dev %s does not exist", port ? port->dev : "");
	else if (!link->up)
		snprintf(buf, size, "%s is down", link->name);
	else if (!link->carrier)
		snprintf(buf, size, "no carrier");
	else if (missing)
		snprintf(buf, size, "programs missing: %s of %s", missing, link->name);
	else
		snprintf(buf, size, "up");
	return buf;
}

static void port_reason(struct raceway_core *core, uint16_t number, char *reason, size_t size)
{
	const struct raceway_dp_port *port = raceway_want_port(&core->kernel.want, number);
	char oper[320];

	reason[0] = '\0';
	if (!port) {
		snprintf(reason, size, "no port");
		return;
	}
	raceway_oper_port(core, port->name, oper, sizeof(oper));
	if (strcmp(oper, "up"))
		snprintf(reason, size, "port %s: %s", port->name, oper);
}

static void local_reason(struct raceway_core *core, const struct raceway_want_vnic *v, char *reason,
			 size_t size)
{
	const struct raceway_link *host = raceway_links_by_name(&core->kernel.links, v->host);

	reason[0] = '\0';
	if (v->uplink)
		port_reason(core, v->uplink, reason, size);
	if (reason[0])
		return;
	if (!host)
		snprintf(reason, size, "its interface is gone");
	else if (!host->up)
		snprintf(reason, size, "%s is down", v->host);
	else if (!host->carrier)
		snprintf(reason, size, "%s is down", v->ifname);
}

const char *raceway_oper_vnic(struct raceway_core *core, const char *name, char *reason,
			      size_t size)
{
	const struct raceway_want_vnic *v = raceway_want_vnic(&core->kernel.want, name);
	const struct raceway_error *trouble = trouble_of(core, "vnic", name);
	const char *agent = NULL;

	reason[0] = '\0';
	if (!v || v->where == RACEWAY_WHERE_NONE) {
		snprintf(reason, size, "its profile is bound to no server with a port");
		return "unbound";
	}
	if (trouble)
		snprintf(reason, size, "%s", trouble->message);
	else if (!v->dp.up)
		snprintf(reason, size, "state down");
	else if (v->where == RACEWAY_WHERE_PORT)
		port_reason(core, v->dp.port, reason, size);
	else
		local_reason(core, v, reason, size);
	if (!reason[0] && v->where == RACEWAY_WHERE_PORT)
		agent = raceway_agent_oper(core, name, reason, size);
	if (agent)
		return agent;
	return reason[0] ? "down" : "up";
}
