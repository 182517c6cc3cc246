#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Copies of group frames: one per location, with that location's tag, charged to everybody who
# lives there; never back unless another vNIC lives there; what a host that keeps its port gets.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 s2 s3 lan lan2 g1 g2
for n in "f1 s1" "f2 s2" "f3 s3" "up0 lan" "up1 lan2" "v1 g1" "v2 g2"; do
  read -r dev far <<<"$n"
  wire dir "$dev" "$far" e0 9216
done

# Segment 10: a and b behind f1 (native), c behind f2 (tagged), d alone behind f3 (native), local
# m and n. Segment 20: e behind f1, f behind f2, no uplink. Segment 30: h, k on an untagged uplink
# whose port the host keeps, as it keeps f3.
cat >"$work/m.json" <<'EOF'
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10},
          {"name":"f2","dev":"f2","role":"fabric"},
          {"name":"f3","dev":"f3","role":"fabric","native_segment":10,"host":"keep"},
          {"name":"up0","dev":"up0","role":"uplink"},
          {"name":"up1","dev":"up1","role":"uplink","host":"keep"}],
 "segments":[{"number":10,"uplink":"up0","vlan":100},
             {"number":20},
             {"number":30,"uplink":"up1"},
             {"number":40,"uplink":"up1","vlan":400}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1","mtu":9000},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f1","mtu":9000},
          {"name":"c/0","mac":"02:00:00:00:00:03","segment":10,"port":"f2","class":4,"mtu":9000},
          {"name":"d/0","mac":"02:00:00:00:00:04","segment":10,"port":"f3","mtu":9000,
           "trunk":true},
          {"name":"m/0","mac":"02:00:00:00:00:05","segment":10,"dev":"v1","mtu":9000},
          {"name":"n/0","mac":"02:00:00:00:00:06","segment":10,"dev":"v2","mtu":1500},
          {"name":"e/0","mac":"02:00:00:00:00:07","segment":20,"port":"f1","class":2},
          {"name":"f/0","mac":"02:00:00:00:00:08","segment":20,"port":"f2"},
          {"name":"h/0","mac":"02:00:00:00:00:09","segment":30,"port":"f1"},
          {"name":"k/0","mac":"02:00:00:00:00:0a","segment":40,"port":"f2"}]}
EOF
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"

# What the director's own stack gets is seen above the port, where the tag still is: on a
# macvlan that takes all its port gets.
hosts=0
if in_ns dir ip link add h1 link up1 type macvlan mode passthru 2>"$work/macvlan"; then
  in_ns dir ip link add h3 link f3 type macvlan mode passthru
  in_ns dir ip link add h0 link up0 type macvlan mode passthru
  for h in h0 h1 h3; do in_ns dir ip link set "$h" up; done
  hosts=1
else
  echo "no macvlan here: what the host gets is not checked"
fi
keep() { # FRAME...: the line for what the host gets
  [ $hosts = 0 ] || echo "want $*"
}
up1_mac=$(ip -n "$(ns dir)" -j link show up1 | jq -r ".[0].address")

