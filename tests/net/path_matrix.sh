#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who reaches whom: tagged and untagged vNICs behind two fabric ports, three segments on one
# uplink. Frame by frame with all counters, then TCP byte by byte with offloads on and off.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 s2 lan
wire dir f1 s1 e0
wire dir f2 s2 e0
wire dir up0 lan e0
set_mac s1 e0 02:00:00:00:00:01
set_mac s2 e0 02:00:00:00:00:03
set_mac lan e0 02:00:00:00:01:00

# Segment 10 is VLAN 100 on the uplink, 20 is 200, 30 is untagged there, 40 has no uplink.
cat >"$work/m.json" <<'EOF'
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10},
          {"name":"f2","dev":"f2","role":"fabric"},
          {"name":"up0","dev":"up0","role":"uplink"}],
 "segments":[{"number":10,"uplink":"up0","vlan":100},
             {"number":20,"uplink":"up0","vlan":200},
             {"number":30,"uplink":"up0"},
             {"number":40}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":20,"port":"f1","class":3},
          {"name":"c/0","mac":"02:00:00:00:00:03","segment":10,"port":"f2","class":5},
          {"name":"d/0","mac":"02:00:00:00:00:04","segment":20,"port":"f2"},
          {"name":"e/0","mac":"02:00:00:00:00:05","segment":30,"port":"f2"},
          {"name":"f/0","mac":"02:00:00:00:00:03","segment":20,"port":"f1"},
          {"name":"g/0","mac":"02:00:00:00:00:07","segment":40,"port":"f1"},
          {"name":"h/0","mac":"02:00:00:00:00:08","segment":40,"port":"f2"},
          {"name":"i/0","mac":"02:00:00:00:00:09","segment":10,"port":"f1","class":7}]}
EOF
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"

# vNIC -> segment, end, tag at that end, class
declare -A segment=([a]=10 [b]=20 [c]=10 [d]=20 [e]=30 [f]=20 [g]=40 [h]=40 [i]=10)
declare -A at=([a]=s1 [b]=s1 [c]=s2 [d]=s2 [e]=s2 [f]=s1 [g]=s1 [h]=s2 [i]=s1)
declare -A class=([a]=0 [b]=3 [c]=5 [d]=0 [e]=0 [f]=0 [g]=0 [h]=0 [i]=7)
declare -A fabric_tag=([a]='' [b]=20 [c]=10 [d]=20 [e]=30 [f]=20 [g]=40 [h]=40 [i]='')
declare -A uplink_tag=([10]=100 [20]=200 [30]='')

tag() { # VID PCP: the frame's word for it, none for an untagged one
  [ -z "$1" ] || echo "vlan=$1.$2"
}

