#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A profile moves between two servers of one director while the LAN pings it every millisecond and
# the old server goes on sending: the gap is short, the old place is fenced from the moment of the
# move on, and the LAN sees no frame but the vNIC's own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

GAP_MS=100 # the goal of the move as the LAN's ping sees it
mac=02:00:00:00:00:01

rw() {
  "$bin/raceway" --socket "$work/run/raceway.sock" "$@"
}

# Both servers play the vNIC, with its address and the segment's tag, as one does that does not
# know yet that its profile has gone.
new_ns host s1 s2 lan
wire host f1 s1 e0
wire host f2 s2 e0
wire host up0 lan e0
for n in s1 s2 lan; do vlan_tx $n e0; done
for n in s1 s2; do
  set_mac $n e0 $mac
  vlan_host $n e0 10
  ip -n "$(ns $n)" addr add 10.9.0.1/24 dev e0
done
vlan_host lan e0 100
ip -n "$(ns lan)" addr add 10.9.0.9/24 dev e0
lan_mac=$(ip -n "$(ns lan)" -j link show e0 | jq -r '.[0].address')
neighbours lan e0 10.9.0.1=$mac
for n in s1 s2; do neighbours $n e0 "10.9.0.9=$lan_mac"; done

daemon_start --role director
rw port add f1 dev f1 role fabric
rw port add f2 dev f2 role fabric
rw port add up0 dev up0 role uplink
rw segment add red number 10 uplink up0 vlan 100
rw server add A port f1
rw server add B port f2
rw profile add web
rw profile bind web server A
rw vnic add web/eth0 segment red mac $mac
until_true "the vNIC is up" oper_is /v1/vnics/web/eth0 up
check "the LAN reaches it at A" pings lan 10.9.0.1
sleep 1 # what announces the new vNIC is over

received() { # NS: packets
  link_stat "$1" e0 rx packets
}

arrived() { # NS COUNT
  [ "$(received "$1")" -ge "$2" ]
}

spoofed() { # PORT: frames dropped there
  counter host "$bpffs/rw" "[.drops[] | select(.dev == \"$1\" and .reason == \"spoof\") | .packets] | add // 0"
}

background in_ns lan python3 "$top/tests/net/frames.py" catch e0 100 "$work/listening" >"$work/caught"
catcher=$child
await "$work/listening"

in_ns lan ping -D -n -i 0.001 -c 2500 -W 1 10.9.0.1 >"$work/ping" &
pinger=$!
sleep 0.3
for to in "B s2" "A s1" "B s2" "A s1"; do
  read -r server n <<<"$to"
  there=$(received "$n")
  rw profile bind web server "$server"
  until_true "pings come to $server" arrived "$n" $((there + 100))
done
wait $pinger || true
read -r gap silence answers < <(awk -f "$top/tests/net/gaps.awk" "$work/ping")
echo "four moves: longest gap $gap ms, $answers of 2500 answered; no answer for $silence ms" \
  "on this machine"
check_between "the gap that a 1 ms ping sees" "$gap" 0 $GAP_MS
check_between "answers: all but what is in a gap" "$answers" $((2500 - 4 * GAP_MS)) 2500

# Fencing: A goes on sending; what it sent before the move arrives, what it sends later is
# dropped as spoof and counted, every single frame.
before=$(spoofed f1)
before_b=$(spoofed f2)
at_lan=$(received lan)
rm -f "$work/ready"
traffic lan udp-recv 10.9.0.9 7009 20 "$work/ready" >"$work/got" &
receiver=$!
await "$work/ready"
traffic s1 udp-send 10.9.0.9 7009 100 2000 2 >"$work/sent" &
sender=$!
until_true "A sends" arrived lan $((at_lan + 500))
rw profile bind web server B
wait $sender
wait $receiver
sent=$(cat "$work/sent")
read -r -a got <"$work/got"
dropped=$(($(spoofed f1) - before))
check_between "A sent before and after the move" "$sent" 2000 4000
check_between "what came through before the move" "${got[0]}" 490 $((sent - 500))
check_eq "nothing came through after the first that was dropped" "${got[2]} ${got[3]}" \
  "0 $((got[0] - 1))"
check_eq "all the rest is counted as spoof" "$dropped" $((sent - got[0]))
check_eq "B's port has nothing to complain of" "$(spoofed f2)" "$before_b"
at_a=$(received s1)
check "the LAN reaches it at B" pings lan 10.9.0.1
check_eq "A gets nothing any more" "$(received s1)" "$at_a"

# What the LAN saw: unicast IP of the vNIC with the VLAN's tag, and no other frame.
kill "$catcher"
wait "$catcher" 2>/dev/null || true
own=^${lan_mac//:/}${mac//:/}810000640800
check_between "frames that the LAN saw" "$(wc -l <"$work/caught")" 2500 10000
check_eq "frames that are not the vNIC's own" "$(grep -cvE "$own" "$work/caught" || true)" 0
