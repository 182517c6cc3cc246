// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "flow.h"
const struct flow_kind flow_udp = { .name = "udp", .usage = "", .words = 99 };
const struct flow_kind flow_ping = { .name = "ping", .usage = "", .words = 99 };
