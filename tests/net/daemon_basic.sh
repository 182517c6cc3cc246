#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# racewayd from nothing to traffic by its API, and back to nothing; what is not ours stays.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

# Words that are not as they must be: one line, a status, and nothing is made.
refused() { # STATUS LINE ARGS...
  local status=0
  in_ns host timeout 5 "$bin/racewayd" --config /dev/null --run-dir "$work/not/run" \
    --state-dir "$work/not/state" --pin-dir "$bpffs/not" "${@:3}" 2>"$work/refused" || status=$?
  check_eq "${*:3}: status" "$status" "$1"
  check_eq "${*:3}: one line" "$(cat "$work/refused")" "racewayd: $2"
}

daemon_scene
see="see racewayd --help"
refused 1 "target-name: me is no iSCSI name, as iqn.2026-11.local.raceway:node" --target-name me
refused 2 "--frobnicate: there is no such option; $see" --frobnicate
refused 2 "--frobnicate: there is no such option; $see" --frobnicate=7
refused 2 "-x: there is no such option; $see" -x
refused 2 "--node: a value is missing; $see" --node
refused 2 "--help takes no value; $see" --help=me
for n in 0 1 65537 12x; do
  refused 1 "max-vnics: $n is not in 2 to 65536" --max-vnics "$n"
done
check_not "nothing was made" test -e "$work/not" -o -e "$bpffs/not"
check "vNIC to vNIC" pings a 10.9.0.2
check "vNIC to LAN" pings a 10.9.0.9
check_eq "the socket's mode" "$(stat -c %a "$work/run/raceway.sock")" 660
check_eq "a's oper" "$(value /v1/vnics/a/eth0 .oper)" up
check_eq "a's MAC is the guest's" "$(value /v1/vnics/a/eth0 .mac)" \
  "$(ip -n "$(ns a)" -j link show eth0 | jq -r '.[0].address')"
check_eq "the host end is silent" \
  "$(in_ns host cat /proc/sys/net/ipv6/conf/rw1/disable_ipv6)" 1

# Frames that were sent arrive with their bytes, and the counters say the same.
udp_copy "1,000 datagrams from a to b" a b 10.9.0.2 400 1000
passed=$(value '/v1/vnics/b/eth0?stats=1' .rx.packets)
check_between "b's rx counter" "$passed" 1000 1100

# Strangers: a veth called like ours, one in our group without our name, a qdisc on the uplink.
in_ns host ip link add rw50 type veth peer name stranger
in_ns host ip link set rw50 alias "raceway:00000000:a/eth0"
in_ns host ip link add other0 group 12345 type veth peer name other1
made PATCH /v1/vnics/a/eth0 '{"mtu":1400}'
check_eq "the guest's MTU" "$(ip -n "$(ns a)" -j link show eth0 | jq '.[0].mtu')" 1400
check "still" pings a 10.9.0.2

# A name that is taken is refused, and nothing happened.
ip -n "$(ns a)" link add taken type veth peer name taken1
check_eq "a taken name" "$(status PATCH /v1/vnics/a/eth0 "{\"ifname\":\"taken\"}")" 409
check_eq "a missing namespace" "$(status PATCH /v1/vnics/a/eth0 '{"netns":"nowhere"}')" 409
check "eth0 is there" test -n "$(ifindex a eth0)"
check "still" pings a 10.9.0.2

# A second daemon on the same state, and one on the same socket, are refused.
check_not "a second daemon" in_ns host timeout 5 "$bin/racewayd" --run-dir "$work/run2" \
  --state-dir "$work/state" --pin-dir "$bpffs/rw2" --config /dev/null 2>"$work/err2"
check_not "a second daemon at the socket" in_ns host timeout 5 "$bin/racewayd" \
  --run-dir "$work/run" --state-dir "$work/state2" --pin-dir "$bpffs/rw2" --config /dev/null \
  2>"$work/err2"
check "it says why" grep -q 'answers at' "$work/err2"
check "still" pings a 10.9.0.2

# Missing parents are made; the last directory has its own mode. (The third, a file, is in the way.)
touch "$work/file"
check_not "a file in the way" in_ns host timeout 5 "$bin/racewayd" --config /dev/null \
  --run-dir "$work/deep/er/run/" --state-dir "$work/deep//st/ate" --pin-dir "$work/file" \
  2>"$work/err2"
check_eq "the parents" "$(stat -c %a "$work/deep" "$work/deep/er" "$work/deep/st" | xargs)" \
  "755 755 755"
check_eq "the state directory" "$(stat -c %a "$work/deep/st/ate")" 700

# Moved to the other guest's namespace, and back; unbound, and bound again.
made PATCH /v1/vnics/a/eth0 "{\"netns\":\"$(ns b)\",\"ifname\":\"moved\"}"
check_eq "gone from a" "$(ifindex a eth0)" ""
check "in b" test -n "$(ifindex b moved)"
made PATCH /v1/vnics/a/eth0 "{\"netns\":\"$(ns a)\",\"ifname\":null}"
check "back in a" test -n "$(ifindex a eth0)"
made PATCH /v1/profiles/a '{"server":null}'
check_eq "unbound: no guest end" "$(ifindex a eth0)" ""
check_eq "unbound: no host end" "$(ifindex host rw1)" ""
check_eq "unbound" "$(value /v1/vnics/a/eth0 .oper)" unbound
made PATCH /v1/profiles/a '{"server":"local"}'
ip -n "$(ns a)" addr add 10.9.0.1/24 dev eth0
check "bound again" pings a 10.9.0.2

# state down takes the carrier away.
made PATCH /v1/vnics/a/eth0 '{"state":"down"}'
check_not "down" pings a 10.9.0.2
made PATCH /v1/vnics/a/eth0 '{"state":"up"}'
check "up again" pings a 10.9.0.2

# Export, prune everything, apply: the same again.
api GET /v1/export >"$work/doc.json"
check_eq "prune" "$(status POST '/v1/apply?prune=1' '{"schema":1}')" 200
check_eq "no host end is left" "$(in_ns host ip -o link | grep -c 'rw[12]@' || true)" 0
check_eq "no link is left" "$(find "$bpffs/rw/v2/links" -type f | wc -l)" 0
check_eq "the uplink carries no program" \
  "$(in_ns host ip -j link show up0 | jq '.[0].xdp // "none"' -r)" none
check_eq "apply" "$(status POST /v1/apply "@$work/doc.json")" 200
ip -n "$(ns a)" addr add 10.9.0.1/24 dev eth0
ip -n "$(ns b)" addr add 10.9.0.2/24 dev eth0
check "all is back" pings a 10.9.0.2
check_eq "and again changes nothing" \
  "$(api POST /v1/apply "@$work/doc.json" | jq '.changes | length')" 0

for dev in rw50 stranger other0 other1; do
  check "$dev is untouched" test -n "$(ifindex host "$dev")"
done
check "taken is untouched" test -n "$(ifindex a taken)"

daemon_stop
check_eq "it ends quietly" "$(grep -c . "$work/daemon.err" || true)" 0
check "without the daemon" pings a 10.9.0.2

# Tables have the size they were made with.
status=0
in_ns host timeout 5 "$bin/racewayd" --config /dev/null --run-dir "$work/run" \
  --state-dir "$work/state" --pin-dir "$bpffs/rw" --max-vnics 8192 2>"$work/refused" || status=$?
check_eq "tables of another size: status" $status 1
check "tables of another size: it says so" grep -q \
  "^racewayd: max-vnics: $bpffs/rw has tables for 4096, not 8192" "$work/refused"
daemon_start --max-vnics 4096
check "the same size" pings a 10.9.0.2
