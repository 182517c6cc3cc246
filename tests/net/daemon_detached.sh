#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Somebody takes the programs off, by tc, ip, bpftool or by removing their pins: the daemon
# notices without being told, says so, and puts them back.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

links=$bpffs/rw/v2/links

# By a bpf_link no event tells: within the 5 s of the daemon's own look.
until_later() { # DESCRIPTION COMMAND...
  local what=$1
  shift
  checks=$((checks + 1))
  for _ in $(seq 80); do
    "$@" && return
    sleep 0.1
  done
  fail "$what: never came true: $*"
}

filters() { # DEV: our filters at its ingress
  in_ns host tc filter show dev "$1" ingress | grep -c 'bpf.*raceway' || true
}

filters_are() { # DEV N
  [ "$(filters "$1")" -eq "$2" ]
}

xdp_id() {
  in_ns host ip -j link show up0 | jq -r '.[0].xdp.prog.id // 0'
}

has_xdp() {
  [ "$(xdp_id)" -ne 0 ]
}

told() { # DEV: how often the daemon has said so
  grep -c "^racewayd: $1: programs of ours were taken off" "$work/daemon.err" || true
}

daemon_scene
wire host up1 lan e1 # there is XDP from the second port on
made POST /v1/ports '{"name":"up1","dev":"up1","role":"uplink"}'
check "at first" pings a 10.9.0.2

# A host end's filter, and its qdisc: events tell.
filters_are rw1 1 || fail "rw1 has no filter of ours: $(in_ns host tc filter show dev rw1 ingress)"
in_ns host tc filter del dev rw1 ingress
until_true "a filter is put back" filters_are rw1 1
check "then it works" pings a 10.9.0.2
in_ns host tc qdisc del dev rw2 clsact
until_true "a qdisc is put back" filters_are rw2 1
check "then it works" pings a 10.9.0.2
check_eq "both are in the log" "$(told rw1) $(told rw2)" "1 1"

# Another's filter that comes and goes is none of our business.
in_ns host tc filter add dev rw1 ingress prio 9 protocol ip bpf bytecode '1,6 0 0 0,'
in_ns host tc filter del dev rw1 ingress prio 9
in_ns host tc qdisc add dev up0 root handle 1: pfifo
in_ns host tc qdisc del dev up0 root
sleep 0.2
check_eq "nothing was said" "$(told rw1) $(told up0)" "1 0"

# The port's XDP link, detached; seen by whoever asks, and put back.
bpftool link detach pinned "$links/xdp-$(ifindex host up0)"
check_eq "show says so" "$(value /v1/ports/up0 .oper)" "programs missing: XDP of up0"
check_eq "doctor says so" "$(api GET /v1/doctor |
  jq -r '.checks[] | select(.name == "port up0" and .result == "fail").message')" \
  "not attached: programs missing: XDP of up0"
check_eq "and the vNIC behind it" "$(value /v1/vnics/a/eth0 .reason)" \
  "port up0: programs missing: XDP of up0"
until_later "it is put back" has_xdp
until_true "the port is up" oper_is /v1/ports/up0 up
check "then it works" pings a 10.9.0.9
check_eq "it is in the log" "$(told up0)" 1

# Its TC program, whichever way it is attached here.
if [ -e "$links/tcx-$(ifindex host up0)" ]; then
  bpftool link detach pinned "$links/tcx-$(ifindex host up0)"
  check_eq "show says so" "$(value /v1/ports/up0 .oper)" "programs missing: TC of up0"
else
  in_ns host tc filter del dev up0 ingress
fi
until_later "TC is put back" oper_is /v1/ports/up0 up
until_true "then it works" pings a 10.9.0.9

# Pins that are removed: what they held goes with them.
rm "$links"/*
until_later "XDP is put back" has_xdp
until_later "the port is up" oper_is /v1/ports/up0 up
check "then it works" pings a 10.9.0.9
check "vNIC to vNIC" pings a 10.9.0.2

# While somebody else sits there, it is said and not fought over.
other=$bin/tests/net/other.bpf.o
[ -f "$other" ] || other=$top/build/tests/net/other.bpf.o
bpftool prog load "$other" "$bpffs/other" type xdp
taken() {
  grep -q "already has another's XDP program other_pass" <<<"$(value /v1/ports/up0 .oper)"
}
kill -STOP "$daemon_pid"
bpftool link detach pinned "$links/xdp-$(ifindex host up0)"
in_ns host bpftool net attach xdpdrv pinned "$bpffs/other" dev up0
kill -CONT "$daemon_pid"
until_later "the port says whose program it is" taken
in_ns host bpftool net detach xdpdrv dev up0
until_later "free again, it is put back" oper_is /v1/ports/up0 up
until_true "then it works" pings a 10.9.0.9

# A filter in the place of ours; SIGHUP looks at everything at once.
in_ns host tc filter replace dev rw1 ingress prio 21079 handle 1 protocol all \
  bpf da bytecode '1,6 0 0 0,'
check_eq "ours is gone" "$(filters rw1)" 0
kill -HUP "$daemon_pid"
until_true "and is back" filters_are rw1 1
until_true "then it works" pings a 10.9.0.2
