/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words of the command line to numbers and back: rates, sizes, times, addresses.
 * All parse functions return 0, or -EINVAL and leave the output untouched. */
#ifndef RACEWAY_UTIL_UNITS_H
#define RACEWAY_UTIL_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* bit/s. Bare or bit kbit mbit gbit (decimal); bps kbps mbps gbps are bytes; as tc(8). */
int raceway_parse_rate(const char *text, uint64_t *ret_bps);
/* bytes. Bare, or k m g t times 1024 (also with a trailing b). */
int raceway_parse_size(const char *text, uint64_t *ret_bytes);
/* ns from "250ms", "10us", "60s"; a bare number is seconds. */
int raceway_parse_time(const char *text, uint64_t *ret_ns);
/* Decimal, or hexadecimal with 0x. Whole string; no sign, no space. */
int raceway_parse_u64(const char *text, uint64_t *ret_value);
/* aa:bb:cc:dd:ee:ff, any case. Syntax only: multicast and zero are the caller's to refuse. */
int raceway_parse_mac(const char *text, uint8_t ret_mac[6]);
int raceway_parse_onoff(const char *text, bool *ret_on);

/* Shortest exact form ("1gbit", "1500kbit", "999bit"). Each returns buf. */
#define RACEWAY_UNIT_TEXT 32
char *raceway_format_rate(uint64_t bps, char buf[RACEWAY_UNIT_TEXT]);
char *raceway_format_size(uint64_t bytes, char buf[RACEWAY_UNIT_TEXT]);
char *raceway_format_mac(const uint8_t mac[6], char buf[RACEWAY_UNIT_TEXT]);

#endif
