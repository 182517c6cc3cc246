# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The storage engine alone, as racewayd would drive it, for tests from outside: it serves the
# portal 10.9.0.1:3260 of the namespace `san`. Source it after lib.sh.
# shellcheck shell=bash disable=SC2154 # lib.sh sets work, bin, top

target_name=iqn.2026-11.local.raceway:test
target_address=10.9.0.1
target_pool=$work/pool
target_pid=
target_maps=() # JSON of each: volume, size, initiator, lun, and what else its vHBA has
mkdir -p "$target_pool"

target_end() {
  local status=$?
  [ -z "$target_pid" ] || { target_kill; } 2>/dev/null
  # An engine that was built with sanitizers.
  if grep -asE 'runtime error:|ERROR: [A-Za-z]*Sanitizer' "$work/vhba.err" >&2; then
    fail "a sanitizer complains about the engine"
  fi
  (exit "$status")
  finish
}
trap target_end EXIT

target_file() { # VOLUME
  echo "$target_pool/$1.raw"
}

# VOLUME BYTES LUN INITIATOR [WORDS]: a volume and who sees it, one vHBA for each initiator. WORDS
# are more members of the vHBA in JSON.
target_map() {
  [ -e "$(target_file "$1")" ] || truncate -s "$2" "$(target_file "$1")"
  target_maps+=("$(jq -cn --arg volume "$1" --argjson size "$2" --argjson lun "$3" \
    --arg initiator "$4" --argjson words "${5:-{\}}" \
    '{volume: $volume, size: $size, lun: $lun, initiator: $initiator, words: $words}')")
}

target_configuration() {
  printf '%s\n' "${target_maps[@]}" | jq -cs --arg target $target_name --arg pool "$target_pool" \
    --arg address "$target_address:3260" '{
      op: "configure", target: $target,
      sans: [{name: "pool", type: "pool", path: $pool}],
      portals: [{name: "portal", address: $address, transport: "iscsi", group: 1}],
      volumes: (group_by(.volume) | to_entries | map(.value[0] + {key}) | map({
        name: ("pool/" + .volume), size, id: ("00000000000000" + (.key + 16 | tostring))})),
      vhbas: (group_by(.initiator) | to_entries | map({
        name: "v/\(.key)", san: "pool", initiator: .value[0].initiator, auth: "none",
        wwpn: ("30000000000000" + (.key + 16 | tostring)),
        wwnn: ("20000000000000" + (.key + 16 | tostring)),
        luns: (.value | map({lun, volume: ("pool/" + .volume)}))} + .value[0].words))}'
}

target_ask() { # REQUEST...: the answers
  python3 -B "$top/tests/net/vhba_control.py" "$work/vhba/vhba.sock" --netns "$(ns san)" "$@"
}

target_start() {
  mkdir -p "$work/vhba" "$work/vhba-state"
  : >"$work/vhba.out"
  background "$bin/raceway-vhba" --foreground --run-dir "$work/vhba" \
    --state-dir "$work/vhba-state" >"$work/vhba.out" 2>>"$work/vhba.err"
  target_pid=$child
  for _ in $(seq 200); do
    grep -q '^ready$' "$work/vhba.out" && break
    sleep 0.02
  done
  target_configuration >"$work/vhba.json"
  if ! target_ask "@$work/vhba.json" \
    "{\"op\":\"listen\",\"portal\":\"portal\",\"address\":\"$target_address:3260\"}" \
    >"$work/vhba.answers" || ! jq -es 'all(.problems // [] | length == 0)' <"$work/vhba.answers" >/dev/null; then
    fail "the engine: $(cat "$work/vhba.answers" "$work/vhba.err")"
    exit 1
  fi
}

target_kill() {
  kill -KILL "$target_pid"
  wait "$target_pid" 2>/dev/null || true
}

target_grow() { # VOLUME BYTES
  local i
  for i in "${!target_maps[@]}"; do
    target_maps[i]=$(jq -c --arg volume "$1" --argjson size "$2" \
      'if .volume == $volume then .size = $size else . end' <<<"${target_maps[i]}")
  done
  target_configuration >"$work/vhba.json"
  target_ask "{\"op\":\"resize\",\"volume\":\"pool/$1\",\"type\":\"pool\",\"path\":\"$target_pool\",\"size\":$2}" \
    "@$work/vhba.json" >"$work/vhba.answers" || fail "grow: $(cat "$work/vhba.answers")"
}
