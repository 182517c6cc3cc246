#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# auth location: a session is a vHBA only if it comes from that vHBA's server, as the neighbour
# table of the portal's namespace knows it, by IPv4 and IPv6; or from this machine if that is it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vhba.bash"

portal=192.0.2.1:3260
portal6='[2001:db8::1]:3260'
mac1=02:00:00:00:00:11
mac2=02:00:00:00:00:12
web1=naa.3000000000000001
new_ns wire server1 server2
ip -n "$(ns wire)" link add br0 type bridge
ip -n "$(ns wire)" link set br0 up
for end in engine:e0:192.0.2.1:2001:db8::1 server1:s1:192.0.2.11:2001:db8::11 \
  server2:s2:192.0.2.12:2001:db8::12; do
  IFS=: read -r who dev four six <<<"$end"
  wire "$who" eth0 wire "$dev"
  ip -n "$(ns wire)" link set "$dev" master br0
  in_ns "$who" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0 net.ipv6.conf.eth0.accept_dad=0
  ip -n "$(ns "$who")" address add "$four/24" dev eth0
  ip -n "$(ns "$who")" address add "$six/64" dev eth0 nodad
done
set_mac server1 eth0 $mac1
set_mac server2 eth0 $mac2

config() { # MACS LOCAL
  cat <<EOF
{"sans": [{"name": "z", "type": "null"}],
 "volumes": [{"name": "z/n", "size": 1048576, "id": "00000000000000c1"}],
 "portals": [{"name": "one", "address": "$portal", "transport": "iscsi", "group": 1},
             {"name": "six", "address": "$portal6", "transport": "iscsi", "group": 2}],
 "vhbas": [{"name": "web1/h0", "wwpn": "3000000000000001", "san": "z", "auth": "location",
            "macs": [$1], "local": $2, "luns": [{"lun": 0, "volume": "z/n", "ro": false}]}]}
EOF
}
from() { # NS [PORTAL]
  CLIENT_NS=$1 iscsi inq $web1 "$(url 0 "${2:-$portal}")"
}

engine_start --workers 2
check_eq "problems" "$(configure "$(config "\"$mac1\"" false)")" ""
listen one "$portal"
listen six "$portal6"
check "its server" from server1 >/dev/null
check "its server by IPv6" from server1 "$portal6" >/dev/null
check_not "another with its name" from server2
check_not "by IPv6" from server2 "$portal6"
check_not "the engine's own machine" from engine
control '{"op": "wait", "event": "login-refused", "seconds": 10}' >"$work/refused" &
waiter=$!
sleep 2 # until it listens
check_not "again" from server2
wait "$waiter" || fail "no event came"
check_eq "why is told" "$(jq -r '.vhba + ": " + .reason' "$work/refused")" \
  "web1/h0: its MAC address is of no vNIC of the vHBA's server"

# The server takes the other's address: the MAC says who it is.
ip -n "$(ns server1)" address del 192.0.2.11/24 dev eth0
ip -n "$(ns server2)" address del 192.0.2.12/24 dev eth0
ip -n "$(ns server2)" address add 192.0.2.11/24 dev eth0
ip -n "$(ns engine)" neigh flush dev eth0
check_not "another with its name and address" from server2
ip -n "$(ns server2)" address del 192.0.2.11/24 dev eth0
ip -n "$(ns server2)" address add 192.0.2.12/24 dev eth0
ip -n "$(ns server1)" address add 192.0.2.11/24 dev eth0
ip -n "$(ns engine)" neigh flush dev eth0

# The profile moves to the other server, and then to this machine.
configure "$(config "\"$mac2\"" false)"
check_not "it has moved away" from server1
check "it has moved here" from server2 >/dev/null
configure "$(config "" true)"
check_not "it has moved on" from server2
check "it is local" from engine >/dev/null

# Behind a router nobody can tell: refused.
configure "$(config "\"$mac2\"" false)"
ip -n "$(ns engine)" route add 198.51.100.0/24 via 192.0.2.12
ip -n "$(ns server2)" address add 198.51.100.7/32 dev lo
in_ns server2 ip route replace 192.0.2.1 dev eth0 src 198.51.100.7
check_not "by way of its own server as a router" from server2
engine_kill TERM
check_eq "no complaint" "$(grep -v '^ready' "$work/engine.log")" ""
