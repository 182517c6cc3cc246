#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Ports of `host none` are silent: no frame of the director's own leaves them while they come up,
# are attached, attached again, upgraded, asked by ARP and ping, lose their carrier, are detached.
# Nor does a host end that the test has made speak to its guest, not even without its program.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 lan g1
# A machine that speaks IPv6 on whatever comes up, as most do.
in_ns dir sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
other=1
other_build || other=0

for n in "f1 s1" "up0 lan" "v1 g1" "f9 s1"; do
  read -r dev far <<<"$n"
  peer=e0
  [ "$dev" = f9 ] && peer=e9
  ip link add "$dev" netns "$(ns dir)" type veth peer name $peer netns "$(ns "$far")"
done
for d in f1 up0; do ip -n "$(ns dir)" addr add 10.0.0.254/24 dev $d; done
set_mac g1 e0 02:00:00:00:00:04
vnic_mac=$(ip -n "$(ns dir)" -j link show v1 | jq -r '.[0].address' | tr -d :)
in_ns dir sysctl -qw net.ipv4.conf.v1.forwarding=1
host_end() { # its settings
  echo "$(ip -n "$(ns dir)" -j link show v1 | jq -c '.[0].flags | contains(["NOARP"])')" \
    "$(in_ns dir sysctl -n net.ipv6.conf.v1.disable_ipv6)" \
    "$(in_ns dir sysctl -n net.ipv4.conf.v1.forwarding)"
}
up_mac=$(ip -n "$(ns dir)" -j link show up0 | jq -r '.[0].address')
cat >"$work/m.json" <<'EOF'
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10},
          {"name":"up0","dev":"up0","role":"uplink"}],
 "segments":[{"number":10,"uplink":"up0"}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f1"},
          {"name":"g/0","mac":"02:00:00:00:00:04","segment":10,"dev":"v1"}]}
EOF

seconds=14
for n in "s1 e0" "lan e0" "s1 e9" "g1 e0"; do
  read -r n dev <<<"$n"
  in_ns "$n" ip link set "$dev" up
  background frames "$n" catch "$dev" $seconds "$work/ready-$n-$dev" >"$work/caught-$n-$dev"
done
for f in s1-e0 lan-e0 s1-e9 g1-e0; do await "$work/ready-$f"; done
start=$SECONDS

# The one that is no port shows that this machine would speak.
ip -n "$(ns dir)" link set f9 up
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
ip -n "$(ns dir)" link set v1 up
check_eq "the host end: NOARP, disable_ipv6, forwarding" "$(host_end)" "true 1 0"
sleep 2
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
[ $other = 0 ] || in_ns dir "$work/other/raceway-loader" upgrade --pin-dir "$bpffs/rw"
loader dir upgrade --pin-dir "$bpffs/rw"
# Who has 10.0.0.254? Then a ping to the port's own address, then both from the server.
arp=ffffffffffff0200000001000806000108000604000102000000010 # from 02:00:00:00:01:00
arp=${arp}00a0000010000000000000a0000fe
frames lan send e0 "$arp" 3
ip -n "$(ns lan)" addr add 10.0.0.1/24 dev e0
neighbours lan e0 "10.0.0.254=$up_mac"
in_ns lan ping -q -c 2 -i 0.2 -W 1 10.0.0.254 >"$work/ping" && fail "the director answers a ping"
frames s1 send e0 "${arp/020000000100/020000000002}" 3
# Its program is taken off by somebody: the host end does not know the host's addresses.
in_ns dir tc qdisc del dev v1 clsact
frames g1 send e0 "${arp/020000000100/020000000004}" 3
for n in lan s1; do
  in_ns $n ip link set e0 down
  in_ns $n ip link set e0 up
done
sleep 4
ip -n "$(ns dir)" link set v1 down
loader dir detach --pin-dir "$bpffs/rw" 2>"$work/detached"
check_eq "detaching says nothing" "$(cat "$work/detached")" ""
left=$((seconds - (SECONDS - start)))
[ $left -le 0 ] || sleep $left
wait "${children[@]}" || true

# What the test itself sent came through the director and is no frame of its own.
own() { # FILE: frames whose source is neither the LAN's host nor the server's
  grep -vcE '^.{12}(020000000100|020000000002)' "$1" || true
}
lan_mac=$(ip -n "$(ns lan)" -j link show e0 | jq -r '.[0].address' | tr -d :)
check_eq "frames of the director on the fabric port" \
  "$(grep -vE "^.{12}$lan_mac" "$work/caught-s1-e0" >"$work/own-s1"; own "$work/own-s1")" 0
check_eq "frames of the director on the uplink" "$(own "$work/caught-lan-e0")" 0
check_between "frames where no port is: the capture works" "$(wc -l <"$work/caught-s1-e9")" 1 1000
check_eq "frames of the host end to its guest" \
  "$(grep -cE "^.{12}$vnic_mac" "$work/caught-g1-e0" || true)" 0
check_between "what the others asked came to the guest" "$(wc -l <"$work/caught-g1-e0")" 6 100
check_eq "the host end is the host's again" "$(host_end)" "false 0 1"
check_eq "what the LAN asked came through" \
  "$(grep -cE '^.{12}020000000100' "$work/caught-s1-e0")" 3
check_eq "what the server asked came through" \
  "$(grep -cE '^.{12}020000000002' "$work/caught-lan-e0")" 3
check_eq "the address is the host's again" \
  "$(in_ns dir sysctl -n net.ipv6.conf.up0.disable_ipv6)" 0
[ $other = 1 ] || echo "no compilers here: the upgrade was to the same programs"
