/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One error as the user sees it: which object, which field, what would be right. */
#ifndef RACEWAY_UTIL_ERROR_H
#define RACEWAY_UTIL_ERROR_H

/* Kind of failure; exit status of the CLI and status of the API follow from it. */
enum raceway_fault {
	RACEWAY_FAULT_NONE = 0,
	RACEWAY_FAULT_SYNTAX,	 /* not understood: exit 2, HTTP 400 */
	RACEWAY_FAULT_INVALID,	 /* understood, out of range or contradictory: exit 1, HTTP 409 */
	RACEWAY_FAULT_NOT_FOUND, /* exit 1, HTTP 404 */
	RACEWAY_FAULT_REFUSED,	 /* in use, duplicate, does not fit: exit 1, HTTP 409 */
	RACEWAY_FAULT_FORBIDDEN, /* exit 1, HTTP 403 */
	RACEWAY_FAULT_CANNOT,	 /* this machine cannot, or not yet: exit 3, HTTP 501 */
	RACEWAY_FAULT_SYSTEM,	 /* a system call failed: exit 1, HTTP 500 */
};

struct raceway_error {
	enum raceway_fault fault;
	char object[96];   /* "vnic web1/eth0", "" if none */
	char field[32];	   /* "rx-cir", "" if none */
	char message[320]; /* without object and field */
};

/* Fills *err (which may be NULL) and returns -EINVAL, -ENOENT, -EPERM, -EOPNOTSUPP or -EIO by
 * the fault, so that `return raceway_error_set(...)` is the usual form. The first error wins:
 * an *err that is already set is left as it is. */
int raceway_error_set(struct raceway_error *err, enum raceway_fault fault, const char *object,
		      const char *field, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* "vnic web1/eth0: rx-cir 2gbit is above rx-pir 1gbit": object, then message. The message
 * names the field itself where that reads better. Returns buf. */
char *raceway_error_format(const struct raceway_error *err, char *buf, unsigned int size);

int raceway_error_exit_status(enum raceway_fault fault);
unsigned int raceway_error_http_status(enum raceway_fault fault);

#endif
