#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Local vNICs: GSO packets cross whole, in both directions and between guests, and are counted as
# the segments and bytes that they are on a wire.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 lan g1 g2
wire dir f1 s1 e0
wire dir up0 lan e0
wire dir v1 g1 e0
wire dir v2 g2 e0
set_mac s1 e0 02:00:00:00:00:01
set_mac g1 e0 02:00:00:00:00:02
set_mac g2 e0 02:00:00:00:00:03
set_mac lan e0 02:00:00:00:01:00
cat >"$work/m.json" <<'EOF'
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10},
          {"name":"up0","dev":"up0","role":"uplink"}],
 "segments":[{"number":10,"uplink":"up0"}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"dev":"v1"},
          {"name":"c/0","mac":"02:00:00:00:00:03","segment":10,"dev":"v2"}]}
EOF
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
n=0
for h in s1 g1 g2 lan; do
  n=$((n + 1))
  ip -n "$(ns $h)" addr add 10.0.0.$n/24 dev e0
  neighbours $h e0 10.0.0.1=02:00:00:00:00:01 10.0.0.2=02:00:00:00:00:02 \
    10.0.0.3=02:00:00:00:00:03 10.0.0.4=02:00:00:00:01:00
done

# TEXT FROM TO ADDR LEAST: bytes per packet that the receiver's interface sees
copy_whole() {
  local packets bytes
  packets=$(link_stat "$3" e0 rx packets)
  bytes=$(link_stat "$3" e0 rx bytes)
  tcp_copy "$1" "$2" "$3" "$4" 20000000
  packets=$(($(link_stat "$3" e0 rx packets) - packets))
  bytes=$(($(link_stat "$3" e0 rx bytes) - bytes))
  check_between "$1: bytes per packet at the receiver" $((bytes / packets)) "$5" 70000
}

before_tx=$(counted dir "$bpffs/rw" 2 tx packets) before_rx=$(counted dir "$bpffs/rw" 3 rx packets)
before_bytes=$(counted dir "$bpffs/rw" 3 rx bytes)
copy_whole "guest to guest" g1 g2 10.0.0.3 15000
packets=$(($(counted dir "$bpffs/rw" 3 rx packets) - before_rx))
bytes=$(($(counted dir "$bpffs/rw" 3 rx bytes) - before_bytes))
# 1,448 bytes of payload per segment, 66 of headers; retransmissions and window probes on top.
check_between "guest to guest: segments counted" $packets 13811 15000
check_between "guest to guest: bytes counted" $bytes $((20000000 + 13811 * 66)) 22000000
check_eq "guest to guest: sender and receiver count the same" \
  $(($(counted dir "$bpffs/rw" 2 tx packets) - before_tx)) $packets

# To a wire they leave as segments: what is counted is what the far end counts.
far=$(link_stat s1 e0 rx packets)
before_tx=$(counted dir "$bpffs/rw" 2 tx packets)
tcp_copy "guest to wire" g1 s1 10.0.0.1 20000000
check_eq "guest to wire: segments counted are those that arrived" \
  $(($(counted dir "$bpffs/rw" 2 tx packets) - before_tx)) $(($(link_stat s1 e0 rx packets) - far))
copy_whole "wire to guest: merged by GRO on the way" s1 g1 10.0.0.2 4000
copy_whole "LAN to guest: merged by GRO on the way" lan g2 10.0.0.3 4000
far=$(link_stat lan e0 rx packets)
before_tx=$(counted dir "$bpffs/rw" 3 tx packets)
tcp_copy "guest to LAN" g2 lan 10.0.0.4 5000000
check_eq "guest to LAN: segments counted are those that arrived" \
  $(($(counted dir "$bpffs/rw" 3 tx packets) - before_tx)) $(($(link_stat lan e0 rx packets) - far))

# Datagrams, exactly: 42 bytes of headers each, whether sent one by one or as GSO packets.
udp_counted() { # TEXT FROM TO ADDR FROM-VNIC|- TO-VNIC|- SIZE COUNT SEGMENTS
  local way
  local -A packets=() bytes=()
  for way in "$5 tx" "$6 rx"; do
    [ "${way%% *}" = - ] && continue
    # shellcheck disable=SC2086 # number and direction
    packets[$way]=$(counted dir "$bpffs/rw" $way packets)
    # shellcheck disable=SC2086
    bytes[$way]=$(counted dir "$bpffs/rw" $way bytes)
  done
  udp_copy "$1" "$2" "$3" "$4" "$7" "$8" "$9"
  for way in "${!packets[@]}"; do
    # shellcheck disable=SC2086
    check_eq "$1: packets of vNIC $way" \
      $(($(counted dir "$bpffs/rw" $way packets) - packets[$way])) "$8"
    # shellcheck disable=SC2086
    check_eq "$1: bytes of vNIC $way" \
      $(($(counted dir "$bpffs/rw" $way bytes) - bytes[$way])) $(($8 * ($7 + 42)))
  done
}
udp_counted "datagrams, guest to guest" g1 g2 10.0.0.3 2 3 700 2000 1
udp_counted "datagrams, guest to wire" g1 s1 10.0.0.1 2 1 1472 2000 1
udp_counted "datagrams, wire to guest" s1 g1 10.0.0.2 1 2 1472 2000 1
udp_counted "datagrams, LAN to guest" lan g1 10.0.0.2 - 2 60 2000 1
udp_counted "GSO datagrams, guest to guest" g1 g2 10.0.0.3 2 3 1400 4000 40
udp_counted "GSO datagrams, guest to wire" g1 s1 10.0.0.1 2 1 1400 4000 40
udp_counted "GSO datagrams, guest to LAN" g2 lan 10.0.0.4 3 - 1000 3000 30

check_eq "nothing was dropped" "$(counter dir "$bpffs/rw" \
  '[.vnics[] | .tx.drops, .rx.drops | .[]?] + [.drops[].packets] | add // 0')" 0
