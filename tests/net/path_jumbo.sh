#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Unicast frames of 9,000 bytes and more between fabric ports, uplink and local vNICs, compared
# byte by byte; what is longer than the way out is dropped under the name mtu.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 s2 s3 lan g1 g2
wire dir f1 s1 e0 9220
wire dir f2 s2 e0 9220
wire dir f3 s3 e0 1500
wire dir up0 lan e0 9000
wire dir v1 g1 e0 9216
wire dir v2 g2 e0 1500
# The senders may send more than the way out carries.
for n in s3 lan g2; do ip -n "$(ns $n)" link set e0 mtu 9300; done

# An emulated machine cannot take as many at once.
burst=200
[ -z "${RACEWAY_VM_KERNEL:-}" ] || burst=20

cat >"$work/m.json" <<'EOF'
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10},
          {"name":"f2","dev":"f2","role":"fabric"},
          {"name":"f3","dev":"f3","role":"fabric","native_segment":10},
          {"name":"up0","dev":"up0","role":"uplink"}],
 "segments":[{"number":10,"uplink":"up0","vlan":100}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1","mtu":9216},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f2","mtu":9216},
          {"name":"c/0","mac":"02:00:00:00:00:03","segment":10,"port":"f2","mtu":9000},
          {"name":"d/0","mac":"02:00:00:00:00:04","segment":10,"port":"f3","mtu":9000},
          {"name":"m/0","mac":"02:00:00:00:00:05","segment":10,"dev":"v1","mtu":9216},
          {"name":"n/0","mac":"02:00:00:00:00:06","segment":10,"dev":"v2","mtu":1500},
          {"name":"t/0","mac":"02:00:00:00:00:07","segment":10,"port":"f2","mtu":1500,
           "trunk":true},
          {"name":"u/0","mac":"02:00:00:00:00:08","segment":10,"port":"f1","mtu":1500,
           "trunk":true},
          {"name":"v/0","mac":"02:00:00:00:00:09","segment":10,"port":"f2","mtu":1500,
           "trunk":true}]}
EOF
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"

{
  play_show dir "$bpffs/rw"
  for e in s1 s2 s3 lan g1 g2; do play_end $e $e e0; done
  n=0
  for v in a b c d m n t u v; do
    n=$((n + 1))
    echo "vnic $v $n"
    printf 'mac %s 02:00:00:00:00:%02x\n' "$v" "$n"
  done
  echo "mac outside 02:00:00:00:01:00"
  # Lengths around a page, where the kernel begins to use several buffers, and the largest.
  for len in 1514 1515 3000 3500 3520 3600 3776 3840 4000 4096 4110 8192 9014 9230; do
    cat <<EOF
step $len bytes, port to port
send s1 a>b len=$len
want s2 a>b vlan=10.0 len=$len
pass a tx
pass b rx
step $len bytes, back
send s2 b>a vlan=10 len=$len
want s1 b>a len=$len
pass b tx
pass a rx
step $len bytes, port to local vNIC
send s1 a>m len=$len
want g1 a>m len=$len
pass a tx
pass m rx
step $len bytes, local vNIC to port
send g1 m>b len=$len
want s2 m>b vlan=10.0 len=$len
pass m tx
pass b rx
EOF
  done
  cat <<'EOF'
step 9000 bytes of payload to the LAN
send s2 b>outside vlan=10 len=9014
want lan b>outside vlan=100.0 len=9014
pass b tx
step one more
send s2 b>outside vlan=10 len=9015
drop b tx mtu
step one more from a local vNIC
send g1 m>outside len=9015
drop m tx mtu
step 9000 from the LAN
send lan outside>c vlan=100 len=9014
want s2 outside>c vlan=10.0 len=9014
pass c rx
step to a local vNIC
send lan outside>m vlan=100 len=9014
want g1 outside>m len=9014
pass m rx
step one more than the vNIC's MTU
send s1 a>c len=9015
drop c rx mtu
step a port that carries 1500
send s1 a>d len=1514
want s3 a>d len=1514
pass a tx
pass d rx
step one more to it
send s1 a>d len=1515
drop d rx mtu
step jumbo to it
send s2 b>d vlan=10 len=9014
drop d rx mtu
step jumbo to it from a local vNIC
send g1 m>d len=9014
drop d rx mtu
step a local vNIC whose MTU is 1500
send s1 a>n len=1514
want g2 a>n len=1514
pass a tx
pass n rx
step one more to it
send s1 a>n len=1515
drop n rx mtu
EOF
  cat <<EOF
step many at once, in order of nothing lost
send s1 a>b len=9000 x=$burst
want s2 a>b vlan=10.0 len=9000 x=$burst
pass a tx x=$burst bytes=$((burst * 9000))
pass b rx x=$burst bytes=$((burst * 9000))
EOF
  cat <<'EOF'
step a trunk's tag does not count
send s2 t>v vlan=10 inner=7 len=1514
want s2 t>v vlan=10.0 inner=7 len=1514
pass t tx
pass v rx
step one more with it
send s2 t>v vlan=10 inner=7 len=1515
drop v rx mtu
step without it neither
send s2 t>v vlan=10 len=1515
drop v rx mtu
step to the LAN with it
send s2 t>outside vlan=10 inner=7 len=1514
want lan t>outside vlan=100.0 inner=7 len=1514
pass t tx
EOF
} >"$work/scenario"
play <"$work/scenario"

# The way out at MTU 1500: full frames with the segment's tag pass, as does nothing longer.
ip -n "$(ns dir)" link set f2 mtu 1504
ip -n "$(ns dir)" link set up0 mtu 1500
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
{
  play_show dir "$bpffs/rw"
  for e in s1 s2 lan; do play_end $e $e e0; done
  cat <<'EOF'
vnic a 1
vnic b 2
vnic t 7
vnic u 8
mac a 02:00:00:00:00:01
mac b 02:00:00:00:00:02
mac t 02:00:00:00:00:07
mac u 02:00:00:00:00:08
mac v 02:00:00:00:00:09
mac outside 02:00:00:00:01:00
step 1500 bytes of payload and two tags at MTU 1504
send s1 u>t vlan=10 inner=9 len=1514
want s2 u>t vlan=10.0 inner=9 len=1514
pass u tx
pass t rx
step the LAN's port carries 1500 and the segment's tag
send s1 a>outside len=1514
want lan a>outside vlan=100.0 len=1514
pass a tx
step but no inner tag more: dropped by name, not lost
send s2 t>outside vlan=10 inner=9 len=1514
drop t tx mtu
step unless it is shorter
send s2 t>outside vlan=10 inner=9 len=1510
want lan t>outside vlan=100.0 inner=9 len=1510
pass t tx
step jumbo
send s1 a>b len=9014
drop b rx mtu
EOF
} >"$work/scenario"
play <"$work/scenario"
