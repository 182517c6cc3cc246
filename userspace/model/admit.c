/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Admission: guarantees behind a port may not add up to more than its rate (design section 6).
 * Behind a fabric port it is what the vNICs there are to receive, at an uplink what the vNICs of
 * its segments are to send. */
#include "model/check.h"
#include "util/units.h"

static const char *cir_word(const struct raceway_check_port *port)
{
	return port->uplink ? "tx-cir" : "rx-cir";
}

/* What the vNIC is promised at the port. */
static uint64_t promised(const struct raceway_check_port *port, const struct raceway_check_vnic *v)
{
	if (port->uplink)
		return v->segment->uplink == port && (v->local || v->port) ? v->cir_bps[RACEWAY_TX]
									   : 0;
	return v->port == port ? v->cir_bps[RACEWAY_RX] : 0;
}

static void add_up(const struct raceway_check_vnic *v, struct raceway_check_port *port)
{
	uint64_t bps = port ? promised(port, v) : 0;

	if (!bps)
		return;
	port->promised_bps += bps;
	if (v->moved && !port->changed)
		port->changed = v;
}

static int unknown_rate(struct raceway_check *c, const struct raceway_check_port *port)
{
	if (port->changed)
		return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, vnic, port->changed->name,
					  cir_word(port),
					  "%s cannot be guaranteed: the link speed of port %s is "
					  "unknown; give it a rate, as: port set %s rate 10gbit",
					  cir_word(port), port->name, port->name);
	return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, port, port->name, "rate",
				  "rate is needed: the link speed is unknown, and vNICs behind "
				  "the port have %s",
				  cir_word(port));
}

/* The first vNIC that does not fit when those which stayed as they were have theirs already. */
static int too_much(struct raceway_check *c, const struct raceway_check_port *port,
		    uint64_t rate_bps)
{
	char cir[RACEWAY_UNIT_TEXT], rate[RACEWAY_UNIT_TEXT], used[RACEWAY_UNIT_TEXT],
		left[RACEWAY_UNIT_TEXT];
	uint64_t sum = 0;

	raceway_format_rate(rate_bps, rate);
	if (!port->changed)
		return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, port, port->name, "rate",
					  "rate %s is below the %s of %s promised behind it", rate,
					  raceway_format_rate(port->promised_bps, used),
					  cir_word(port));
	for (size_t i = 0; i < c->vnic_count; i++) {
		if (!c->vnics[i].moved)
			sum += promised(port, &c->vnics[i]);
	}
	for (size_t i = 0; i < c->vnic_count; i++) {
		const struct raceway_check_vnic *v = &c->vnics[i];
		uint64_t bps = v->moved ? promised(port, v) : 0;

		if (bps && sum + bps > rate_bps)
			return RACEWAY_CHECK_FAIL(
				c, RACEWAY_FAULT_REFUSED, vnic, v->name, cir_word(port),
				"%s %s does not fit: of the %s of port %s, %s are promised "
				"already and %s are left",
				cir_word(port), raceway_format_rate(bps, cir), rate, port->name,
				raceway_format_rate(sum, used),
				raceway_format_rate(sum < rate_bps ? rate_bps - sum : 0, left));
		sum += bps;
	}
	return 0;
}

static int admit_port(struct raceway_check *c, const struct raceway_check_port *port)
{
	uint64_t rate_bps;

	if (!port->promised_bps || !(port->changed || port->new_rate))
		return 0;
	rate_bps = raceway_model_port_rate(port->doc, c->world);
	if (!rate_bps)
		return c->world->speed_bps ? unknown_rate(c, port) : 0;
	return port->promised_bps > rate_bps ? too_much(c, port, rate_bps) : 0;
}

int raceway_check_admit(struct raceway_check *c)
{
	int r = 0;

	for (size_t i = 0; i < c->vnic_count; i++) {
		add_up(&c->vnics[i], c->vnics[i].port);
		add_up(&c->vnics[i], c->vnics[i].segment->uplink);
	}
	for (size_t i = 0; r == 0 && i < c->port_count; i++)
		r = admit_port(c, &c->ports[i]);
	return r;
}
