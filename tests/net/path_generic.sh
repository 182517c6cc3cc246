#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A port in generic mode: a tag that its sender keeps beside the frame is the frame's VLAN there
# as everywhere, and does not ride along unseen into somebody else's segment.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 s2 lan
wire dir f1 s1 e0
wire dir f2 s2 e0
wire dir up0 lan e0
cat >"$work/m.json" <<'EOT'
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10,"mode":"generic"},
          {"name":"f2","dev":"f2","role":"fabric","mode":"generic"},
          {"name":"up0","dev":"up0","role":"uplink","mode":"generic"}],
 "segments":[{"number":10,"uplink":"up0"},{"number":20,"uplink":"up0","vlan":200}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f2"},
          {"name":"v/0","mac":"02:00:00:00:00:03","segment":20,"port":"f2"}]}
EOT
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
for n in lan s2; do
  frames $n catch e0 3 "$work/ready-$n" >"$work/got-$n" &
  children+=($!)
  await "$work/ready-$n"
done
payload=$(printf 'aa%.0s' {1..60})
# As it should be: untagged from a, to the LAN and to b.
frames s1 send e0 "02000000ff0002000000000188b5$payload"
frames s1 send e0 "02000000000202000000000188b5$payload"
# The server turns its offload on again and pushes VLAN 200.
in_ns s1 ethtool -K e0 txvlan on
vlan_host s1 e0 200
frames s1 send e0 "02000000ff0002000000000188b5$payload" 3
frames s1 send e0 "02000000000202000000000188b5$payload" 3
for p in "${children[@]}"; do wait "$p"; done
children=()
check_eq "to the LAN" "$(cat "$work/got-lan")" "02000000ff0002000000000188b5$payload"
check_eq "to b" "$(cat "$work/got-s2")" "0200000000020200000000018100000a88b5$payload"
check_eq "counted" "$(counter dir "$bpffs/rw" '.drops[] | "\(.dev) \(.reason) \(.packets)"')" \
  "f1 no-segment 6"
