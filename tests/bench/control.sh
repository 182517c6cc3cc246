#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the control plane costs: 32 vNICs from the command line to traffic, and 48,000 objects of
# 1,000 servers held, listed, changed, resynced. Adds rows to FILE.
#   tests/bench/control.sh FILE
json=$(realpath "${1:?FILE}")
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/../net/lib.sh"
# shellcheck source=tests/net/daemon.bash
. "$top/tests/net/daemon.bash"

servers=1000
devices=48 # of each server; each in a segment of its own
ports=20   # fabric ports, with 50 servers each

measure() { # WHAT ARGS...
  in_ns host python3 -B "$top/tests/bench/control.py" --json "$json" --raceway "$bin/raceway" \
    --socket "$work/run/raceway.sock" --daemon "$daemon_pid" "$@"
}

new_ns host lan srv
wire host up0 lan e0
for i in $(seq "$ports"); do wire host "f$i" srv "e$i"; done

# 32 local vNICs, to the first frame of each at the other end of the uplink.
daemon_start
measure apply --lan "/run/netns/$(ns lan)" --dir "$work"
daemon_stop
rm -rf "$work/state" "$bpffs"/rw/*/links/*

daemon_start --max-vnics 65536 --pin-dir "$bpffs/many" --state-dir "$work/many"
measure fill --dir "$work" --servers "$servers" --devices "$devices" --ports "$ports"
measure list
in_ns host python3 -B "$top/tests/bench/change.py" --raceway "$bin/raceway" \
  --socket "$work/run/raceway.sock" --pins "$bpffs"/many/v* --vnic p500/n16 \
  --vnics $((servers * devices)) --json "$json" --changes 50 \
  --number "$("$bin/raceway" --socket "$work/run/raceway.sock" -j vnic show p500/n16 |
    jq '.vnics[0].number')"
daemon_stop
begin=$(date +%s%N)
daemon_start --max-vnics 65536 --pin-dir "$bpffs/many" --state-dir "$work/many"
measure resync --began "$begin" --dir "$work"
check "all is measured" test "$(jq '[.rows[] | select(.part == "control")] | length' "$json")" -ge 8
