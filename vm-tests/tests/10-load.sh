#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every program loads on this kernel, attaches by tcx or clsact as the kernel has it, moves a
# ping in both directions between two fabric ports, and leaves nothing behind.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)

cd "$top"
cat >"$TMPDIR/load.sh" <<EOF2
. "$top/tests/net/lib.sh"
new_ns dir s1 s2
wire dir f1 s1 e0
wire dir f2 s2 e0
set_mac s1 e0 02:00:00:00:00:01
set_mac s2 e0 02:00:00:00:00:02
cat >"\$work/m.json" <<X
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10},
          {"name":"f2","dev":"f2","role":"fabric","native_segment":10}],
 "segments":[{"number":10}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f2"}]}
X
loader dir attach --pin-dir "\$bpffs/rw" --maps "\$work/m.json"
ip -n "\$(ns s1)" addr add 10.0.0.1/24 dev e0
ip -n "\$(ns s2)" addr add 10.0.0.2/24 dev e0
check "ping through XDP" in_ns s1 ping -c 5 -i 0.2 -W 2 -q 10.0.0.2
ls "\$bpffs/rw/v2/links"
case "\${RACEWAY_VM_KERNEL:-}" in
6.1) check_eq "clsact here" "\$(ls "\$bpffs/rw/v2/links" | grep -c clsact)" 2 ;;
6.12) check_eq "tcx here" "\$(ls "\$bpffs/rw/v2/links" | grep -c tcx)" 2 ;;
esac
check_eq "counted" "\$(counter dir "\$bpffs/rw" '[.vnics[].rx.yellow.packets] | min >= 5')" true
loader dir detach --pin-dir "\$bpffs/rw"
check_eq "no links left" "\$(ls "\$bpffs/rw/v2/links" | wc -l)" 0
EOF2
exec bash "$TMPDIR/load.sh"
