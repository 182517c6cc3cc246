#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Nothing that was acknowledged is lost: the engine is killed under writes again and again, then
# initiators are gone under writes and come back as the same session. All is read back each time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/target.bash"

bytes=$((16 << 20))
me=iqn.2026-11.local.raceway:torture
kills=12 seconds_max=60 drop_s=5

torture() { # RESULT OPTION...: in the background
  local result=$1
  shift
  background in_ns san "$bin/tests/raceway-torture" -i $me "$@" \
    "iscsi://$target_address/$target_name/1" >"$result" 2>"$result.err"
  torture=$child
}

found() { # RESULT NAME: a number of the report
  jq -r ".$2" "$1"
}

judge() { # WHAT RESULT STATUS WRITES: at least so many
  check_eq "$1: status" "$3" 0
  check_eq "$1: lost" "$(found "$2" lost)" 0
  check_eq "$1: foreign" "$(found "$2" foreign)" 0
  check_eq "$1: refused" "$(found "$2" refused)" 0
  check_between "$1: writes" "$(found "$2" writes)" "$4" 1e9
  check_between "$1: writes with FUA" "$(found "$2" fua)" $(($4 / 10)) 1e9
  check_between "$1: unmaps" "$(found "$2" unmaps)" $(($4 / 20)) 1e9
  check_between "$1: syncs" "$(found "$2" syncs)" $(($4 / 100)) 1e9
  [ "$failures" -eq 0 ] || cat "$2" "$2.err" "$work/vhba.err" >&2
}

new_ns san
in_ns san ip addr add $target_address/32 dev lo
target_map data $bytes 1 $me
target_start

torture "$work/killed" -t $seconds_max
for _ in $(seq $kills); do
  sleep "0.$((RANDOM % 800 + 100))"
  target_kill
  target_start
done
kill "$torture"
status=0
wait "$torture" || status=$?
judge "killed" "$work/killed" $status 2000
check_between "killed under writes" "$(found "$work/killed" cut)" $((kills / 2)) $((kills + 1))

# The sessions of the first part ended with the engine; these end while it goes on.
target_kill
rm "$(target_file data)"
target_maps=()
target_map data $bytes 1 $me
target_start
torture "$work/dropped" -t $drop_s -d 150
status=0
wait "$torture" || status=$?
judge "dropped" "$work/dropped" $status 1000
check_between "dropped under writes" "$(found "$work/dropped" cut)" 8 1000
