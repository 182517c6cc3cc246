#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Attaching and what must not happen meanwhile: another's program replaced, settings changed for
# good, frames lost in an upgrade, half a file obeyed, anything left behind.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 s2 lan g1
for n in "f1 s1" "f2 s2" "up0 lan" "v1 g1"; do
  read -r dev far <<<"$n"
  ip link add "$dev" netns "$(ns dir)" type veth peer name e0 netns "$(ns "$far")"
  ip -n "$(ns "$far")" link set e0 up
done
# Different states to come back to: f1 up, f2 down, up0 up and promiscuous with IPv6.
ip -n "$(ns dir)" link set f1 up
ip -n "$(ns dir)" link set v1 up
in_ns dir sysctl -qw net.ipv4.conf.v1.forwarding=1
in_ns dir sysctl -qw net.ipv6.conf.up0.disable_ipv6=0
ip -n "$(ns dir)" link set up0 up promisc on
in_ns s2 ethtool -K e0 txvlan off gro on >/dev/null
n=0
for h in s1 s2 lan g1; do
  n=$((n + 1))
  ip -n "$(ns $h)" link set e0 address 02:00:00:00:00:0$n
  ip -n "$(ns $h)" addr add 10.0.0.$n/24 dev e0
  neighbours $h e0 10.0.0.1=02:00:00:00:00:01 10.0.0.2=02:00:00:00:00:02 \
    10.0.0.3=02:00:00:00:00:03 10.0.0.4=02:00:00:00:00:04
done
pins=$bpffs/rw
cat >"$work/m.json" <<'EOF'
{"schema":1,
 "ports":[{"name":"f2","dev":"f2","role":"fabric","native_segment":10},
          {"name":"f1","dev":"f1","role":"fabric","native_segment":10},
          {"name":"up0","dev":"up0","role":"uplink"}],
 "segments":[{"number":10,"uplink":"up0"}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f2"},
          {"name":"g/0","mac":"02:00:00:00:00:04","segment":10,"dev":"v1"}]}
EOF

state() { # everything that attaching may touch, of all ends
  local n h d
  for n in "dir f1" "dir f2" "dir up0" "dir v1" "s1 e0" "s2 e0" "lan e0" "g1 e0"; do
    read -r h d <<<"$n"
    echo "== $n"
    ip -n "$(ns "$h")" -d -j link show "$d" |
      jq -c '.[0] | {flags, promiscuity, allmulti, mtu, xdp, gso_max_size, address}'
    in_ns "$h" ethtool -k "$d"
    in_ns "$h" sysctl "net.ipv6.conf.$d.disable_ipv6" "net.ipv4.conf.$d.arp_ignore" \
      "net.ipv4.conf.$d.forwarding"
    in_ns "$h" tc qdisc show dev "$d" | grep -v noqueue || true
  done
}
xdp_id() { # DEV: of the program there, 0 without
  ip -n "$(ns dir)" -j link show "$1" | jq '.[0].xdp.prog.id // 0'
}
refused() { # TEXT STATUS REGEX COMMAND...: one line, this status, and it says so
  local what=$1 status=0 want=$2 regex=$3
  shift 3
  "$@" >"$work/out" 2>"$work/err" || status=$?
  check_eq "$what: status" $status "$want"
  check_eq "$what: one line" "$(wc -l <"$work/err")" 1
  check "$what: '$(cat "$work/err")' says $regex" grep -qE "^raceway-loader: .*$regex" "$work/err"
}
state >"$work/before"

# Where pins may be.
mkdir "$work/nobpf"
refused "no bpffs" 1 "nobpf.* is on no bpffs.*mount -t bpf" \
  loader dir attach --pin-dir "$work/nobpf" --maps "$work/m.json"
check_eq "no bpffs: nothing was made" "$(ls "$work/nobpf")" ""
mkdir -p "$bpffs/old/v99"
refused "another layout" 1 "pins of layout v99" \
  loader dir attach --pin-dir "$bpffs/old" --maps "$work/m.json"
check_eq "another layout: left alone" "$(ls "$bpffs/old")" v99
rmdir "$bpffs/old/v99" "$bpffs/old"

# Only attach makes a data path.
mkdir "$bpffs/empty"
for command in show detach upgrade "detach dev f1"; do
  for d in "$bpffs/empty" "$bpffs/absent"; do
    # shellcheck disable=SC2086 # words
    refused "$command where nothing is" 1 "pin-dir.*$d holds no data path.*attach" \
      loader dir $command --pin-dir "$d"
  done
  refused "$command on no bpffs" 1 "is on no bpffs" loader dir show --pin-dir "$work/nobpf"
