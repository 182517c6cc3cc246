#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who comes to a new place on the LAN's side is announced there by RARP, as QEMU announces a guest:
# exactly these frames, so often, with this tag, out of this uplink. What does not move is not
# announced: not by a move inside the director, not by a restart, a crash or a reload.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

ROUNDS=5
WINDOW=2 # seconds; the last round is due 0.8 s after the change
MANY=256
mac0=02:00:00:00:00:10
mac1=02:00:00:00:00:11

rw() {
  "$bin/raceway" --socket "$work/run/raceway.sock" "$@"
}

# As systemd starts it: no CAP_NET_RAW.
printf '#!/bin/sh\nexec setpriv --inh-caps=-all --bounding-set=%s %s "$@"\n' \
  -all,+bpf,+perfmon,+net_admin,+chown,+sys_admin "$bin/racewayd" >"$work/few"
chmod +x "$work/few"
daemon_bin=$work/few

rarp() { # MAC [VID]: the frame, in hex
  local m=${1//:/} tag=
  [ $# -lt 2 ] || printf -v tag 8100%04x "$2"
  printf 'ffffffffffff%s%s8035000108000604%s%s00000000%s00000000%036d' "$m" "$tag" 0003 "$m" "$m" 0
}

listen() { # what arrives at the far ends from now on
  local f
  rm -f "$work"/listens-*
  catchers=()
  for f in lan-e0 lan-e1 s1-e0 s2-e0; do
    background in_ns "${f%-*}" python3 "$top/tests/net/frames.py" catch "${f#*-}" 120 "$work/listens-$f" >"$work/heard-$f"
    catchers+=("$child")
  done
  for f in lan-e0 lan-e1 s1-e0 s2-e0; do await "$work/listens-$f"; done
}

heard() { # DESCRIPTION FAR-END [FRAME]...: each frame ROUNDS times and nothing else
  local what=$1 where=$2
  shift 2
  check_eq "$what: $where" "$(sort "$work/heard-$where" | uniq -c | awk '{ print $1, $2 }')" \
    "$([ $# -eq 0 ] || printf "$ROUNDS %s\n" "$@" | sort -k 2)"
}

silent() { # DESCRIPTION [FAR-END]...: none of them has heard anything
  local what=$1 where
  shift
  for where; do heard "$what" "$where"; done
}

over() { # what was changed is announced by now
  sleep "${1:-$WINDOW}"
  kill "${catchers[@]}"
  wait "${catchers[@]}" 2>/dev/null || true
}

new_ns host s1 s2 lan g
wire host f1 s1 e0
wire host f2 s2 e0
wire host up0 lan e0
wire host up1 lan e1
for n in "s1 e0" "s2 e0" "lan e0" "lan e1"; do
  read -r n dev <<<"$n"
  vlan_tx "$n" "$dev"
done
daemon_start --role director
for p in "f1 fabric" "f2 fabric" "up0 uplink" "up1 uplink"; do
  read -r p role <<<"$p"
  rw port add "$p" dev "$p" role "$role"
done
rw segment add red number 10 uplink up0 vlan 100
rw segment add plain number 20 uplink up1
rw segment add inside number 30
rw server add A port f1
rw server add B port f2
rw profile add web
rw vnic add web/eth0 segment red mac $mac0
rw vnic add web/eth1 segment plain mac $mac1
rw vnic add web/eth2 segment inside mac 02:00:00:00:00:12

listen
rw profile bind web server A
over
heard "bound for the first time" lan-e0 "$(rarp $mac0 100)"
heard "bound for the first time, untagged" lan-e1 "$(rarp $mac1)"
silent "bound for the first time" s1-e0 s2-e0

listen
rw profile bind web server B
rw vnic set web/eth0 tx-pir 100mbit description x
rw segment set inside switching private
over
silent "moved inside the director" lan-e0 lan-e1 s1-e0 s2-e0

listen
daemon_stop TERM
daemon_start --role director
daemon_stop KILL
daemon_start --role director
kill -HUP "$daemon_pid"
in_ns host ip link set dev up0 alias something
over
silent "restart, crash and reload" lan-e0 lan-e1 s1-e0 s2-e0

listen
rw segment set red vlan 101
over
heard "another VLAN" lan-e0 "$(rarp $mac0 101)"
silent "another VLAN" lan-e1 s1-e0 s2-e0

listen
rw segment set plain uplink up0 vlan 200
over
heard "another uplink" lan-e0 "$(rarp $mac1 200)"
silent "another uplink" lan-e1 s1-e0 s2-e0

listen
rw profile unbind web
sleep 0.3
rw profile bind web server A
over
heard "bound again" lan-e0 "$(rarp $mac0 101)" "$(rarp $mac1 200)"
silent "bound again" lan-e1 s1-e0 s2-e0

listen
rw vnic set web/eth1 state down
rw vnic set web/eth0 mac 02:00:00:00:00:1f
over
mac0=02:00:00:00:00:1f
heard "another address, and one that goes down" lan-e0 "$(rarp $mac0 101)"

# A vNIC of this machine: its addresses can be read, so its neighbours need not ask anew. Its own
# system speaks, too, once it has an IPv6 address: only what is announced is looked at.
rw segment add own number 40 uplink up1 vlan 300
rw profile add local
rw profile bind local server local
rw vnic add local/eth0 segment own netns "$(ns g)" mac 02:00:00:00:00:22
in_ns g sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0 net.ipv6.conf.eth0.accept_dad=0
ip -n "$(ns g)" addr flush dev eth0
ip -n "$(ns g)" addr add 10.9.0.5/24 dev eth0
ip -n "$(ns g)" addr add 2001:db8::5/64 dev eth0
sleep $WINDOW
announced_are() { # DESCRIPTION FRAME...: each ROUNDS times
  local what=$1 frame
  shift
  for frame; do
    check_eq "$what: ${frame:24:12}" "$(grep -c "^$frame$" "$work/heard-lan-e1")" $ROUNDS
  done
}

m=020000000022
ip4=0a090005
ip6=20010db8000000000000000000000005
garp() { # VID in hex
  printf 'ffffffffffff%s8100%s08060001080006040001%s%s000000000000%s%036d' $m "$1" $m $ip4 $ip4 0
}
na() { # VID FLAGS: any checksum; the unit tests look at that
  printf '333300000001%s8100%s86dd6000000000203aff%sff020000000000000000000000000001' $m "$1" $ip6
  printf '8800....%s000000%s0201%s' "$2" $ip6 $m
}
listen
rw segment set own vlan 301
over
announced_are "a vNIC of this machine" "$(rarp 02:00:00:00:00:22 301)" "$(garp 012d)" "$(na 012d 20)"
in_ns g sysctl -qw net.ipv6.conf.eth0.forwarding=1
listen
rw segment set own vlan 302
over
announced_are "a router" "$(rarp 02:00:00:00:00:22 302)" "$(garp 012e)" "$(na 012e a0)"
rw profile unbind local

# A cable that is not there yet.
ip -n "$(ns lan)" link set e0 down
until_true "no carrier" oper_is /v1/ports/up0 "no carrier"
rw vnic set web/eth1 state up
sleep 1.2
listen
ip -n "$(ns lan)" link set e0 up
over
heard "announced when the cable is there" lan-e0 "$(rarp $mac1 200)"

# Another director with this one's profiles: its tables know nobody.
daemon_stop KILL
loader host detach --pin-dir "$bpffs/rw" 2>>"$work/detach.err"
listen
daemon_start --role director --pin-dir "$bpffs/other"
over
heard "a director that takes over" lan-e0 "$(rarp $mac0 101)" "$(rarp $mac1 200)"
silent "a director that takes over" lan-e1 s1-e0 s2-e0

# An announcement that a switch sends back is what any group frame of a vNIC is that comes back:
# a segment that expects it takes it, to nobody's harm.
rw segment set red switching vepa
frames lan send e0 "$(rarp $mac0 101)" 3
sleep 0.2
check_eq "it comes back" "$(counter host "$bpffs/other" \
  '[.drops[] | select(.reason == "reflected") | .packets] | add // 0')" 0
rw segment set red switching veb

# Many at once: everybody as often, and no more.
{
  echo '{"schema":1,"profiles":[{"name":"many","server":"B","vnics":['
  for i in $(seq $MANY); do
    [ "$i" -eq 1 ] || echo ,
    printf '{"name":"v%d","segment":"red","mac":"02:00:00:00:02:%02x"}' "$i" $((i - 1))
  done
  echo ']}]}'
} >"$work/many.json"
listen
rw apply -f "$work/many.json" >"$work/applied"
over 3
check_eq "many at once: frames" "$(wc -l <"$work/heard-lan-e0")" $((MANY * ROUNDS))
check_eq "many at once: everybody $ROUNDS times" \
  "$(sort "$work/heard-lan-e0" | uniq -c | awk -v r=$ROUNDS '$1 == r' | wc -l)" $MANY
check_eq "no error" "$(grep -c . "$work/daemon.err" || true)" 0

