#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The VM itself: the kernel that was asked for, with what the data path and its
# tests stand on. If this fails, what other tests say means nothing.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
object=$here/../../build/vm/tests/environment.bpf.o
pins=/sys/fs/bpf/environment
failures=0

# check WHAT COMMAND...: all checks run, so that one run shows all that is wrong
check() {
	local what=$1
	shift
	if "$@"; then
		echo "ok: $what"
	else
		echo "NOT OK: $what ($*)"
		failures=$((failures + 1))
	fi
}

is() { # IS WANTED
	[ "$1" = "$2" ] || { echo "is \"$1\", not \"$2\""; return 1; }
}

fs_type() { # FOLDER
	stat -f -c %T "$1"
}

counter() { # INDEX
	bpftool -j map lookup pinned "$pins/seen" key "$1" 0 0 0 |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["formatted"]["value"])'
}

modprobe_all() {
	modprobe -a veth tun bridge 8021q macvlan vxlan dummy ifb sch_ingress sch_fq sch_htb \
		sch_tbf sch_netem cls_bpf cls_matchall act_bpf act_mirred act_gact act_police
}

# Two namespaces, va and vb: what most data-path tests will use.
make_pair() {
	local end
	ip netns add env-a && ip netns add env-b || return 1
	ip link add va netns env-a type veth peer name vb netns env-b || return 1
	for end in a b; do
		ip netns exec "env-$end" sysctl -qw "net.ipv6.conf.v$end.disable_ipv6=1"
		# The tag inside the frame, where XDP sees it
		ip netns exec "env-$end" ethtool -K "v$end" txvlan off tx off >/dev/null
		ip -n "env-$end" link set "v$end" up
	done
	ip -n env-a addr add 10.11.0.1/24 dev va
	ip -n env-b addr add 10.11.0.2/24 dev vb
}

# Not "ip netns exec" or "ip -n" where a pin is named: they mount a new /sys,
# which hides the bpffs.
in_b() {
	nsenter --net=/run/netns/env-b "$@"
}

xdp_mode() {
	ip -n env-b -j link show vb | python3 -c 'import json, sys
print({1: "native", 2: "generic", 3: "offload"}.get(json.load(sys.stdin)[0].get("xdp", {}).get("mode"), "none"))'
}

xdp_native_counts() {
	local before after
	in_b ip link set vb xdpdrv pinned "$pins/count_xdp" || return 1
	is "$(xdp_mode)" native || return 1
	before=$(counter 0)
	python3 "$here/frames.py" env-a va env-b vb 10 || return 1
	after=$(counter 0)
	is "$((after - before))" 10
}

clsact_counts() {
	local before after
	in_b tc qdisc add dev vb clsact || return 1
	in_b tc filter add dev vb ingress bpf da pinned "$pins/count_tc" || return 1
	before=$(counter 1)
	python3 "$here/frames.py" env-a va env-b vb 10 || return 1
	after=$(counter 1)
	is "$((after - before))" 10
}

tcx() {
	in_b python3 "$here/tcx.py" "$pins/count_tc" vb
}

jited() { # PIN
	bpftool -j prog show pinned "$1" | grep -q '"jited":true'
}

kernel=${RACEWAY_VM_KERNEL:?not set: vm-tests/run-all sets it}
version=$(uname -r)
check "kernel $version is a $kernel" is "$(cut -d. -f1,2 <<<"$version")" "$kernel"
check "the user is root" is "$(id -u)" 0
check "two CPUs or more" test "$(nproc)" -ge 2
check "the BPF JIT is on" is "$(cat /proc/sys/net/core/bpf_jit_enable)" 1
check "the kernel's BTF is there" test -s /sys/kernel/btf/vmlinux
check "bpffs is mounted" is "$(fs_type /sys/fs/bpf)" bpf_fs
check "/tmp is in memory" is "$(fs_type /tmp)" tmpfs
check "/run is in memory" is "$(fs_type /run)" tmpfs
check "lo is up" grep -q LOOPBACK,UP <<<"$(ip link show lo)"
check "modules load" modprobe_all
check "a tap can be made" ip tuntap add dev env-tap mode tap

check "programs load" bpftool prog loadall "$object" "$pins" pinmaps "$pins"
check "the XDP program is JIT-compiled" jited "$pins/count_xdp"
check "two namespaces and a veth pair" make_pair
check "ping" ip netns exec env-a ping -q -c 3 -i 0.2 -W 2 10.11.0.2
check "native XDP counts ten tagged frames" xdp_native_counts
check "clsact counts ten tagged frames" clsact_counts

# The two kernels are there to cover both ways to attach a TC program.
expected=yes
[ "$kernel" != 6.1 ] || expected=no
check "tcx: $expected" is "$(tcx)" "$expected"

ip netns del env-a
ip netns del env-b
ip link del env-tap
rm -r "$pins"
[ "$failures" = 0 ]
