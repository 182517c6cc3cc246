#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# racewayd and the engine are killed (-9) at random moments while volumes are made, copied, grown
# and deleted: what was acknowledged is there, what was not is there as a whole or not at all.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

pool=$work/pool
mkdir "$pool"
rounds=${ROUNDS:-6}

rw() { "$bin/raceway" --socket "$work/run/raceway.sock" "$@" 2>>"$work/refused"; }

volumes() { rw -j volume show | jq -r '.volumes[] | .name + " " + .oper' | sort; }

# Changes one after the other; what was acknowledged is written down, in order.
churn() {
  local i=0
  while :; do
    i=$((i + 1))
    rw volume add "p/a$1-$i" size 1m && echo "+ p/a$1-$i"
    rw volume clone p/base "c$1-$i" && echo "+ p/c$1-$i"
    rw volume set "p/a$1-$i" size 2m && echo "= p/a$1-$i"
    [ $((i % 2)) -eq 1 ] && rw volume del "p/a$1-$i" && echo "- p/a$1-$i"
    [ $((i % 2)) -eq 0 ] && rw volume del "p/c$1-$i" && echo "- p/c$1-$i"
  done
}

new_ns host
daemon_start
rw san add p type pool path "$pool"
rw volume add p/base size 4m
head -c 4M /dev/urandom | dd of="$pool/base.raw" conv=notrunc status=none

# shellcheck disable=SC2317 # called by until_true
settled() { ! volumes | grep -qv ' up$'; }

for round in $(seq "$rounds"); do
  churn "$round" >>"$work/acknowledged" 2>/dev/null &
  churner=$!
  children+=("$churner")
  sleep "0.$((RANDOM % 8 + 2))"
  if [ $((round % 3)) -eq 0 ]; then
    kill -9 "$(engine_pid)"
    sleep 0.3
  fi
  kill -9 "$daemon_pid"
  wait "$daemon_pid" 2>/dev/null || true
  kill "$churner" 2>/dev/null || true
  wait "$churner" 2>/dev/null || true
  daemon_start
  until_true "round $round: all is whole" settled
done

# What was acknowledged, by the last word about each volume.
awk '{ last[$2] = $1 } END { for (v in last) print last[v], v }' "$work/acknowledged" >"$work/last"
volumes | cut -d ' ' -f 1 | sort >"$work/stored"
check_between "something happened" "$(wc -l <"$work/last")" "$rounds" 9999
missing=$(awk '$1 != "-" { print $2 }' "$work/last" | grep -v '^p/c' | sort | comm -23 - "$work/stored")
# A deletion that was cut off is done, or is not: only one per round can have been under way.
check_between "acknowledged volumes that are missing" "$(grep -c . <<<"$missing" || true)" 0 "$rounds"
back=$(awk '$1 == "-" { print $2 }' "$work/last" | sort | comm -12 - "$work/stored")
check_eq "deleted ones that are back" "$back" ""
sizes=$(awk '$1 == "=" { print $2 }' "$work/last" | sort | comm -12 - "$work/stored" | while read -r v; do
  [ "$(stat -c %s "$pool/${v#p/}.raw")" = 2097152 ] || echo "$v"
done)
check_eq "grown ones that are not" "$sizes" ""

# Files without a volume: only of an add or clone that was cut off. Copies are whole.
strangers=0
for f in "$pool"/*.raw; do
  v=p/$(basename "$f" .raw)
  if ! grep -qx "$v" "$work/stored"; then
    strangers=$((strangers + 1))
    check_not "$v: a deleted volume's file" grep -qxF -- "- $v" "$work/acknowledged"
  elif [[ $v = p/c* ]]; then
    check "$v is all of its origin" cmp -s "$f" "$pool/base.raw"
  fi
done
check_between "files without a volume" $strangers 0 "$rounds"
while read -r v; do
  check "the file of $v" test -e "$pool/${v#p/}.raw"
done <"$work/stored"
