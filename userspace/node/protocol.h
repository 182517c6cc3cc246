/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What director and server say to each other: JSON objects with "type", in TLS (node/tls.h).
 *
 *   server                                       director
 *   hello    {protocol {min, max}, node, version}
 *                                                welcome {protocol, node, version} or
 *                                                refused {reason}, and it closes
 *                                                begin   {generation}
 *                                                profile {profile: {name, vnics: [...]}}, each
 *                                                end     {generation, count}
 *   report   {generation, devices: [{vnic, oper, reason}]}, then again when any has changed
 *   renew    {request}                           certificate {certificate, authority}
 *
 * A server without a certificate says one thing only:
 *   enroll   {server, secret, request}           certificate {certificate, authority}, or refused
 *
 * What came is taken over with `end`, the whole or nothing. A newer version may add keys, which
 * are ignored, and types within a newer protocol number. */
#ifndef RACEWAY_NODE_PROTOCOL_H
#define RACEWAY_NODE_PROTOCOL_H

#include <jansson.h>
#include <stddef.h>

#define RACEWAY_PROTOCOL_MIN 1
#define RACEWAY_PROTOCOL_MAX 1
#define RACEWAY_PROFILES_MAX 65536 /* of one server */

/* The highest number that both speak; 0: there is none. */
int raceway_protocol_common(json_int_t min, json_int_t max);

/* Collects begin ... end on the server's side. */
struct raceway_delivery {
	json_t *profiles; /* NULL: none is under way */
	json_int_t generation;
};

/* Takes `begin`, `profile` or `end`. 1: it is whole, *ret_profiles is a new reference; 0: it goes
 * on; -EPROTO: that message has no place here. */
int raceway_delivery_take(struct raceway_delivery *delivery, const char *type,
			  const json_t *message, json_t **ret_profiles);
void raceway_delivery_clear(struct raceway_delivery *delivery);

#endif
