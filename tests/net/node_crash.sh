#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kill -9 of the director's and of the server's daemon while 1,000 pings a second run and profiles
# change: nothing of an unchanged vNIC is lost, no acknowledged change is, nothing is half done; a
# server starts without its director as it was.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/node.bash
. "$(dirname "$0")/node.bash"

node_scene 1
node_lan 10.1.0.100
new_ns g
rw d profile add web
rw d vnic add web/eth0 segment red netns "$(ns g)"
rw d profile bind web server s1
enroll s1
until_true "web is up" is d vnic web/eth0 .oper up
ip -n "$(ns g)" addr add 10.1.0.1/24 dev eth0
until_true "and reached" pings lan 10.1.0.1
index=$(ip -n "$(ns g)" -j link show eth0 | jq '.[0].ifindex')

# Counted at the far end: what the ping itself loses on a busy machine is not the vNIC's.
echoes() {
  in_ns g grep "^Icmp: [0-9]" /proc/net/snmp | cut -d " " -f 10
}
seen=$(echoes)
background in_ns lan ping -q -i 0.002 -w 170 10.1.0.1 >"$work/ping" 2>&1
client=$child # ping itself: a shell between would keep the signal to itself

# The server: killed in the middle of a delivery, twice. What was acknowledged comes.
for i in 1 2; do
  rw d profile add "p$i"
  rw d vnic add "p$i/a" segment inside ifname "a$i"
  rw d vnic add "p$i/b" segment inside ifname "b$i"
  rw d profile bind "p$i" server s1
  sleep "0.0$((i * 17 % 10))"
  node_stop s1 KILL
  a=$(in_ns s1 ip -o link show 2>/dev/null | grep -c ": a$i@" || true)
  restart s1
  until_true "p$i is whole after a kill that left $a interfaces" is d vnic "p$i/b" .oper up
  until_true "all of it" is d vnic "p$i/a" .oper up
done

# The director: killed right after a change that was acknowledged.
rw d vnic set "p1/a" mtu 1301
node_stop d KILL
node_start d --role director --listen 0.0.0.0:7471
until_true "s1 is back" is d server s1 .connected true
until_true "the change reached the server" is s1 vnic "p1/a" .mtu 1301
until_true "it is up" is d vnic "p1/a" .oper up

kill -INT $client || true
wait $client || true
sent=$(awk '/transmitted/ { print $1 }' "$work/ping")
answered=$(awk '/received/ { print $4 }' "$work/ping")
echo "3 kills: sent $sent, arrived $(($(echoes) - seen)), answered $answered"
check_between "there was traffic" "$sent" 100 1000000
check_eq "all arrived" $(($(echoes) - seen)) "$sent"
check_eq "all were answered" "$answered" "$sent"
check_eq "the interface is the same" \
  "$(ip -n "$(ns g)" -j link show eth0 | jq '.[0].ifindex')" "$index"

# Without its director the server starts as it was.
node_stop d KILL
node_stop s1 KILL
ip -n "$(ns g)" link del eth0
restart s1
check "made from its own store" test -n "$(ip -n "$(ns g)" -o link show eth0)"
check_eq "it says what it lacks" "$(value s1 server local .connected)" false
ip -n "$(ns g)" addr add 10.1.0.1/24 dev eth0
until_true "traffic without any director's daemon" pings lan 10.1.0.1
refused "still the director's" 1 "are the director's" rw s1 vnic del web/eth0
node_start d --role director --listen 0.0.0.0:7471
until_true "and the director finds all in place" is d vnic web/eth0 .oper up