done
check_eq "where nothing is: nothing was made" "$(cd "$bpffs" && find . -type d | sort | xargs)" ". ./empty"
rmdir "$bpffs/empty"

# Words.
refused "no command" 2 "command" loader dir --pin-dir "$pins"
refused "no pin-dir" 2 "pin-dir" loader dir attach --maps "$work/m.json"
refused "another command" 2 "frobnicate" loader dir frobnicate --pin-dir "$pins"
refused "another word" 2 "colour" loader dir attach --pin-dir "$pins" colour red
refused "a value is missing" 2 "dev" loader dir attach --pin-dir "$pins" dev
refused "another role" 2 "router" loader dir attach --pin-dir "$pins" dev f1 role router
refused "no role" 2 "dev and role" loader dir attach --pin-dir "$pins" dev f1
refused "no such interface" 1 "nope.*no such interface" \
  loader dir attach --pin-dir "$pins" dev nope role fabric
refused "max-vnics" 2 "max-vnics" loader dir attach --pin-dir "$pins" --max-vnics 12x
refused "too many vNICs" 1 "max-vnics" loader dir attach --pin-dir "$pins" --max-vnics 70000

# Files. Each changes one thing of a good one.
bad() { # TEXT STATUS REGEX JQ
  jq -c "$4" "$work/m.json" >"$work/bad.json"
  refused "$1" "$2" "$3" loader dir attach --pin-dir "$pins" --maps "$work/bad.json"
}
echo '{"schema":1,' >"$work/bad.json"
refused "no JSON" 2 "bad.json: line [12]" loader dir attach --pin-dir "$pins" --maps "$work/bad.json"
echo '{"schema":1,"schema":1}' >"$work/bad.json"
refused "twice the same key" 2 "schema" \
  loader dir attach --pin-dir "$pins" --maps "$work/bad.json"
rm "$work/bad.json"
refused "no file" 1 "bad.json.*No such file" \
  loader dir attach --pin-dir "$pins" --maps "$work/bad.json"
bad "schema" 1 "schema" '.schema = 2'
bad "no interface" 1 "port 1: dev" '.ports[1].dev = "nope"'
bad "role" 1 "port 0: role" '.ports[0].role = "router"'
bad "native segment" 1 "port 0: native_segment" '.ports[0].native_segment = 4095'
bad "rate" 1 "port 2: rate" '.ports[2].rate = -1'
bad "port number twice" 1 "port f1: number" '.ports[0].number = 7 | .ports[1].number = 7'
bad "port number 0" 1 "port f2: number" '.ports[0].number = 0'
bad "host" 1 "port 0: host" '.ports[0].host = "maybe"'
bad "uplink" 1 "segment 0: uplink" '.segments[0].uplink = "up7"'
bad "VLAN" 1 "segment 0: vlan" '.segments[0].vlan = 4095'
bad "switching" 1 "segment 0: switching" '.segments[0].switching = "hub"'
bad "segment twice" 1 "segment 10: number" '.segments += [{"number":10}]'
bad "mac" 1 "vnic 1: mac" '.vnics[1].mac = "02:00:00"'
bad "group mac" 1 "vnic b/0: mac" '.vnics[1].mac = "03:00:00:00:00:01"'
bad "mac twice" 1 "mac" '.vnics[1].mac = .vnics[0].mac'
bad "segment of a vNIC" 1 "vnic a/0: segment" '.vnics[0].segment = 11'
bad "port of a vNIC" 1 "vnic 0: port" '.vnics[0].port = "f7"'
bad "dev of a vNIC" 1 "vnic 2: dev" '.vnics[2].dev = "nope"'
bad "cir above pir" 1 "vnic a/0: cir" '.vnics[0].tx_cir = 2000 | .vnics[0].tx_pir = 1000'
bad "a rate that is text" 1 "vnic 0: rx_pir" '.vnics[0].rx_pir = "1gbit"'
bad "a rate with a fraction" 1 "vnic 0: rx_pir" '.vnics[0].rx_pir = 1000.5'
bad "mtu" 1 "vnic 0: mtu" '.vnics[0].mtu = 9217'
bad "state" 1 "vnic 0: state" '.vnics[0].state = "sideways"'
bad "trunk" 1 "vnic 0: trunk" '.vnics[0].trunk = "yes"'
bad "vNIC number" 1 "vnic a/0: number" '.vnics[0].number = 4096'
bad "vNIC number twice" 1 "vnic b/0: number" '.vnics[0].number = 2'
bad "no object" 1 "vnic 0" '.vnics[0] = 7'
bad "ports is no list" 1 "ports" '.ports = {"f1":{}}'
bad "a word nobody knows" 1 "vnic 0: .*seqment" '.vnics[0].seqment = 10'
bad "a list nobody knows" 1 "vnicks" '.vnicks = []'
bad "one VLAN for two segments" 1 "segment (11|10): vlan" '.segments += [{"number":11,"uplink":"up0"}]'
bad "one interface for two ports" 1 "port f1: dev" '.ports[1].dev = "f2"'
bad "one interface for two vNICs" 1 "vnic h/0: dev" \
  '.vnics += [{"name":"h/0","mac":"02:00:00:00:00:05","segment":10,"dev":"v1"}]'
