#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# FUA and SYNCHRONIZE CACHE reach stable storage: the engine runs in User-mode Linux, its volumes
# on a disk there, and that machine is killed under writes. What it had not written to its disk is
# gone then, as with a power cut.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/target.bash"
. "$(dirname "$0")/../uml/run.bash"

me=iqn.2026-11.local.raceway:torture
cuts=3 seconds_max=90

machine_start() {
  rm -f "$work/ready"
  uml_start san tap0 "$top/tests/uml/target.sh" "ubd0=$work/disk" "target_run=$work" \
    "target_bin=$bin" "target_tools=$top/tests/net" "target_address=$target_address"
  await "$work/ready"
}

uml_ready || skip "linux.uml is missing: tools/deps installs it"
new_ns san
in_ns san ip tuntap add dev tap0 mode tap
in_ns san ip addr add 10.9.0.2/24 dev tap0
in_ns san ip link set tap0 up
mkdir -p "$work/seed/pool"
truncate -s 8M "$work/seed/pool/data.raw"
truncate -s 64M "$work/disk"
mkfs.ext4 -q -d "$work/seed" "$work/disk"
target_map data $((8 << 20)) 1 $me
target_pool=/srv/pool
target_configuration >"$work/vhba.json"
machine_start

background in_ns san "$bin/tests/raceway-torture" -p -t $seconds_max -i $me \
  "iscsi://$target_address/$target_name/1" >"$work/result" 2>"$work/result.err"
torture=$child
for _ in $(seq $cuts); do
  sleep "1.$((RANDOM % 1000))"
  uml_cut 2>/dev/null
  kill -USR1 "$torture"
  machine_start
done
kill "$torture"
status=0
wait "$torture" || status=$?
check_eq "status" "$status" 0
for what in lost foreign refused; do
  check_eq "$what" "$(jq ".$what" "$work/result")" 0
done
check_between "power cuts under writes" "$(jq .cut "$work/result")" $((cuts / 2)) 100
check_between "writes with FUA" "$(jq .fua "$work/result")" 200 1e9
check_between "syncs" "$(jq .syncs "$work/result")" 30 1e9
[ "$failures" -eq 0 ] || cat "$work/result" "$work/result.err" "$work/uml.console" >&2
