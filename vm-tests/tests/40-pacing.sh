#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Pacing by departure time, which needs fq: found by looking at the port's qdisc, followed as that
# changes, shown, and what it does to a guest's TCP: it waits where it would have been dropped.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/../../tests/net/lib.sh"
. "$top/tests/net/daemon.bash"

modprobe sch_fq
new_ns host lan a

rw() {
  "$bin/raceway" --socket "$work/run/raceway.sock" "$@"
}

pacing_is() { # WANT ENFORCED_BY: at the port and at the vNIC's tx
  [ "$(value /v1/ports/up0 .pacing)" = "$1" ] &&
    [ "$(value /v1/vnics/a/eth0 .tx.enforced_by)" = "$2" ]
}

root() { # QDISC...: at the port's egress
  tc -n "$(ns host)" qdisc replace dev up0 root "$@"
}

red() { # packets that the tx meter has refused
  rw -s -j vnic show a/eth0 | jq '.vnics[0].tx.red.packets'
}

waited() { # how often fq kept a packet until later
  tc -n "$(ns host)" -s qdisc show dev up0 |
    awk '/highprio/ { for (i = 1; i < NF; i++) if ($i == "throttled") sum += $(i + 1) }
      END { print sum + 0 }'
}

# Python takes seconds to start on an emulated CPU: one receiver for all, and bash sends.
bytes=1500000
cat >"$work/receive.py" <<'PY'
import socket
import sys

listener = socket.create_server(("10.9.0.9", 7000))
while True:
    connection, count = listener.accept()[0], 0
    while count < int(sys.argv[2]) and (data := connection.recv(1 << 18)):
        count += len(data)
    with open(sys.argv[1], "w", encoding="ascii") as file:
        print(count, file=file)
    connection.close()
PY

cat >"$work/later.py" <<'PY'
"""Datagrams that ask to leave 5 s later."""
import socket
import struct
import time

SO_TXTIME = 61
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, SO_TXTIME, struct.pack("=iI", time.CLOCK_MONOTONIC, 0))
at = struct.pack("=Q", time.monotonic_ns() + 5_000_000_000)
for _ in range(5):
    s.sendmsg([bytes(100)], [(socket.SOL_SOCKET, SO_TXTIME, at)], 0, ("10.9.0.9", 9))
PY

tcp() { # from the guest to the LAN; prints the seconds that the bytes took
  # shellcheck disable=SC2016 # for the other shell
  in_ns a timeout 120 bash -c 'start=${EPOCHREALTIME/./}
    exec 3<>/dev/tcp/10.9.0.9/7000
    head -c "$1" /dev/zero >&3
    read -r -t 100 <&3
    us=$((${EPOCHREALTIME/./} - start))
    printf "%d.%06d\n" $((us / 1000000)) $((us % 1000000))' bash "$bytes"
}

# Two queues, so that there can be an mq.
ip link add up0 netns "$(ns host)" numtxqueues 2 numrxqueues 2 type veth \
  peer name e0 netns "$(ns lan)" numtxqueues 2 numrxqueues 2
ip -n "$(ns lan)" link set e0 up
vlan_tx lan e0
root fq
daemon_start
rw port add up0 dev up0 role uplink rate 1gbit
rw segment add lan uplink up0
rw profile add a
rw profile bind a server local
rw vnic add a/eth0 segment lan netns "$(ns a)" tx-pir 20mbit
ip -n "$(ns a)" addr add 10.9.0.1/24 dev eth0
ip -n "$(ns lan)" addr add 10.9.0.9/24 dev e0

in_ns lan python3 "$work/receive.py" "$work/received" "$bytes" &
children+=("$!")
for _ in $(seq 400); do
  [ -z "$(in_ns lan ss -Hltn sport = :7000)" ] || break
  sleep 0.1
done

check "fq is found when the port is made" pacing_is fq bpf+edt
check_eq "what comes from the LAN does not wait" "$(value /v1/vnics/a/eth0 .rx.enforced_by)" none
check "as text" grep -q 'pacing *fq' <<<"$(rw port show up0)"

# 1.5 MB of payload are 1.57 MB of frames: 0.63 s at 20 Mb/s.
seconds=$(tcp)
in_ns a python3 "$work/later.py"
# Newer kernels carry a guest's own departure time to the port.
check_eq "which is not kept there" \
  "$(tc -n "$(ns host)" -s -j qdisc show dev up0 | jq '[.[].qlen] | add')" 0
check_eq "every byte arrived" "$(cat "$work/received")" "$bytes"
check_between "no faster than the rate, an emulated CPU's time beside it" "$seconds" 0.6 6
check_eq "nothing was refused" "$(red)" 0
kept=$(waited)
check_between "it waited in fq" "$kept" 100 100000

# What is no TCP does not wait.
in_ns a ping -q -f -s 1400 -c 200 10.9.0.9 >"$work/ping" 2>&1 || true
check_between "pings do not" "$(waited)" "$kept" "$((kept + 5))"

root pfifo
until_true "fq goes" pacing_is none bpf
seconds=$(tcp)
check_between "the meters hold the rate alone" "$seconds" 0.5 6
check_between "by refusing" "$(red)" 1 100000

root fq horizon 100ms
sleep 0.3
check "an fq that drops what is to leave in a second" pacing_is none bpf
root fq horizon 10s
until_true "one that keeps it" pacing_is fq bpf+edt

root handle 1: mq
tc -n "$(ns host)" qdisc replace dev up0 parent 1:1 fq
tc -n "$(ns host)" qdisc replace dev up0 parent 1:2 pfifo
sleep 0.3
check "one queue of two keeps no departure times" pacing_is none bpf
tc -n "$(ns host)" qdisc replace dev up0 parent 1:2 fq
until_true "both do" pacing_is fq bpf+edt

daemon_stop KILL
daemon_start
check "and that is known after a crash" pacing_is fq bpf+edt

rw vnic set a/eth0 tx-pbs 64k
check "a burst that was given is one" pacing_is fq bpf
before=$(red)
tcp >/dev/null
check_between "and what exceeds it is refused, fq or not" "$(($(red) - before))" 1 100000