bad "a port as a vNIC" 1 "port f1: dev" '.vnics[2].dev = "f1"'
refused "no such port in the file" 1 "no port with dev f7" \
  loader dir attach --pin-dir "$pins" --maps "$work/m.json" dev f7
check_eq "bad files: no program anywhere" "$(xdp_id f1)$(xdp_id f2)$(xdp_id up0)" 000
state >"$work/after"
check "bad files: nothing was changed" diff -u "$work/before" "$work/after"

# Another's program on a port.
cat >"$work/foreign.c" <<'EOF'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp")
int foreign_prog(struct xdp_md *ctx)
{
	return XDP_PASS;
}
char _license[] SEC("license") = "GPL";
EOF
clang -O2 -g -target bpf "-I/usr/include/$(uname -m)-linux-gnu" -c "$work/foreign.c" \
  -o "$work/foreign.o"
in_ns dir ip link set dev f1 xdpdrv obj "$work/foreign.o" sec xdp
foreign=$(xdp_id f1)
state >"$work/with-foreign"
refused "another's program" 1 "port f1: .*foreign_prog.*ip link set dev f1 xdp off" \
  loader dir attach --pin-dir "$pins" --maps "$work/m.json"
check_eq "another's program: still there" "$(xdp_id f1)" "$foreign"
check_eq "another's program: no other port was taken either" "$(xdp_id f2)$(xdp_id up0)" 00
state >"$work/after"
check "another's program: nothing was changed" diff -u "$work/with-foreign" "$work/after"
in_ns dir ip link set dev f1 xdpdrv off
loader dir detach --pin-dir "$pins"

# Generic mode only where it is asked for.
ip -n "$(ns dir)" link add br9 type bridge
refused "no native XDP" 3 "br9 does not take native XDP.*mode generic" \
  loader dir attach --pin-dir "$pins" dev br9 role uplink
check_eq "no native XDP: nothing there" "$(xdp_id br9)" 0
loader dir attach --pin-dir "$pins" --generic dev br9 role uplink
check_eq "generic, asked for" \
  "$(counter dir "$pins" '.ports[] | select(.dev == "br9").mode')" generic
loader dir detach --pin-dir "$pins" dev br9
check_eq "generic: detached" "$(xdp_id br9)" 0
ip -n "$(ns dir)" link del br9

