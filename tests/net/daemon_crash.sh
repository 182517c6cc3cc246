#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Killed in the middle of an apply, at many moments: after the next start the kernel is as the
# store says, the whole change or nothing of it, and nothing is left behind.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

count=16

document() { # PREFIX
  local i
  for i in $(seq $count); do
    echo "{\"name\":\"$1$i\",\"server\":\"local\",\"vnics\":[{\"name\":\"e\",\"segment\":\"s\"}]}"
  done | jq -cs '{schema: 1, segments: [{name: "s"}], profiles: .}'
}

host_ends() {
  in_ns host ip -o link | grep -c ': rw[0-9]*@' || true
}

new_ns host
in_ns host ip link add rw4000 type veth peer name stranger
document x >"$work/x.json"
document y >"$work/y.json"
whole=0
none=0
for round in $(seq 12); do
  daemon_start
  # x, then y in the place of x: makes 16 pairs and deletes 16.
  made POST '/v1/apply?prune=1' "@$work/x.json"
  check_eq "round $round: x is there" "$(host_ends)" $((count + 1))
  curl -sS --max-time 20 --unix-socket "$work/run/raceway.sock" -o "$work/answer" -X POST \
    --data-binary "@$work/y.json" 'http://raceway/v1/apply?prune=1' 2>/dev/null &
  request=$!
  # The first rounds hit the moments around the commit, the others the kernel's part.
  ms=$((round <= 6 ? round * 2 : (round - 6) * 40))
  sleep "0.$(printf '%03d' $ms)"
  daemon_stop KILL
  wait "$request" || true
  daemon_start
  profiles=$(api GET /v1/profiles | jq -r '[.profiles[].name[0:1]] | unique | join(",")')
  case $profiles in
  x) none=$((none + 1)) ;;
  y) whole=$((whole + 1)) ;;
  *) fail "round $round: half of it is in the store: $profiles" ;;
  esac
  check_eq "round $round: pairs in the kernel" "$(host_ends)" $((count + 1))
  check_eq "round $round: guest ends of the one document" \
    "$(in_ns host ip -o link | grep -c ": ${profiles}[0-9]*-e@" || true)" $count
  check_eq "round $round: all up" \
    "$(api GET /v1/vnics | jq '[.vnics[] | select(.oper == "up")] | length')" $count
  check_eq "round $round: links" "$(find "$bpffs/rw/v2/links" -type f | wc -l)" $count
  daemon_stop
done
echo "killed before the commit $none times, after it $whole times"
check "the stranger is untouched" test -n "$(ifindex host rw4000)"
