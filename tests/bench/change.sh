#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A rate is changed while the daemon serves 32 and 1,024 vNICs: ms from the command line's start,
# and from a request on an open connection, to the kernel's table. Adds rows to FILE.
#   tests/bench/change.sh FILE
json=$(realpath "${1:?FILE}")
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/../net/lib.sh"
# shellcheck source=tests/net/daemon.bash
. "$top/tests/net/daemon.bash"

rw() {
  "$bin/raceway" --socket "$work/run/raceway.sock" "$@"
}

document() { # VNICS
  echo 'schema: 1'
  echo 'ports: [{name: up0, dev: up0, role: uplink}, {name: f1, dev: f1, role: fabric}]'
  echo 'segments: [{name: lan, uplink: up0}]'
  echo 'servers: [{name: s, port: [f1]}]'
  echo 'profiles: [{name: p, server: s, vnics: ['
  for i in $(seq "$1"); do echo "{name: n$i, segment: lan, tx_pir: 100mbit},"; done
  echo ']}]'
}

new_ns host lan srv
wire host up0 lan e0
wire host f1 srv e0
daemon_start
for vnics in 32 1024; do
  document "$vnics" >"$work/all.yaml"
  rw apply -f "$work/all.yaml" >/dev/null
  sleep 1
  in_ns host python3 -B "$top/tests/bench/change.py" --raceway "$bin/raceway" \
    --socket "$work/run/raceway.sock" --pins "$bpffs"/rw/v* --vnic p/n16 --vnics "$vnics" \
    --number "$(rw -j vnic show p/n16 | jq '.vnics[0].number')" --json "$json"
  check "$vnics vNICs: measured" grep -q "\"vnics\": $vnics" "$json"
done
