#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A server is enrolled with a token, gets its profiles from the director as real vNICs, with traffic
# through the director; what is the director's it may not change; certificates and tokens that are
# not right are refused in words.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/node.bash
. "$(dirname "$0")/node.bash"

has_link() { # NS DEV
  ip -n "$(ns "$1")" -o link show "$2" >/dev/null 2>&1
}

no_link() {
  ! has_link "$@"
}

mtu_is() { # NS DEV MTU
  [ "$(ip -n "$(ns "$1")" -j link show "$2" | jq '.[0].mtu')" = "$3" ]
}

reason_has() { # VNIC PATTERN
  value d vnic "$1" .reason | grep -q "$2"
}

node_scene 1
node_lan 10.1.0.100
new_ns g1 g2
rw d profile add web
rw d vnic add web/eth0 segment red netns "$(ns g1)" tx-pir 100mbit
rw d vnic add web/in segment inside ifname web-in
rw d profile add two
rw d vnic add two/eth0 segment red netns "$(ns g2)"
check_eq "a server without an agent" "$(value d server s1 .connected)" null

enroll s1
until_true "connected" is d server s1 .connected true
check_eq "its address" "$(value d server s1 .address | cut -d : -f 1)" 10.7.1.2
check_eq "its version" "$(value d server s1 .agent_version)" "$("$bin/raceway" -j version | jq -r .version)"
check_eq "it knows its director" "$(value s1 server local .connected)" true
check_eq "nothing is bound: nothing is there" "$(rw s1 -j profile show | jq '.profiles | length')" 0
rw d profile bind web server s1
rw d profile bind two server s1
until_true "web is up" is d vnic web/eth0 .oper up
until_true "two is up" is d vnic two/eth0 .oper up
check_eq "its place" "$(value d vnic web/eth0 .location)" f1
check_eq "the MAC is the director's" "$(value d vnic web/eth0 .mac)" \
  "$(ip -n "$(ns g1)" -j link show eth0 | jq -r '.[0].address')"
check_eq "the segment there" "$(value s1 segment red '"\(.number) \(.vlan) \(.switching) \(.uplink)"')" \
  "10 10 vepa fab0"
check_eq "rates are enforced in one place" \
  "$(value d vnic web/eth0 .tx.enforced_by) $(value s1 vnic web/eth0 .tx.enforced_by)" "bpf none"
ip -n "$(ns g1)" addr add 10.1.0.1/24 dev eth0
ip -n "$(ns g2)" addr add 10.1.0.2/24 dev eth0
check "vNIC to LAN" pings g1 10.1.0.100
check "vNIC to vNIC of one server, by the director" pings g1 10.1.0.2
check "vNIC in the daemon's namespace" test -n "$(in_ns s1 ip -o link show web-in)"

# Changes while it runs: a word, one vNIC more, one less, down and up.
rw d vnic set web/eth0 mtu 1400
until_true "the guest's MTU" mtu_is g1 eth0 1400
rw d vnic add web/more segment red netns "$(ns g1)"
until_true "one more" is d vnic web/more .oper up
rw d vnic del web/more
until_true "one less" no_link g1 more
rw d vnic set web/eth0 state down
check_not "down" pings g1 10.1.0.100
rw d vnic set web/eth0 state up
until_true "up again" pings g1 10.1.0.100

# What is the director's is not the server's to change; its ports are.
refused "a profile" 1 "profile own: profiles are the director's" rw s1 profile add own
refused "a vNIC" 1 "vnic web/eth0: vnics are the director's" rw s1 vnic set web/eth0 mtu 1300
refused "a segment" 1 "segment red: segments are the director's" rw s1 segment set red vlan 11
refused "a server" 1 "servers are the director's" rw s1 server add x
check "a port is its own" rw s1 port set fab0 rate 900mbit

# One vNIC that cannot be says why and keeps no other away.
rw d vnic add web/bad segment red netns nowhere
until_true "the reason comes" reason_has web/bad "server s1: .*nowhere"
check_eq "it is down" "$(value d vnic web/bad .oper)" down
rw d vnic add web/averylongname segment red
until_true "the reason comes" reason_has web/averylongname ifname
rw d vnic set web/averylongname ifname short0
until_true "it can be mended" is d vnic web/averylongname .oper up
check "the others go on" pings g1 10.1.0.100
new_ns late
rw d vnic set web/bad netns "$(ns late)"
until_true "the other too" is d vnic web/bad .oper up
# An edit that this server cannot have leaves the vNIC as it was, and is made when it can be.
in_ns s1 ip link set fab0 mtu 1300
rw d vnic set web/eth0 mtu 1390
until_true "the reason comes" reason_has web/eth0 "server s1: mtu 1390 does not fit"
check "it works as before" pings g1 10.1.0.100
check "with its former MTU" mtu_is g1 eth0 1400
in_ns s1 ip link set fab0 mtu 1500
until_true "once it can be it is" is d vnic web/eth0 .oper up
check "with the new MTU" mtu_is g1 eth0 1390

ip -n "$(ns g1)" link del eth0
until_true "a guest end that somebody deleted is made again" has_link g1 eth0
until_true "and up" is d vnic web/eth0 .oper up

