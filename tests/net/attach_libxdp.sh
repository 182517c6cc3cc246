#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `attach libxdp`: beside another libxdp program where the kernel has a dispatcher, alone where
# it has none; attached twice, upgraded under traffic, detached without touching the other.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

command -v xdp-loader >/dev/null || skip "no xdp-loader"
# libxdp keeps its dispatchers there and nowhere else.
mount -t bpf bpf /sys/fs/bpf

new_ns dir s1 s2
wire dir f1 s1 e0
wire dir f2 s2 e0
set_mac s1 e0 02:00:00:00:00:01
set_mac s2 e0 02:00:00:00:00:02
ip -n "$(ns s1)" addr add 10.0.0.1/24 dev e0
ip -n "$(ns s2)" addr add 10.0.0.2/24 dev e0
# No ARP while frames are counted.
ip -n "$(ns s1)" neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 nud permanent dev e0
ip -n "$(ns s2)" neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 nud permanent dev e0
cat >"$work/m.json" <<X
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10,"attach":"libxdp"},
          {"name":"f2","dev":"f2","role":"fabric","native_segment":10}],
 "segments":[{"number":10}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f2"}]}
X

# Somebody else's program, which runs before ours and passes everything.
other=$bin/tests/net/other.bpf.o
[ -f "$other" ] || other=$top/build/tests/net/other.bpf.o

others() { # how many of its programs libxdp sees on f1
  in_ns dir xdp-loader status f1 | grep -c "$1" || true
}

on_f1() { # whether any XDP program is on f1
  ip -n "$(ns dir)" -j link show f1 | jq -r 'if .[0].xdp then "yes" else "no" end'
}

dispatcher=no
if in_ns dir xdp-loader load -m native f1 "$other" 2>"$work/err" &&
  [ "$(others xdp_dispatcher)" -eq 1 ]; then
  dispatcher=yes
else
  in_ns dir xdp-loader unload f1 --all 2>/dev/null || true
fi
echo "dispatcher: $dispatcher"

if [ "$dispatcher" = yes ]; then
  # `attach link` must refuse what is somebody else's, and leave it alone.
  sed 's/,"attach":"libxdp"//' "$work/m.json" >"$work/link.json"
  check_not "attach link beside another's program" \
    loader dir attach --pin-dir "$bpffs/rw" --maps "$work/link.json"
  check_eq "the other one stays" "$(others other_pass)" 1
fi

# One port alone has no use for XDP: the other one stays, ours comes with the second port.
check "attach one port" loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json" dev f1
check_eq "one port: ours is not there" "$(others raceway_xdp)" 0
check_eq "one port: nor any but the other" "$(on_f1)" "$([ $dispatcher = yes ] && echo yes || echo no)"
[ "$dispatcher" = no ] || check_eq "one port: the other one is" "$(others other_pass)" 1
check_eq "one port: it is said" \
  "$(counter dir "$bpffs/rw" '.ports[] | select(.dev == "f1") | "\(.attached) \(.mode) \(.xdp)"')" \
  "true native idle"
check "attach" loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
check_eq "two ports: it is said" \
  "$(counter dir "$bpffs/rw" '[.ports[].xdp] | join(" ")')" "attached attached"
[ "$dispatcher" = no ] || {
  check_eq "ours is in the dispatcher" "$(others raceway_xdp)" 1
  check_eq "the other one too" "$(others other_pass)" 1
}
check "ping" in_ns s1 ping -c 3 -i 0.1 -W 2 -q 10.0.0.2
check "attach again" loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
check_eq "still one pin" "$(find "$bpffs/rw/v2/links" -name 'libxdp-*' | wc -l)" 1

before=$(counter dir "$bpffs/rw" '.vnics[0].tx.yellow.packets')
in_ns s1 ping -q -i 0.01 -c 100 -W 2 10.0.0.2 >"$work/ping"
after=$(counter dir "$bpffs/rw" '.vnics[0].tx.yellow.packets')
check_eq "no frame is judged twice" "$((after - before))" 100

check "detach the second port" loader dir detach --pin-dir "$bpffs/rw" dev f2
check_eq "one port again: ours has gone" "$(others raceway_xdp)" 0
check_eq "one port again: any but the other" "$(on_f1)" "$([ $dispatcher = yes ] && echo yes || echo no)"
[ "$dispatcher" = no ] || check_eq "one port again: the other one stays" "$(others other_pass)" 1
check "detach" loader dir detach --pin-dir "$bpffs/rw"
check_eq "nothing of ours left" "$(others raceway_xdp)" 0
[ "$dispatcher" = no ] || check_eq "the other one stays after detach" "$(others other_pass)" 1
check_eq "no pin left" "$(find "$bpffs/rw/v2/links" -type f | wc -l)" 0

# A program that is not libxdp's comes to the idle port: the second port is refused for it.
in_ns dir xdp-loader unload f1 --all 2>/dev/null || true
check "one port" loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json" dev f1
in_ns dir ip link set dev f1 xdpdrv obj "$other" sec xdp.frags
if loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json" dev f2 2>"$work/err"; then
  fail "the second port is attached beside another's program"
fi
check "it says where: $(cat "$work/err")" grep -q "port f2: .*first.*f1" "$work/err"
check_eq "no program on the second" \
  "$(ip -n "$(ns dir)" -j link show f2 | jq '.[0].xdp // "none"' -r)" none
check_eq "the first is idle still" \
  "$(counter dir "$bpffs/rw" '.ports[] | select(.dev == "f1") | "\(.attached) \(.xdp)"')" "true idle"
in_ns dir ip link set dev f1 xdpdrv off
check "free again" loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json" dev f2
check "ping" in_ns s1 ping -c 3 -i 0.1 -W 2 -q 10.0.0.2
loader dir detach --pin-dir "$bpffs/rw"
umount /sys/fs/bpf
