#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A port that goes from `host none` to `host keep` and back: the host gets its stack back, and
# loses it again, while the port stays attached.
. "$(dirname "$0")/lib.sh"

new_ns dir lan
wire dir up0 lan e0
in_ns dir sysctl -qw net.ipv6.conf.up0.disable_ipv6=0
ip -n "$(ns dir)" addr add 10.0.0.1/24 dev up0
ip -n "$(ns lan)" addr add 10.0.0.2/24 dev e0

host() { # none|keep
  echo "{\"schema\":1,\"ports\":[{\"dev\":\"up0\",\"role\":\"uplink\",\"host\":\"$1\"}]}" >"$work/m.json"
  loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
}
silent() { # WHAT WANT
  check_eq "$1: NOARP, disable_ipv6" "$(ip -n "$(ns dir)" -j link show up0 |
    jq -c '.[0].flags | contains(["NOARP"])') $(in_ns dir sysctl -n net.ipv6.conf.up0.disable_ipv6)" "$2"
}
silent "at first" "false 0"
host none
silent "none" "true 1"
host keep
silent "keep" "false 0"
check "keep: the host answers" in_ns lan ping -c 1 -W 2 10.0.0.1 >/dev/null
host none
silent "none again" "true 1"
loader dir detach --pin-dir "$bpffs/rw"
silent "detached" "false 0"
