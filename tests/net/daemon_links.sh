#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Interfaces that lose their carrier, are renamed, vanish and come again; namespaces that go and
# come; netdevs that somebody else deletes: the daemon follows, and says what is wrong.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

carrier() { # NS DEV 0|1
  [ "$(in_ns "$1" cat "/proc/self/net/dev" >/dev/null && ip -n "$(ns "$1")" -j link show "$2" |
    jq '.[0].flags | index("LOWER_UP") != null')" = "$3" ]
}

daemon_scene
check "at first" pings a 10.9.0.2

# Carrier: the vNICs follow their uplink.
ip -n "$(ns lan)" link set e0 down
until_true "the guest loses its carrier" carrier a eth0 false
until_true "the port says why" oper_is /v1/ports/up0 "no carrier"
check_eq "the vNIC says why" "$(value /v1/vnics/a/eth0 .reason)" "port up0: no carrier"
ip -n "$(ns lan)" link set e0 up
until_true "and gets it again" carrier a eth0 true
check "then it works" pings a 10.9.0.9

# Renamed: no longer the port; and back.
in_ns host ip link set up0 name up7
until_true "a renamed port" oper_is /v1/ports/up0 "dev up0 does not exist"
check_eq "no program is left on it" \
  "$(in_ns host ip -j link show up7 | jq -r '.[0].xdp // "none"')" none
in_ns host ip link set up7 name up0
until_true "renamed back" oper_is /v1/ports/up0 up
until_true "then it works" pings a 10.9.0.9

# Vanished and made again: another interface of the same name.
old=$(ifindex host up0)
in_ns host ip link del up0
until_true "a vanished port" oper_is /v1/ports/up0 "dev up0 does not exist"
check_eq "an API call that has nothing to do with it works" \
  "$(status PATCH /v1/vnics/a/eth0 '{"description":"x"}')" 200
wire host up0 lan e0
vlan_tx lan e0
ip -n "$(ns lan)" addr add 10.9.0.9/24 dev e0
until_true "made again" oper_is /v1/ports/up0 up
check "it is another" test "$(ifindex host up0)" != "$old"
until_true "then it works" pings a 10.9.0.9

# Somebody deletes a host end: it is made again.
in_ns host ip link del rw1
until_true "a deleted pair is made again" test -n "$(sleep 0.3; ifindex a eth0)"
ip -n "$(ns a)" addr add 10.9.0.1/24 dev eth0
until_true "then it works" pings a 10.9.0.2

# A namespace goes, and one of its name comes.
ip netns del "$(ns b)"
until_true "its vNIC is down" oper_is /v1/vnics/b/eth0 down
check "and says why" grep -q netns <<<"$(value /v1/vnics/b/eth0 .reason)"
check "the others work" pings a 10.9.0.9
new_ns b
until_true "the vNIC is in the new one" oper_is /v1/vnics/b/eth0 up
ip -n "$(ns b)" addr add 10.9.0.2/24 dev eth0
until_true "then it works" pings a 10.9.0.2

# One change brings a port up and, after it, other links: the port's event is taken while the
# plan still runs, and must not be forgotten. (Unlike a veth's other end, nothing tells later.)
new_ns c
wire host up1 lan e1
in_ns host ip link set up1 down
made POST /v1/apply '{"schema":1,"ports":[{"name":"up1","dev":"up1","role":"uplink"}],
  "segments":[{"name":"lan1","uplink":"up1"},{"name":"alone"}],
  "profiles":[{"name":"c","server":"local","vnics":[
    {"name":"eth0","segment":"lan1","netns":"'"$(ns c)"'"},
    {"name":"eth1","segment":"alone","netns":"'"$(ns c)"'"}]}]}'
check_eq "the port is up" "$(value /v1/ports/up1 .oper)" up
until_true "and so is a vNIC behind it" oper_is /v1/vnics/c/eth0 up

# So many events that some are lost: the outcome is right all the same.
lost() { # events, by all netlink sockets of the namespace
  in_ns host cat /proc/net/netlink | awk 'NR > 1 { n += $9 } END { print n + 0 }'
}

in_ns host ip link add storm type veth peer name gale
for _ in $(seq 1500); do
  echo "link set storm mtu 1400"
  echo "link set storm mtu 1500"
done >"$work/storm"
before=$(lost)
kill -STOP "$daemon_pid"
in_ns host ip -batch "$work/storm"
in_ns host ip link set up0 name up7
check "events were lost" test "$(lost)" -gt "$before"
kill -CONT "$daemon_pid"
until_true "after a storm" oper_is /v1/ports/up0 "dev up0 does not exist"
in_ns host ip link set up7 name up0
until_true "and back" oper_is /v1/ports/up0 up
until_true "then it works" pings a 10.9.0.9

# A second port: XDP on both, and off again when it goes, by the API or by itself.
xdp() { # DEV
  in_ns host ip -j link show "$1" | jq -r 'if .[0].xdp then "on" else "off" end'
}
both() { # WANT: the kernel's word and the API's
  [ "$(xdp up0) $(value /v1/ports/up0 '"\(.mode) \(.xdp) \(.oper)"')" = "$1" ]
}
check "two ports so far" both "on native attached up"
for word in vnics/c/eth0 vnics/c/eth1 profiles/c segments/lan1 segments/alone ports/up1; do
  check_eq "$word goes" "$(status DELETE "/v1/$word")" 204
done
check "one port" both "off native idle up"
made POST /v1/ports '{"name":"up1","dev":"up1","role":"uplink"}'
check "two ports" both "on native attached up"
check_eq "two ports: the second" "$(xdp up1) $(value /v1/ports/up1 .xdp)" "on attached"
check "then it works" pings a 10.9.0.9
check_eq "the second goes" "$(status DELETE /v1/ports/up1)" 204
check "one port again" both "off native idle up"
check_eq "the second one is free" "$(xdp up1)" off
made POST /v1/ports '{"name":"up1","dev":"up1","role":"uplink"}'
check "two again" both "on native attached up"
in_ns host ip link del up1
until_true "its interface vanishes" both "off native idle up"
check "then it works" pings a 10.9.0.9
