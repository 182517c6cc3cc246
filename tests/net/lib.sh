# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shared by the network tests: a private bpffs and run folder, namespaces named after the test,
# assertions that count, and a clean end. Source it first; the test re-runs itself in a mount
# namespace of its own, which holds the bpffs as long as the data path must live.
# shellcheck shell=bash
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${RACEWAY_BIN:-$top/build}
test_name=$(basename "$0" .sh)

if [ -z "${RACEWAY_TEST_NS:-}" ]; then
  RACEWAY_TEST_NS=1 exec unshare --mount --propagation private -- bash "$0" "$@"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/rwtest.XXXXXX")
tag="t$$"
bpffs=$work/bpffs
mkdir -p "$bpffs"
mount -t bpf bpf "$bpffs"
checks=0
failures=0
namespaces=()
children=()

finish() {
  local status=$?
  set +e
  for p in "${children[@]}"; do kill "$p" 2>/dev/null; done
  for p in "${children[@]}"; do wait "$p" 2>/dev/null; done
  for n in "${namespaces[@]}"; do ip netns del "$n" 2>/dev/null; done
  umount "$bpffs" 2>/dev/null
  rm -rf "$work"
  if [ "$status" -ne 0 ]; then
    echo "$test_name: ended with status $status" >&2
    exit "$status"
  fi
  echo "$test_name: $checks checks, $failures failed"
  [ "$checks" -gt 0 ] || { echo "$test_name: nothing was checked" >&2; exit 1; }
  # A bare exit in a trap would give the status from before the trap.
  exit $((failures > 0))
}
trap finish EXIT

skip() { # REASON: leaves with 77, counted by the runner
  echo "skip: $test_name: $*"
  trap - EXIT
  umount "$bpffs"
  rm -rf "$work"
  exit 77
}

fail() {
  failures=$((failures + 1))
  echo "FAIL: $test_name: $*" >&2
}

check() { # DESCRIPTION COMMAND...: the command must succeed
  local what=$1
  shift
  checks=$((checks + 1))
  "$@" || fail "$what: $*"
}

check_not() { # DESCRIPTION COMMAND...: the command must fail
  local what=$1
  shift
  checks=$((checks + 1))
  if "$@"; then fail "$what: $* succeeded"; fi
}

check_eq() { # DESCRIPTION GOT WANT
  checks=$((checks + 1))
  [ "$2" = "$3" ] || fail "$1: got '$2', want '$3'"
}

check_between() { # DESCRIPTION GOT LOW HIGH
  checks=$((checks + 1))
  awk -v g="$2" -v l="$3" -v h="$4" 'BEGIN { exit !(g >= l && g <= h) }' ||
    fail "$1: got $2, want $3 to $4"
}

ns() { # NAME: the namespace's full name, unique to this run
  echo "rw-$tag-$1"
}

new_ns() { # NAME...
  local n
  for n in "$@"; do
    ip netns add "$(ns "$n")"
    namespaces+=("$(ns "$n")")
    ip -n "$(ns "$n")" link set lo up
    # Silent hosts: what arrives was sent by the test.
    in_ns "$n" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  done
}

in_ns() { # NAME COMMAND...: keeps this mount namespace, so that the bpffs stays in sight
  local n=$1
  shift
  nsenter --net="/run/netns/$(ns "$n")" -- "$@"
}

wire() { # NS-A DEV-A NS-B DEV-B [MTU]: a veth between two namespaces, both ends up
  ip link add "$2" netns "$(ns "$1")" mtu "${5:-1500}" type veth \
    peer name "$4" netns "$(ns "$3")" mtu "${5:-1500}"
  ip -n "$(ns "$1")" link set "$2" up
  ip -n "$(ns "$3")" link set "$4" up
}

set_mac() { # NS DEV MAC
  ip -n "$(ns "$1")" link set "$2" address "$3"
}

vlan_tx() { # NS DEV: a host that makes its own tags and checksums, as a real wire has them
  in_ns "$1" ethtool -K "$2" tx off txvlan off gro on >/dev/null 2>&1
}

loader() { # NS ARGS...
  local n=$1
  shift
  in_ns "$n" "$bin/raceway-loader" "$@"
}

counter() { # NS PIN-DIR JQ: one value out of `raceway-loader show`
  in_ns "$1" "$bin/raceway-loader" show --pin-dir "$2" | jq -r "$3"
}

frames() { # NS ARGS...: tests/net/frames.py
  local n=$1
  shift
  in_ns "$n" python3 "$top/tests/net/frames.py" "$@"
}

background() { # COMMAND...: ended with the test; its pid is in $child
  # A function would run in a shell of its own, whose end its command outlives.
  [ "$1" != in_ns ] || set -- nsenter "--net=/run/netns/$(ns "$2")" "${@:3}"
  "$@" &
  child=$!
  children+=("$child")
}

play() { # reads a scenario for tests/net/play.py; its checks count as this test's
  local log=$work/play.log status=0
  # Behind a pipe its counts would be lost.
  [ "$BASHPID" = "$$" ] || { echo "$test_name: play in a subshell" >&2; exit 1; }
  python3 "$top/tests/net/play.py" >"$log" 2>&1 || status=$?
  if ! [[ $status-$(tail -n 1 "$log") =~ ^0-([0-9]+)\ checks,\ ([0-9]+)\ failed$ ]]; then
    cat "$log" >&2
    fail "the scenario did not run to its end"
    return
  fi
  checks=$((checks + BASH_REMATCH[1]))
  failures=$((failures + BASH_REMATCH[2]))
  [ "${BASH_REMATCH[2]}" -eq 0 ] && return
  sed "s/^/FAIL: $test_name:/; \$d" "$log" >&2
  exit 1 # the rest would only wait for what does not come
}

