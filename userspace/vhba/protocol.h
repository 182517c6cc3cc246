/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What racewayd and raceway-vhba say to each other over a Unix stream socket
 * (RUN_DIR/vhba.sock, 0600): frames of a 32-bit length in network order and that many bytes of
 * JSON. Descriptors travel by SCM_RIGHTS with the first byte of a frame.
 *
 * A request is {"op": OP, "id": N, ...}; its answer {"id": N, ...} comes in the order of the
 * requests, or {"id": N, "error": {"object", "field", "message", "fault"}}. Between answers the
 * engine sends {"event": NAME, ...} to whoever is connected. One racewayd at a time: a second one
 * takes over and the first is closed.
 *
 * hello      {"protocol": 1, "node": NAME}: first; another protocol is refused. Answer:
 *            {"protocol": 1, "version", "pid"}
 * configure  the whole of what should be: {"target": IQN,
 *              "sans": [{"name", "type", "path" | "portal", "target"}],
 *              "volumes": [{"name": "SAN/NAME", "size" | "dev", "id": 16 hex digits}],
 *              "portals": [{"name", "address", "transport", "group"}],
 *              "vhbas": [{"name": "PROFILE/NAME", "wwpn", "wwnn", "initiator", "san",
 *                "auth": "chap" | "location" | "none", "chap", "secret_file", "mutual_chap",
 *                "mutual_secret_file", "cir", "pir", "iops_cir", "iops_pir", "weight",
 *                "macs": [of its server's vNICs], "local": whether its server is this machine,
 *                "luns": [{"lun", "volume", "ro"}]}]}.
 *            Absent rates are none. What differs from what is served is changed while sessions
 *            run. Answer: {"problems": [{"object", "message"}]}: what cannot be served, and why;
 *            the rest is served.
 * listen     {"portal": NAME} and one listening socket, then, if the portal is in another network
 *            namespace than the engine, a NETLINK_ROUTE socket of it: by that the engine asks
 *            where a connection comes from (auth location). racewayd makes sockets (in the portal's
 *            netns), the engine only accepts. Kept until a configure without the portal, or with
 *            another address.
 * create     {"volume": SAN/NAME, "type", "path", "size"}: a new thin file; refused if there is
 *            one. An absent file of a configured volume is a problem, never made anew.
 * resize     {"volume", "type", "path", "size"}: never smaller.
 * delete     {"volume", "type", "path", "volume_id"}: the file, if there is a path, and what is
 * kept under an id that is not configured any more, if there is one. clone      {"from", "to",
 * "path"}: by reflink, answer {"copied": false}; else a copy goes on after the answer {"copied":
 * true}, events "volume-copy" {"volume", "done", "of", "error"} tell how far; a copy that fails is
 * removed. status     {"stats": true | false} -> {"portals": [{"name", "listening", "sessions",
 * "netns": the cookie of its socket's namespace (SO_NETNS_COOKIE), if it listens}], "volumes":
 * [{"name", "oper": "up" | reason, "size", "used", "copying": percent, "file": whether there is a
 * file of that name in a pool; absent where there is to be none, and where its directory cannot be
 * looked at}], "vhbas": [{"name", "sessions": [{"peer", "portal", "transport", "initiator",
 *                "since": ns of CLOCK_REALTIME}], "queue_depth", with stats: "read", "write":
 *                {"ios", "bytes", "latency": {"p50", "p99", "p999"} ns},
 *                "luns": [{"lun", "read": {"ios", "bytes"}, "write": {...}}]}]}
 * Events: "session-open", "session-close", "login-refused" {"vhba" or "", "initiator", "peer",
 * "reason"}, "volume-copy", "volume-error" {"volume", "message"}. */
#ifndef RACEWAY_VHBA_PROTOCOL_H
#define RACEWAY_VHBA_PROTOCOL_H

#define RACEWAY_VHBA_PROTOCOL 1
#define RACEWAY_VHBA_SOCKET "vhba.sock" /* in the run directory */
#define RACEWAY_VHBA_FRAME_MAX (16U << 20)

#endif
