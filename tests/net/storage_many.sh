#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A thousand vHBAs logged in at once, each reading: all get their share, memory stays bounded, and
# whoever does not belong is still refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/target.bash"

count=1000 seconds=4
bytes=$((16 << 20))

target_configuration() { # one volume, in the hands of all
  jq -cn --arg target $target_name --arg pool "$target_pool" --argjson count $count \
    --argjson size $bytes --arg address "$target_address:3260" '
    def hex4: [range(3; -1; -1) as $i | ((. / pow(16; $i) | floor) % 16)] |
      map("0123456789abcdef"[.:. + 1]) | join("");
    {
      op: "configure", target: $target,
      sans: [{name: "pool", type: "pool", path: $pool}],
      portals: [{name: "portal", address: $address, transport: "iscsi"}],
      volumes: [{name: "pool/data", size: $size, id: "0000000000000001"}],
      vhbas: [range($count) | {
        name: "v/\(.)", san: "pool", auth: "none", wwpn: ("300000000000" + hex4),
        wwnn: ("200000000000" + hex4), luns: [{lun: 1, volume: "pool/data"}]}]}'
}

resident_mib() {
  awk '/^VmHWM:/ { print $2 / 1024 }' "/proc/$target_pid/status"
}

new_ns san
in_ns san ip addr add $target_address/32 dev lo
truncate -s $bytes "$(target_file data)"
target_start
status=0
in_ns san "$bin/tests/storage-many" $count $seconds 3000000000000000 \
  "iscsi://$target_address/$target_name/1" >"$work/many" 2>"$work/many.err" || status=$?
check_eq "status" $status 0
found() {
  tail -n 1 "$work/many" | jq ".$1"
}
check_eq "logged in" "$(found sessions)" $count
check_eq "reads that failed" "$(found failed)" 0
check_between "their memory, MiB" "$(resident_mib)" 5 100
check_between "reads of the least favoured, of the mean" \
  "$(tail -n 1 "$work/many" | jq ".least * $count / .ios")" 0.5 1
in_ns san "$bin/tests/storage-many" 1 1 300000000000ffff \
  "iscsi://$target_address/$target_name/1" >"$work/stranger" 2>&1 || true
check_eq "an unknown name" "$(tail -n 1 "$work/stranger" | jq .sessions)" 0
check_eq "sessions that are left" \
  "$(target_ask '{"op":"status"}' | jq '[.vhbas // [] | .[].sessions | length] | add // empty')" 0
[ "$failures" -eq 0 ] || cat "$work/many" "$work/many.err" "$work/vhba.err" >&2