play_show() { # NS PIN-DIR: the scenario's line that reads the counters
  echo "show nsenter --net=/run/netns/$(ns "$1") -- $bin/raceway-loader show --pin-dir $2"
}

play_end() { # NAME NS DEV: the scenario's line for one end
  echo "end $1 $(ns "$2") $3"
}

# NS DEV VID: a host that makes its tags as a VLAN device does: beside the frame if the offload
# is on. Frames of other VLANs do not reach its stack.
vlan_host() {
  local object=$work/tag-$3.o
  [ -f "$object" ] || clang -O2 -target bpf -mcpu=v3 -DVID="$3" "-I/usr/include/$(uname -m)-linux-gnu" \
    -c "$top/tests/net/tag.bpf.c" -o "$object"
  in_ns "$1" tc qdisc add dev "$2" clsact
  in_ns "$1" tc filter add dev "$2" egress bpf da obj "$object" sec push
  in_ns "$1" tc filter add dev "$2" ingress bpf da obj "$object" sec pop
}

traffic() { # NS ARGS...: tests/net/traffic.py
  local n=$1
  shift
  in_ns "$n" python3 "$top/tests/net/traffic.py" "$@"
}

await() { # FILE: until somebody made it
  for _ in $(seq 300); do
    [ -e "$1" ] && return
    sleep 0.1
  done
  fail "$1 never came"
}

tcp_copy() { # DESCRIPTION NS-FROM NS-TO ADDR BYTES: what was sent must arrive, byte by byte
  local got=$work/tcp-got sent=$work/tcp-sent receiver
  rm -f "$work/tcp-ready"
  traffic "$3" tcp-recv "$4" 7001 "$work/tcp-ready" >"$got" &
  receiver=$!
  await "$work/tcp-ready"
  traffic "$2" tcp-send "$4" 7001 "$5" >"$sent" || fail "$1: the sender failed"
  wait "$receiver" || fail "$1: the receiver failed"
  check_eq "$1" "$(cat "$got")" "$(cat "$sent")"
  check_eq "$1, bytes" "$(cut -d ' ' -f 1 "$got")" "$5"
}

neighbours() { # NS DEV ADDR=MAC...: no ARP needed
  local n=$1 dev=$2 pair
  shift 2
  for pair; do
    ip -n "$(ns "$n")" neigh replace "${pair%%=*}" lladdr "${pair#*=}" dev "$dev" nud permanent
  done
}

counted() { # NS PIN-DIR VNIC-NUMBER tx|rx packets|bytes: what passed
  counter "$1" "$2" "[.vnics[] | select(.number == $3).$4 | .green, .yellow | .$5] | add"
}

link_stat() { # NS DEV rx|tx packets|bytes
  ip -n "$(ns "$1")" -s -j link show "$2" | jq ".[0].stats64.$3.$4"
}

# DESCRIPTION NS-FROM NS-TO ADDR SIZE COUNT [SEGMENTS]: numbered datagrams, all of them must
# arrive, once and in order
udp_copy() {
  local got receiver
  rm -f "$work/udp-ready"
  traffic "$3" udp-recv "$4" 7003 30 "$work/udp-ready" >"$work/udp-got" &
  receiver=$!
  await "$work/udp-ready"
  traffic "$2" udp-send "$4" 7003 "$5" 20000 "$(awk "BEGIN { print $6 / 20000 * 5 + 2 }")" \
    "${7:-1}" "$6" >"$work/udp-sent" || fail "$1: the sender failed"
  wait "$receiver" || fail "$1: the receiver failed"
  read -r -a got <"$work/udp-got"
  check_eq "$1: sent" "$(cat "$work/udp-sent")" "$6"
  check_eq "$1: arrived, bytes, out of order, last" "${got[*]:0:4}" "$6 $(($5 * $6)) 0 $(($6 - 1))"
}

# Another build of the loader in $work/other: programs that do the same and are not the same, for
# upgrades. Needs the compilers.
other_build() {
  local o=$work/other arch
  arch=/usr/include/$(uname -m)-linux-gnu
  command -v clang >/dev/null && command -v gcc >/dev/null || return 1
  mkdir -p "$o/bpf" && cp -r "$top"/bpf/* "$o/bpf/"
  for p in port vnic; do
    sed -i '/^int raceway_/{n;s/^{/{\n\tbpf_get_smp_processor_id();/}' "$o/bpf/$p.bpf.c"
    clang -O2 -g -target bpf -mcpu=v3 "-I$top/include" "-I$o/bpf" "-I$arch" \
      -c "$o/bpf/$p.bpf.c" -o "$o/$p.tmp.o" &&
      bpftool gen object "$o/$p.bpf.o" "$o/$p.tmp.o" &&
      bpftool gen skeleton "$o/$p.bpf.o" name "${p}_bpf" >"$o/$p.skel.h" || return 1
  done
  # shellcheck disable=SC2046 # flags
  gcc -std=gnu11 -O1 -D_GNU_SOURCE "-I$top/include" "-I$top/userspace" "-I$o" \
    $(pkg-config --cflags libbpf libnl-3.0 libnl-route-3.0 libnl-genl-3.0 jansson) \
    -o "$o/raceway-loader" "$top/userspace/loader/objects.c" "$top/userspace/loader/main.c" \
    "$bin/libraceway.a" $(pkg-config --libs libbpf libxdp libnl-3.0 libnl-route-3.0 \
      libnl-genl-3.0 sqlite3 libmicrohttpd jansson yaml-0.1 libsystemd gnutls)
}