{
  play_show dir "$bpffs/rw"
  for e in s1 s2 s3 lan lan2 g1 g2; do play_end $e $e e0; done
  [ $hosts = 0 ] || for e in h0 h1 h3; do play_end $e dir $e; done
  n=0
  for v in a b c d m n e f h k; do
    n=$((n + 1))
    echo "vnic $v $n"
    printf 'mac %s 02:00:00:00:00:%02x\n' "$v" "$n"
  done
  cat <<EOF
mac all ff:ff:ff:ff:ff:ff
mac group 33:33:00:00:00:16
mac outside 02:00:00:00:01:00
mac up1 $up1_mac

step from a: back to its port, where b lives
send s1 a>all
want s1 a>all
want s2 a>all vlan=10.0
want s3 a>all
want lan a>all vlan=100.0
want g1 a>all
want g2 a>all
pass a tx
pass b rx
pass c rx
pass d rx
pass m rx
pass n rx
step from c: not back, its class on every copy
send s2 c>group vlan=10.1
want s1 c>group
want s3 c>group
want lan c>group vlan=100.4
want g1 c>group
want g2 c>group
pass c tx
pass a rx
pass b rx
pass d rx
pass m rx
pass n rx
step from a local vNIC: not back to it
send g1 m>all
want s1 m>all
want s2 m>all vlan=10.0
want s3 m>all
want lan m>all vlan=100.0
want g2 m>all
pass m tx
pass a rx
pass b rx
pass c rx
pass d rx
pass n rx
step from the LAN: the receiver's class on the tag, one copy for a and b
send lan outside>group vlan=100.7
want s1 outside>group
want s2 outside>group vlan=10.4
want s3 outside>group
want g1 outside>group
want g2 outside>group
pass a rx
pass b rx
pass c rx
pass d rx
pass m rx
pass n rx
step without an uplink
send s1 e>all vlan=20.6
want s2 e>all vlan=20.2
pass e tx
pass f rx
step tagged in the native segment
send s1 b>all vlan=10.6 len=60
want s1 b>all len=60
want s2 b>all vlan=10.0 len=60
want s3 b>all len=60
want lan b>all vlan=100.0 len=60
want g1 b>all len=60
want g2 b>all len=60
pass b tx
pass a rx
pass c rx
pass d rx
pass m rx
pass n rx
step of three frames three copies each, in order of nothing lost
send s1 e>all vlan=20 x=50
want s2 e>all vlan=20.2 x=50
pass e tx x=50 bytes=5000
pass f rx x=50 bytes=5000
step jumbo: all but the one whose MTU is 1500
send s1 a>all len=9014
want s1 a>all len=9014
want s2 a>all vlan=10.0 len=9014
want s3 a>all len=9014
want lan a>all vlan=100.0 len=9014
want g1 a>all len=9014
pass a tx
pass b rx
pass c rx
pass d rx
pass m rx
drop n rx mtu
step jumbo from the LAN
send lan outside>group vlan=100 len=8999
want s1 outside>group len=8999
want s2 outside>group vlan=10.4 len=8999
want s3 outside>group len=8999
want g1 outside>group len=8999
pass a rx
pass b rx
pass c rx
pass d rx
pass m rx
drop n rx mtu
step jumbo from a local vNIC
send g1 m>all len=9014
want s1 m>all len=9014
want s2 m>all vlan=10.0 len=9014
want s3 m>all len=9014
want lan m>all vlan=100.0 len=9014
pass m tx
pass a rx
pass b rx
pass c rx
pass d rx
drop n rx mtu
step longer than everybody's MTU
send lan outside>all vlan=100 len=9015
drop a rx mtu
drop b rx mtu
drop c rx mtu
drop d rx mtu
drop m rx mtu
drop n rx mtu

step the host keeps f3: a copy for it, its tag intact
send s3 d>all vlan=10.5
want s1 d>all
want s2 d>all vlan=10.0
want lan d>all vlan=100.0
want g1 d>all
want g2 d>all
$(keep h3 "d>all vlan=10.5")
pass d tx
pass a rx
pass b rx
pass c rx
pass m rx
pass n rx
step the host keeps up1, untagged
send lan2 outside>all
want s1 outside>all vlan=30.0
$(keep h1 "outside>all")
pass h rx
step and tagged
send lan2 outside>group vlan=400.3
want s2 outside>group vlan=40.0
$(keep h1 "outside>group vlan=400.3")
pass k rx
step a VLAN that is no segment is the host's own
send lan2 outside>all vlan=99.1
$(keep h1 "outside>all vlan=99.1")
step reserved addresses too
send lan2 outside>01:80:c2:00:00:0e
$(keep h1 "outside>01:80:c2:00:00:0e")
step its own address
send lan2 outside>up1
$(keep h1 "outside>up1")
step nobody else's
send lan2 outside>02:00:00:00:07:07
portdrop up1 unknown
step a spoofed broadcast not even to the host
send s3 a>all
portdrop f3 spoof
EOF
} >"$work/scenario"
play <"$work/scenario"

# More group frames than a vNIC may send: what passed was counted, arrived once at each
# location, and is no more than the burst and the rate allow; unicast goes on.
received() { # NS: frames that came in
  ip -n "$(ns "$1")" -s -j link show e0 | jq '.[0].stats64.rx.packets'
}
count=20000
zeros=$(printf '00%.0s' $(seq 46))
s1_before=$(received s1) s2_before=$(received s2)
start=$(date +%s%N)
frames s1 send e0 "ffffffffffff0200000000078100001488b5$zeros" $count
spent=$(($(date +%s%N) - start))
sleep 0.3
passed=$(counter dir "$bpffs/rw" '.vnics[] | select(.number == 7).tx.yellow.packets')
passed=$((passed - 51))
limited=$(counter dir "$bpffs/rw" '.vnics[] | select(.number == 7) | .tx.drops["group-limit"] // 0')
check_eq "group limit: passed and dropped are all" $((passed + limited)) $count
allowed=$((1000 + spent / 100000 + 100))
check_between "group limit: what passed in $((spent / 1000000)) ms" "$passed" 1000 $allowed
check_eq "group limit: copies at f2" $(($(received s2) - s2_before)) "$passed"
check_eq "group limit: no copy back to f1" $(($(received s1) - s1_before)) 0
[ "$allowed" -ge $count ] || check_between "group limit: dropped" "$limited" 1 $count
