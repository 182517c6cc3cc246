#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A feature that must be off and stays on, because the driver takes the request and does nothing
# or because it is fixed: the port is refused, by its name and the feature's, and left as it was.
. "$(dirname "$0")/lib.sh"

command -v gcc >/dev/null || skip "no gcc"
gcc -std=gnu11 -D_GNU_SOURCE -shared -fPIC -o "$work/stuck.so" "$top/tests/net/stuck.c" -ldl

new_ns dir s1
wire dir f1 s1 e0
echo '{"schema":1,"ports":[{"name":"p1","dev":"f1","role":"fabric"}]}' >"$work/m.json"
state() {
  ip -n "$(ns dir)" -d -j link show f1 | jq -c '.[0] | {flags, promiscuity, xdp}'
  in_ns dir ethtool -k f1
  in_ns dir tc qdisc show dev f1 | grep -v noqueue || true
  in_ns s1 ethtool -k e0
  find "$bpffs/rw/v2/links" -type f
}
attach() { # FEATURE=NAME [ARGS...]
  in_ns dir env LD_PRELOAD="$work/stuck.so" STUCK_DEV=f1 "$1" "$bin/raceway-loader" attach \
    --pin-dir "$bpffs/rw" --maps "$work/m.json" "${@:2}"
}
refused() { # DESCRIPTION REGEX COMMAND...
  local what=$1 regex=$2 status=0
  shift 2
  "$@" >"$work/out" 2>"$work/err" || status=$?
  check_eq "$what: status" $status 3
  check "$what: '$(cat "$work/err")' says $regex" grep -qE "^raceway-loader: $regex" "$work/err"
  state >"$work/after"
  check "$what: nothing has changed" diff -u "$work/before" "$work/after"
}
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
loader dir detach --pin-dir "$bpffs/rw"
state >"$work/before"
check "tags are parsed at first" grep -q "^rx-vlan-offload: on" "$work/before"

refused "taken, not done" "port p1: .*f1: rx-vlan-hw-parse stays on.*but in .mode generic" \
  attach STUCK=rx-vlan-hw-parse
refused "a veth's tags" "port p1: .*f1: tx-vlan-hw-insert stays on[^\`]*$" \
  attach STUCK=tx-vlan-hw-insert
refused "fixed" "port p1: .*f1: rx-lro stays on[^\`]*$" attach FIXED=rx-lro
refused "fixed, generic" "port p1: .*f1: rx-lro stays on[^\`]*$" attach FIXED=rx-lro --generic

# What TC can do with and what being promiscuous makes up for is no reason.
check "generic, with tags parsed" attach FIXED=rx-vlan-hw-parse --generic
loader dir detach --pin-dir "$bpffs/rw"
check "a filter of VLANs" attach FIXED=rx-vlan-filter
loader dir detach --pin-dir "$bpffs/rw"
check "as it is" attach STUCK=rx-lro
