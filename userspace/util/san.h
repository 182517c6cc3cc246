/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of storage networks as words and back: port names, iSCSI names, addresses of portals. */
#ifndef RACEWAY_UTIL_SAN_H
#define RACEWAY_UTIL_SAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define RACEWAY_ISCSI_PORT 3260
#define RACEWAY_ISCSI_NAME_TEXT 224 /* 223 bytes (RFC 7143 4.2.7.1) and the final 0 */
#define RACEWAY_WWN_TEXT 17
#define RACEWAY_ADDRESS_TEXT 64

/* 16 hexadecimal digits of any case, with or without a colon after every second (FC-FS-3 15).
 * -EINVAL; zero is the caller's to refuse. */
int raceway_parse_wwn(const char *text, uint64_t *ret_wwn);
/* Lower case without colons. Returns buf. */
char *raceway_format_wwn(uint64_t wwn, char buf[RACEWAY_WWN_TEXT]);

/* An iSCSI name in lower case, as names are compared (RFC 3722), from any case: iqn.YYYY-MM.…,
 * eui. with 16 or naa. with 16 or 32 hexadecimal digits (RFC 7143 4.2.7). ASCII only. "_", which
 * the RFC has not, is taken: it is in use. -EINVAL. */
int raceway_parse_iscsi_name(const char *text, char ret_name[RACEWAY_ISCSI_NAME_TEXT]);

struct raceway_address {
	struct sockaddr_storage to;
	socklen_t size;
};
/* "192.0.2.1", "192.0.2.1:3260", "[2001:db8::1]:3260", "2001:db8::1". -EINVAL: it is none;
 * -ERANGE: the port is not in 1 to 65535. */
int raceway_parse_address(const char *text, uint16_t default_port,
			  struct raceway_address *ret_address);
/* Always with the port, IPv6 in brackets (RFC 5952, RFC 3986). Returns buf. */
char *raceway_format_address(const struct raceway_address *address, char buf[RACEWAY_ADDRESS_TEXT]);

#endif
