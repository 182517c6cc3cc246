#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The three kinds of switching: veb delivers, vepa sends everything out and takes it back from a
# switch that hairpins, private keeps vNICs apart; what may come back and what may not.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 s2 lan g1
wire dir f1 s1 e0
wire dir f2 s2 e0
wire dir up0 lan e0
wire dir v0 g1 e0
set_mac s1 e0 02:00:00:00:00:11
set_mac s2 e0 02:00:00:00:00:13

# Segment 1 is veb, 2 is vepa, 3 is private, 4 is vepa without an uplink. In each segment vNIC 1
# and 2 live behind f1, 3 behind f2; in vepa 4 is local.
maps() {
  local vnics='' n=0 s v port
  for s in 1 2 3 4; do
    for v in 1 2 3; do
      port=f1
      [ $v = 3 ] && port=f2
      vnics+="{\"name\":\"s$s/$v\",\"mac\":\"02:00:00:00:00:$s$v\",\"segment\":$s,\"port\":\"$port\"},"
    done
  done
  vnics+="{\"name\":\"s2/4\",\"mac\":\"02:00:00:00:00:24\",\"segment\":2,\"dev\":\"v0\"}"
  cat <<EOF
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":$1},
          {"name":"f2","dev":"f2","role":"fabric","native_segment":$1},
          {"name":"up0","dev":"up0","role":"uplink"}],
 "segments":[{"number":1,"uplink":"up0","vlan":100,"switching":"veb"},
             {"number":2,"uplink":"up0","vlan":200,"switching":"vepa"},
             {"number":3,"uplink":"up0","vlan":300,"switching":"private"},
             {"number":4,"switching":"vepa"}],
 "vnics":[$vnics]}
EOF
}
maps 0 >"$work/m.json"
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"

{
  play_show dir "$bpffs/rw"
  play_end s1 s1 e0
  play_end s2 s2 e0
  play_end lan lan e0
  play_end g1 g1 e0
  n=0
  for s in 1 2 3 4; do
    for v in 1 2 3; do
      n=$((n + 1))
      echo "vnic $s$v $n"
      echo "mac $s$v 02:00:00:00:00:$s$v"
    done
  done
  cat <<'EOF'
vnic 24 13
mac 24 02:00:00:00:00:24
mac outside 02:00:00:00:01:00
mac all ff:ff:ff:ff:ff:ff

step veb: behind the same port
send s1 11>12 vlan=1
want s1 11>12 vlan=1.0
pass 11 tx
pass 12 rx
step veb: behind another port
send s1 11>13 vlan=1
want s2 11>13 vlan=1.0
pass 11 tx
pass 13 rx
step veb: no reflection
send lan 11>13 vlan=100
portdrop up0 reflected
step veb: no reflected broadcast
send lan 11>all vlan=100
portdrop up0 reflected
step veb: the LAN's broadcast
send lan outside>all vlan=100
want s1 outside>all vlan=1.0
want s2 outside>all vlan=1.0
pass 11 rx
pass 12 rx
pass 13 rx

step vepa: behind the same port, goes out
send s1 21>22 vlan=2
want lan 21>22 vlan=200.0
pass 21 tx
step vepa: and comes back
send lan 21>22 vlan=200
want s1 21>22 vlan=2.0
pass 22 rx
step vepa: behind another port
send s1 21>23 vlan=2
want lan 21>23 vlan=200.0
pass 21 tx
step vepa: and comes back there
send lan 21>23 vlan=200
want s2 21>23 vlan=2.0
pass 23 rx
step vepa: to a local vNIC, goes out
send s1 21>24 vlan=2
want lan 21>24 vlan=200.0
pass 21 tx
step vepa: and comes back to the local one
send lan 21>24 vlan=200
want g1 21>24
pass 24 rx
step vepa: from the local one
send g1 24>21
want lan 24>21 vlan=200.0
pass 24 tx
step vepa: broadcast goes out only
send s1 21>all vlan=2
want lan 21>all vlan=200.0
pass 21 tx
step vepa: comes back to everybody but its source, whose port has another vNIC
send lan 21>all vlan=200
want s1 21>all vlan=2.0
want s2 21>all vlan=2.0
want g1 21>all
pass 22 rx
pass 23 rx
pass 24 rx
step vepa: not to the port where the source is alone
send lan 23>all vlan=200
want s1 23>all vlan=2.0
want g1 23>all
pass 21 rx
pass 22 rx
pass 24 rx
step vepa: not to the local one that sent it
send lan 24>01:00:5e:00:00:05 vlan=200
want s1 24>01:00:5e:00:00:05 vlan=2.0
want s2 24>01:00:5e:00:00:05 vlan=2.0
pass 21 rx
pass 22 rx
pass 23 rx
step vepa: back to nobody
send lan 21>outside vlan=200
portdrop up0 unknown
step vepa: back in a VLAN of another segment
send lan 21>13 vlan=100
want s2 21>13 vlan=1.0
pass 13 rx
step vepa: without an uplink nowhere
send s1 41>43 vlan=4
drop 41 tx no-uplink
step vepa: broadcast without an uplink
send s1 41>all vlan=4
pass 41 tx
drop 41 tx no-uplink

step private: behind the same port
send s1 31>32 vlan=3
drop 31 tx private
step private: behind another port
send s1 31>33 vlan=3
drop 31 tx private
step private: to the LAN
send s1 31>outside vlan=3
want lan 31>outside vlan=300.0
pass 31 tx
step private: from the LAN
send lan outside>33 vlan=300
want s2 outside>33 vlan=3.0
pass 33 rx
step private: broadcast reaches the LAN only
send s1 31>all vlan=3
want lan 31>all vlan=300.0
pass 31 tx
step private: the LAN's broadcast reaches everybody
send lan outside>all vlan=300
want s1 outside>all vlan=3.0
want s2 outside>all vlan=3.0
pass 31 rx
pass 32 rx
pass 33 rx
step private: what the LAN sends back does not help
send lan 31>33 vlan=300
portdrop up0 reflected
step private: nor a broadcast
send lan 31>all vlan=300
portdrop up0 reflected
EOF
} >"$work/scenario"
play <"$work/scenario"

# A real switch that hairpins, and untagged hosts of the vepa segment.
maps 2 | sed 's/:21"/:91"/; s/:23"/:93"/; s/:11"/:21"/; s/:13"/:23"/; s/:91"/:11"/; s/:93"/:13"/' \
  >"$work/m2.json"
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m2.json"
ip -n "$(ns s1)" addr add 10.0.2.1/24 dev e0
ip -n "$(ns s2)" addr add 10.0.2.2/24 dev e0
check_not "vepa: without a switch nothing arrives" \
  in_ns s1 ping -q -c 2 -i 0.2 -W 1 10.0.2.2 >"$work/ping"
in_ns lan ip link add sw0 type bridge mcast_snooping 0
in_ns lan ip link set sw0 up
in_ns lan ip link set e0 master sw0
in_ns lan bridge link set dev e0 hairpin on
before=$(in_ns lan ip -s -j link show e0 | jq '.[0].stats64.rx.bytes')
tcp_copy "vepa: by a switch that hairpins" s1 s2 10.0.2.2 2000000
after=$(in_ns lan ip -s -j link show e0 | jq '.[0].stats64.rx.bytes')
check_between "vepa: all bytes went out by the uplink" "$((after - before))" 2000000 99999999
