/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames by which a station says where it is now: whole Ethernet frames, pure, no I/O. */
#ifndef RACEWAY_NET_ANNOUNCE_H
#define RACEWAY_NET_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest of them: a tag, IPv6 and a neighbour advertisement. */
#define RACEWAY_ANNOUNCE_BYTES 90

/* A reverse ARP request (RFC 903) for the station's own address, to everybody: switches learn its
 * port from it and nobody answers, as QEMU announces a guest that has moved. `vid` 0: untagged.
 * Returns the frame's length: 60, the least of Ethernet without FCS, or 64 with a tag. */
size_t raceway_announce_rarp(uint8_t frame[RACEWAY_ANNOUNCE_BYTES], const uint8_t mac[6],
			     uint16_t vid);
/* An ARP announcement (RFC 5227 section 2.3) of an IPv4 address. */
size_t raceway_announce_arp(uint8_t frame[RACEWAY_ANNOUNCE_BYTES], const uint8_t mac[6],
			    uint16_t vid, const uint8_t address[4]);
/* An unsolicited neighbour advertisement (RFC 4861 section 7.2.6) of an IPv6 address, to all nodes,
 * with override; `router`: the station forwards, or its neighbours would take it off their lists
 * of routers. */
size_t raceway_announce_na(uint8_t frame[RACEWAY_ANNOUNCE_BYTES], const uint8_t mac[6],
			   uint16_t vid, const uint8_t address[16], bool router);

#endif
