/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What queues at an interface's egress. */
#ifndef RACEWAY_NET_QDISC_H
#define RACEWAY_NET_QDISC_H

#include <stdbool.h>
#include <stdint.h>

#include "net/rtnl.h"

/* No frame is told to wait for longer than a second (raceway_pace_most()); its clock may be read
 * before fq's. */
#define RACEWAY_QDISC_HORIZON_US 2000000

/* Whether whatever leaves the interface is kept until its departure time (skb->tstamp): its root
 * qdisc is fq, or mq with nothing but fq below it, whose horizon is RACEWAY_QDISC_HORIZON_US at
 * least (the kernel's default is 10 s). 0 or -errno, -ENODEV. */
int raceway_qdisc_is_fq(struct raceway_rtnl *rtnl, uint32_t ifindex, bool *ret_fq);

#endif
