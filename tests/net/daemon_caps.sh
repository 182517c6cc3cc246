#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the daemon may: CAP_SYS_ADMIN is in effect only while another namespace is entered, and a
# daemon that does not have it at all does everything else.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

SYS_ADMIN=21

has_admin() { # SET: yes or no, of the running daemon
  local set
  set=$(sed -n "s/^Cap$1:\t//p" "/proc/$daemon_pid/status")
  [ $((0x$set >> SYS_ADMIN & 1)) -eq 1 ] && echo yes || echo no
}

# As systemd starts it.
few_caps() { # CAPS
  printf '#!/bin/sh\nexec setpriv --inh-caps=-all --bounding-set=-all%s %s "$@"\n' "$1" \
    "$bin/racewayd" >"$work/few"
  chmod +x "$work/few"
  daemon_bin=$work/few
}

few_caps ,+bpf,+perfmon,+net_admin,+chown,+sys_admin
daemon_scene
check_eq "not in effect" "$(has_admin Eff)" no
check_eq "but permitted" "$(has_admin Prm)" yes
check "namespaces can be entered" pings a 10.9.0.2
made PATCH /v1/vnics/a/eth0 '{"mtu":1400}'
check_eq "also to change something there" "$(ip -n "$(ns a)" -j link show eth0 | jq '.[0].mtu')" 1400
check_eq "no word of the other end, which it sees" "$(value /v1/ports/up0 .warnings)" null
check_eq "not in effect afterwards" "$(has_admin Eff)" no
daemon_stop
check_eq "it ends quietly" "$(grep -c . "$work/daemon.err" || true)" 0

# Without it: what is there goes on, and what needs no other namespace can be made and changed.
few_caps ,+bpf,+perfmon,+net_admin,+chown
daemon_start
check_eq "none at all" "$(has_admin Prm)" no
check "what is there goes on" pings a 10.9.0.2
check_eq "and is up" "$(value /v1/vnics/a/eth0 .oper)" up
made POST /v1/vnics '{"name":"a/here","segment":"lan","tx_pir":"1gbit"}'
check_eq "a vNIC of this namespace" "$(value /v1/vnics/a/here .oper)" up
check_eq "a vNIC of another" "$(status POST /v1/vnics \
  '{"name":"a/there","segment":"lan","netns":"'"$(ns b)"'"}')" 403
check "is refused for the right reason" grep -q \
  "entering a namespace needs CAP_SYS_ADMIN" "$work/body"
made PATCH /v1/ports/up0 '{"host":"none","rate":"2gbit"}'
wire host up1 lan e1
made POST /v1/ports '{"name":"up1","dev":"up1","role":"uplink"}'
made PATCH /v1/ports/up1 '{"mode":"generic"}'
check_eq "a new port" "$(value /v1/ports/up1 .oper)" up
check_eq "goes again" "$(status DELETE /v1/ports/up1)" 204
check "then it works" pings a 10.9.0.9
kill -HUP "$daemon_pid"
sleep 0.3
check "and still" pings a 10.9.0.2
