#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Senders that keep tags and checksums outside the frame: at a veth whose other end can be reached
# attaching mends it, at one that cannot `show` names the command that does.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 s2
ip link add f1 netns "$(ns dir)" type veth peer name e0 netns "$(ns s1)"
ip link add f2 netns "$(ns dir)" type veth peer name e0 netns "$(ns s2)"
# A namespace without a name, as a container has it.
unshare --net sleep 600 &
children+=($!)
hidden=$!
for _ in $(seq 50); do
  [ "$(readlink /proc/$hidden/ns/net)" != "$(readlink /proc/self/ns/net)" ] && break
  sleep 0.1
done
ip link add f3 netns "$(ns dir)" type veth peer name e0 netns "$hidden"
in_hidden() { nsenter --net=/proc/$hidden/ns/net -- "$@"; }
in_hidden sysctl -qw net.ipv6.conf.all.disable_ipv6=1
in_hidden ip link set e0 address 02:00:00:00:00:03 up
for n in s1=1 s2=2; do
  ip -n "$(ns "${n%=*}")" link set e0 address "02:00:00:00:00:0${n#*=}" up
done
tap=0
in_ns dir ip tuntap add dev f4 mode tap 2>"$work/tap" && tap=1

cat >"$work/m.json" <<EOF
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric"},
          {"name":"f2","dev":"f2","role":"fabric"},
          {"name":"f3","dev":"f3","role":"fabric"}
          $([ $tap = 0 ] || echo ',{"name":"f4","dev":"f4","role":"fabric"}')],
 "segments":[{"number":10}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f2"},
          {"name":"c/0","mac":"02:00:00:00:00:03","segment":10,"port":"f3"}]}
EOF

feature() { # NAME: of the device on standard input, on or off
  sed -nE "s/^\s*$1: (on|off).*/\1/p"
}
warning() { # PORT
  counter dir "$bpffs/rw" ".ports[] | select(.dev == \"$1\").warning"
}

# Everything that the kernel may leave to the hardware it does at first.
for n in s1 s2; do
  check_eq "$n: txvlan on before" \
    "$(in_ns $n ethtool -k e0 | feature tx-vlan-offload)" on
  check_eq "$n: tx checksum on before" "$(in_ns $n ethtool -k e0 | feature tx-checksumming)" on
done
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
for n in s1 s2; do
  for f in tx-vlan-offload tx-vlan-stag-hw-insert tx-checksum-ip-generic; do
    check_eq "$n: $f mended" "$(in_ns $n ethtool -k e0 | feature $f)" off
  done
  check_eq "$n: receives redirected frames" \
    "$(in_ns $n ethtool -k e0 | feature generic-receive-offload)" on
done
check_eq "no warning where the other end is in reach" "$(warning f1)$(warning f2)" ""
[ $tap = 0 ] || check_eq "no warning at a tap" "$(warning f4)" ""
check "the end out of reach is named" grep -q "veth f3 is out of reach" <<<"$(warning f3)"
check "with the command that mends it" \
  grep -q "ethtool -K IF tx off txvlan off gro on" <<<"$(warning f3)"

# Tags by TC beside the frame: they must be in the bytes when the director sees them.
vlan_host s1 e0 10
{
  play_show dir "$bpffs/rw"
  play_end s2 s2 e0
  play_end s1 s1 e0
  cat <<'EOF'
vnic a 1
vnic b 2
mac a 02:00:00:00:00:01
mac b 02:00:00:00:00:02
step a tag pushed by the host
send s1 a>b
want s2 a>b vlan=10.0
pass a tx
pass b rx
step a full frame
send s1 a>b len=1514
want s2 a>b vlan=10.0 len=1514
pass a tx
pass b rx
step to everybody
send s1 a>ff:ff:ff:ff:ff:ff
want s2 a>ff:ff:ff:ff:ff:ff vlan=10.0
free
EOF
} >"$work/scenario"
play <"$work/scenario"

# Somebody turns it on again: it is said, and no frame gets into a segment that is not its own.
in_ns s1 ethtool -K e0 txvlan on >/dev/null
check "turned on again: the port warns" grep -q "ethtool -K IF" <<<"$(warning f1)"
{
  play_show dir "$bpffs/rw"
  play_end s2 s2 e0
  play_end s1 s1 e0
  cat <<'EOF'
mac a 02:00:00:00:00:01
mac b 02:00:00:00:00:02
step a tag that the director cannot see
send s1 a>b
portdrop f1 no-segment
EOF
} >"$work/scenario"
play <"$work/scenario"
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
check_eq "attached again: mended again" \
  "$(in_ns s1 ethtool -k e0 | feature tx-vlan-offload)$(warning f1)" off

# Out of reach: what the warning says is what it takes.
vlan_host s2 e0 10
check_eq "out of reach: nothing was changed there" \
  "$(in_hidden ethtool -k e0 | feature tx-checksum-ip-generic)" on
# shellcheck disable=SC2046 # the command as the warning gives it
in_hidden $(warning f3 | sed -n 's/.*do: //p' | sed 's/IF/e0/')
touch "/run/netns/$(ns hidden)" && namespaces+=("$(ns hidden)")
mount --bind "/proc/$hidden/ns/net" "/run/netns/$(ns hidden)"
vlan_host hidden e0 10
n=0
for h in s1 s2 hidden; do
  n=$((n + 1))
  ip -n "$(ns $h)" addr add 10.0.0.$n/24 dev e0
  neighbours $h e0 10.0.0.1=02:00:00:00:00:01 10.0.0.2=02:00:00:00:00:02 \
    10.0.0.3=02:00:00:00:00:03
done
tcp_copy "from the end out of reach" hidden s1 10.0.0.1 2000000
tcp_copy "to the end out of reach" s2 hidden 10.0.0.3 2000000
tcp_copy "between those in reach" s1 s2 10.0.0.2 2000000
