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
  [ "$failures" -eq 0 ]
  exit
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
  "$@" &
  child=$!
  children+=("$child")
}