# Attach, and once more: the same links, the same counters.
ids() { # of all that is pinned
  local p
  for p in "$pins"/v2/links/*; do
    case $p in *clsact*) continue ;; esac
    bpftool -j link show pinned "$p" | jq -c '[.id, .prog_id]'
  done
  for p in "$pins"/v2/maps/*; do bpftool -j map show pinned "$p" | jq .id; done
}
loader dir attach --pin-dir "$pins" --maps "$work/m.json"
udp_copy "first" s1 s2 10.0.0.2 500 100
ids >"$work/ids"
loader dir attach --pin-dir "$pins" --maps "$work/m.json"
check_eq "attached twice: the same links and maps" "$(ids)" "$(cat "$work/ids")"
check_eq "attached twice: counters go on" "$(counted dir "$pins" 1 tx packets)" 100
check_eq "attached twice: three native ports" \
  "$(counter dir "$pins" '[.ports[] | select(.attached and .mode == "native").dev] | sort | join(" ")')" \
  "f1 f2 up0"
for command in attach show detach upgrade; do
  refused "$command with another size" 1 \
    "max-vnics.*$pins has tables for 4096, not 8192; leave max-vnics out" \
    loader dir $command --pin-dir "$pins" --max-vnics 8192 --maps "$work/m.json"
done
loader dir attach --pin-dir "$pins" --max-vnics 4096 --maps "$work/m.json"
check_eq "another size, the same size: no change" "$(ids)" "$(cat "$work/ids")"
loader dir upgrade --pin-dir "$pins"
check_eq "the same programs again: no change" "$(ids)" "$(cat "$work/ids")"

# Programs replaced, tables filled, loaders killed, under 1,000 frames/s on every kind of way:
# XDP, from the LAN to a guest (XDP and TC), from a guest.
if other_build; then
  seconds=6
  flow() { # NAME FROM TO ADDR PORT
    background traffic "$3" udp-recv "$4" "$5" 30 "$work/ready-$1" >"$work/got-$1"
    receivers+=("$child")
    await "$work/ready-$1"
    background traffic "$2" udp-send "$4" "$5" 200 1000 $seconds >"$work/sent-$1"
    receivers+=("$child")
  }
  receivers=()
  flow xdp s1 s2 10.0.0.2 7011
  flow tolocal lan g1 10.0.0.4 7012
  flow fromlocal g1 s1 10.0.0.1 7013
  end=$(($(date +%s) + seconds - 2))
  upgrades=0
  tags=()
  while [ "$(date +%s)" -lt $end ]; do
    in_ns dir "$work/other/raceway-loader" upgrade --pin-dir "$pins"
    tags+=("$(bpftool -j prog show pinned "$pins/v2/progs/raceway_xdp" | jq -r .tag)")
    loader dir attach --pin-dir "$pins" --maps "$work/m.json" &
    victim=$!
    sleep "0.00$((upgrades % 10))"
    kill -9 $victim 2>/dev/null || true
    wait $victim 2>/dev/null || true
    loader dir upgrade --pin-dir "$pins"
    tags+=("$(bpftool -j prog show pinned "$pins/v2/progs/raceway_xdp" | jq -r .tag)")
    upgrades=$((upgrades + 2))
  done
  wait "${receivers[@]}"
  check_between "upgrades under traffic" $upgrades 2 1000
  check_eq "upgrades: two programs in turn" "$(printf '%s\n' "${tags[@]}" | sort -u | wc -l)" 2
  check_eq "upgrades: the one in force is the last one" \
    "$(ip -n "$(ns dir)" -j link show f1 | jq -r '.[0].xdp.prog.tag')" "${tags[-1]}"
  for f in xdp tolocal fromlocal; do
    sent=$(cat "$work/sent-$f")
    read -r -a got <"$work/got-$f"
    check_between "upgrades, $f: sent" "$sent" $((seconds * 700)) $((seconds * 1000))
    check_eq "upgrades, $f: arrived, out of order, last" "${got[0]} ${got[2]} ${got[3]}" \
      "$sent 0 $((sent - 1))"
  done
else
  echo "no compilers here: no upgrade to other programs"
fi

# Detach: one port, then the rest, and everything is as it was.
loader dir detach --pin-dir "$pins" dev f2
check_eq "one detached" "$(xdp_id f2)" 0
refused "no port: detach" 1 "port lo: no port of this data path" \
  loader dir detach --pin-dir "$pins" dev lo
refused "a vNIC's end: detach" 1 "port v1: no port of this data path" \
  loader dir detach --pin-dir "$pins" dev v1
check_between "the others not" "$(xdp_id f1)" 1 999999999
udp_copy "the others carry on" lan s1 10.0.0.1 300 50
maps=()
for p in "$pins"/v2/maps/*; do maps+=("$(bpftool -j map show pinned "$p" | jq .id)"); done
progs=()
for p in "$pins"/v2/progs/*; do progs+=("$(bpftool -j prog show pinned "$p" | jq .id)"); done
loader dir detach --pin-dir "$pins"
check_eq "all detached: no links" "$(ls "$pins/v2/links")" ""
state >"$work/after"
check "all detached: every setting is back, at both ends" diff -u "$work/before" "$work/after"
loader dir detach --pin-dir "$pins"
rm -r "$pins"
gone() {
  local id
  for _ in $(seq 50); do
    for id in "${maps[@]}"; do bpftool map show id "$id" >/dev/null 2>&1 && break; done ||
      for id in "${progs[@]}"; do bpftool prog show id "$id" >/dev/null 2>&1 && break; done ||
      return 0
    sleep 0.1
  done
  return 1
}
check_between "maps that were there" ${#maps[@]} 10 100
check "with the pins programs and maps are gone" gone