scenario() {
  play_show dir "$bpffs/rw"
  play_end s1 s1 e0
  play_end s2 s2 e0
  play_end lan lan e0
  local v n=0 x y same
  for v in a b c d e f g h i; do
    n=$((n + 1))
    echo "vnic $v $n"
    case $v in c | f) same=3 ;; *) same=$n ;; esac
    echo "mac $v 02:00:00:00:00:0$same"
  done
  echo "mac outside 02:00:00:00:01:00"
  for x in a b c d e f g h i; do
    for y in a b c d e f g h i; do
      [ "$x" = "$y" ] && continue
      # c and f have one address in two segments: it means the one in the sender's segment.
      case $y in
      c) [ "${segment[$x]}" = 20 ] && continue ;;
      f) [ "${segment[$x]}" != 20 ] && continue ;;
      esac
      echo "step $x to $y"
      echo "send ${at[$x]} $x>$y $(tag "${fabric_tag[$x]}" 1)"
      if [ "${segment[$x]}" = "${segment[$y]}" ]; then
        echo "want ${at[$y]} $x>$y $(tag "${fabric_tag[$y]}" "${class[$x]}")"
        echo "pass $x tx"
        echo "pass $y rx"
      elif [ "${segment[$x]}" = 40 ]; then
        echo "drop $x tx no-uplink"
      else
        # An address of another segment is an address of the LAN like any other.
        echo "want lan $x>$y $(tag "${uplink_tag[${segment[$x]}]}" "${class[$x]}")"
        echo "pass $x tx"
      fi
    done
    echo "step $x to the LAN"
    echo "send ${at[$x]} $x>outside $(tag "${fabric_tag[$x]}" 0) len=1514"
    if [ "${segment[$x]}" = 40 ]; then
      echo "drop $x tx no-uplink"
      continue
    fi
    echo "want lan $x>outside $(tag "${uplink_tag[${segment[$x]}]}" "${class[$x]}") len=1514"
    echo "pass $x tx"
    echo "step the LAN to $x"
    echo "send lan outside>$x $(tag "${uplink_tag[${segment[$x]}]}" 6) len=60"
    echo "want ${at[$x]} outside>$x $(tag "${fabric_tag[$x]}" "${class[$x]}") len=60"
    echo "pass $x rx"
  done
  echo "step a priority tag is no VLAN"
  echo "send s1 a>c vlan=0.6"
  echo "want s2 a>c vlan=10.0"
  echo "pass a tx"
  echo "pass c rx"
  echo "step nor on the uplink"
  echo "send lan outside>e vlan=0.6"
  echo "want s2 outside>e vlan=30.0"
  echo "pass e rx"
  echo "step the native segment may be tagged too, and comes back untagged"
  echo "send s1 a>i vlan=10.4"
  echo "want s1 a>i"
  echo "pass a tx"
  echo "pass i rx"
  echo "step untagged where no segment is native"
  echo "send s2 c>a"
  echo "portdrop f2 no-segment"
  for v in 100 200 10 20 ''; do
    for y in a d e h; do
      case $v-$y in 100-a | 200-d | -e) continue ;; esac
      echo "step the LAN in VLAN '$v' to $y"
      echo "send lan outside>$y $(tag "$v" 0)"
      case $v in
      10 | 20) echo "portdrop up0 no-segment" ;;
      *) echo "portdrop up0 unknown" ;;
      esac
    done
  done
}
scenario >"$work/scenario"
play <"$work/scenario"

# TCP: an untagged host, one that pushes VLAN 10 as a VLAN device would, and one in VLAN 100.
loader dir detach --pin-dir "$bpffs/rw"
vlan_host s2 e0 10
vlan_host lan e0 100
for n in s1=1 s2=3 lan=100; do
  ip -n "$(ns "${n%=*}")" addr add "10.0.10.${n#*=}/24" dev e0
done
hosts=(10.0.10.1=02:00:00:00:00:01 10.0.10.3=02:00:00:00:00:03 10.0.10.100=02:00:00:00:01:00)
for n in s1 s2 lan; do neighbours "$n" e0 "${hosts[@]}"; done

bytes_counted() { # VNIC-NUMBER tx|rx
  counter dir "$bpffs/rw" "[.vnics[] | select(.number == $1).$2 | .green, .yellow | .bytes] | add"
}

for offloads in on off; do
  for n in s1 s2 lan; do
    in_ns "$n" ethtool -K e0 tx "$offloads" tso "$offloads" gso "$offloads" \
      txvlan "$offloads" gro "$offloads" >/dev/null 2>&1 || true
  done
  loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
  before=$(bytes_counted 1 tx)
  tcp_copy "offloads $offloads: s1 to s2" s1 s2 10.0.10.3 3000000
  check_between "offloads $offloads: bytes counted" "$(($(bytes_counted 1 tx) - before))" \
    3000000 3600000
  tcp_copy "offloads $offloads: s2 to lan" s2 lan 10.0.10.100 3000000
  tcp_copy "offloads $offloads: lan to s1" lan s1 10.0.10.1 3000000
  if command -v iperf3 >/dev/null; then
    background in_ns s2 iperf3 -s -1 -B 10.0.10.3 -p 7002 >/dev/null
    for _ in $(seq 50); do
      in_ns s2 ss -ltn | grep -q :7002 && break
      sleep 0.1
    done
    in_ns lan iperf3 -c 10.0.10.3 -p 7002 -P 2 -n 2M -J >"$work/iperf" || true
    check_between "offloads $offloads: iperf3, bytes received" \
      "$(jq ".end.sum_received.bytes // 0" "$work/iperf")" 1500000 99999999
  fi
  check_eq "offloads $offloads: no port without its program" \
    "$(counter dir "$bpffs/rw" '[.ports[].mode] | unique | join(" ")')" native
  loader dir detach --pin-dir "$bpffs/rw"
done
