#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# apply --confirm: a change that cuts the way to this machine is taken back by itself, whether the
# daemon lives, is killed and comes back in time, or comes back late; confirmed, it stays.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/daemon.bash
. "$(dirname "$0")/daemon.bash"

rw() {
  "$bin/raceway" --socket "$work/run/raceway.sock" "$@"
}

is_as_before() {
  [ "$(rw -j export 2>/dev/null)" = "$(cat "$work/before.json")" ] && pings a 10.9.0.9
}

waits() {
  [ "$(api GET /v1/confirm 2>/dev/null | jq -c .confirm)" != null ]
}

is_cut() {
  [ "$(rw -j export)" != "$(cat "$work/before.json")" ] && ! pings a 10.9.0.9
}

daemon_scene
made POST /v1/vnics '{"name":"b/spare","segment":"lan"}'
rw -j export >"$work/before.json"
# The uplink's VLAN is another: nothing gets through. One vNIC is gone, another is new.
jq '.segments[0].vlan = 77 | .profiles += [{name: "c", vnics: [{name: "new", segment: "lan"}]}]
    | (.profiles[] | select(.name == "b").vnics) |= map(select(.name != "spare"))' \
  "$work/before.json" >"$work/bad.json"
check "traffic before" pings a 10.9.0.9

# The daemon lives.
"$bin/raceway" --socket "$work/run/raceway.sock" monitor >"$work/events" &
monitor=$!
children+=("$monitor")
sleep 0.3
check "for four seconds" rw apply -f "$work/bad.json" --prune --confirm 4s \
  >"$work/out" 2>"$work/err"
check_eq "it says so" "$(cat "$work/err")" \
  "raceway: rolled back after 4s unless confirmed: raceway apply --confirmed"
rw show >"$work/show"
check "show mentions it" grep -q \
  '^not confirmed: 4 changes are rolled back in [0-3] s, to keep them: raceway apply --confirmed$' \
  "$work/show"
check_not "nothing else changes" rw vnic set a/eth0 mtu 1400 2>"$work/err"
check "and it says why" grep -q 'taken back at ..:..:.. unless it is confirmed' "$work/err"
check "it is in force" is_cut
sleep 2
until_true "taken back" is_as_before
check_not "too late" rw apply --confirmed 2>"$work/err"
check "which is said" grep -q 'nothing waits to be confirmed: what did was taken back' "$work/err"
kill "$monitor"
check_eq "events" "$(grep -o 'confirm state [a-z-]*' "$work/events" | tr '\n' ' ')" \
  "confirm state pending confirm state taken-back "

# Confirmed, it stays, also behind the next start.
rw apply -f "$work/bad.json" --prune --confirm 2s >/dev/null 2>&1
check "confirmed" rw apply --confirmed
sleep 2.2
check "it stays" is_cut
daemon_stop KILL
daemon_start
check "also after a start" is_cut
rw apply -f "$work/before.json" --prune >/dev/null
until_true "back by hand" is_as_before

# Killed at many moments of the apply and of the time after it; the next start is in time or late.
waited=0
for round in $(seq 6); do
  late=$((round % 2))
  rw apply -f "$work/bad.json" --prune --confirm $((late ? 2 : 10))s >/dev/null 2>&1 &
  request=$!
  # the first ones blindly, the last when it is in the store for sure
  sleep "0.$(printf '%03d' $((round * 14)))"
  [ "$round" -lt 5 ] || until_true "round $round: it waits" waits
  daemon_stop KILL
  wait "$request" || true
  [ "$late" -eq 0 ] || sleep 2.1
  daemon_start
  if [ "$late" -eq 0 ]; then
    if waits; then waited=$((waited + 1)); fi
    for _ in $(seq 100); do
      if is_as_before; then break; fi
      sleep 0.1
    done
  fi
  until_true "round $round: as before" is_as_before
  check_eq "round $round: nothing waits" "$(api GET /v1/confirm | jq -c .confirm)" null
  check_eq "round $round: host ends" "$(in_ns host ip -o link | grep -c ': rw[0-9]*@')" 3
done
all=$(grep -c 'not confirmed in time' "$work/daemon.err")
check "the store had it in $waited rounds in time, of $all taken back" \
  test "$waited" -gt 0 -a "$all" -ge $((waited + 2))
daemon_stop
