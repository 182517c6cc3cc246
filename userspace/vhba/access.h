/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may log in: the callbacks identify, open and discover of struct raceway_iscsi_ops. */
#ifndef RACEWAY_VHBA_ACCESS_H
#define RACEWAY_VHBA_ACCESS_H

#include "vhba/engine.h"

enum raceway_iscsi_login_status raceway_access_identify(void *context,
							const struct raceway_iscsi_login *login,
							struct raceway_iscsi_chap *ret_chap);
enum raceway_iscsi_login_status raceway_access_open(void *context,
						    const struct raceway_iscsi_login *login,
						    struct raceway_iscsi_conn *conn,
						    struct raceway_worker *worker,
						    struct raceway_nexus **ret_nexus);
void raceway_access_discover(void *context, const struct raceway_iscsi_login *login,
			     raceway_iscsi_found found, void *found_context);
/* Tells of a login that has failed. */
void raceway_access_refused(void *context, const struct raceway_iscsi_login *login,
			    const char *reason);

#endif
