# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shared by the tests of director and servers: several racewayd side by side, each in a namespace
# of its name, linked by TLS over a wire of their own (10.7.N.1 the director, 10.7.N.2 server sN).
# Source it after lib.sh.
# shellcheck shell=bash disable=SC2154 # lib.sh sets work, bpffs, bin, top

declare -A node_pid=()

# A failed check is a failed test, whatever the end of lib.sh makes of it.
node_finish() {
  local status=$?
  set +e
  if [ "$status" -eq 0 ] && [ "$failures" -gt 0 ]; then
    echo "$test_name: $checks checks, $failures failed"
    status=1
  fi
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$work"/*/err >&2
  fi
  (exit "$status")
  finish
}
trap node_finish EXIT

rw() { # NODE ARGS...
  local n=$1
  shift
  "$bin/raceway" --socket "$work/$n/run/raceway.sock" "$@"
}

node_start() { # NODE ARGS...: waits until it is ready
  local n=$1
  shift
  mkdir -p "$work/$n/run"
  : >"$work/$n/out"
  nsenter --net="/run/netns/$(ns "$n")" -- "$bin/racewayd" --foreground --run-dir "$work/$n/run" \
    --state-dir "$work/$n/state" --pin-dir "$bpffs/$n" --config /dev/null --node "$n" "$@" \
    >"$work/$n/out" 2>>"$work/$n/err" &
  node_pid[$n]=$!
  children+=("${node_pid[$n]}")
  for _ in $(seq 600); do
    grep -q '^ready$' "$work/$n/out" && return 0
    kill -0 "${node_pid[$n]}" 2>/dev/null || break
    sleep 0.05
  done
  fail "racewayd of $n is not ready: $(tail -n 3 "$work/$n/err")"
  return 1
}

node_stop() { # NODE [SIGNAL]
  kill "-${2:-TERM}" "${node_pid[$1]}"
  wait "${node_pid[$1]}" 2>/dev/null || true
}

value() { # NODE KIND NAME JQ
  rw "$1" -j "$2" show "$3" | jq -r "[.[] | arrays][0][0] | $4"
}

is() { # NODE KIND NAME JQ WANT
  [ "$(value "$1" "$2" "$3" "$4")" = "$5" ]
}

gone() { # NODE KIND NAME
  ! rw "$1" "$2" show "$3" >/dev/null 2>&1
}

until_true() { # DESCRIPTION COMMAND...: within twenty seconds, on a machine that may be busy
  local what=$1
  shift
  checks=$((checks + 1))
  for _ in $(seq 400); do
    "$@" && return
    sleep 0.05
  done
  fail "$what: never came true: $*"
}

refused() { # DESCRIPTION STATUS PATTERN COMMAND...: must end so and say so
  local what=$1 want=$2 pattern=$3 status=0
  shift 3
  "$@" >"$work/said" 2>&1 || status=$?
  check_eq "$what: status ($(cat "$work/said"))" "$status" "$want"
  check "$what: $(cat "$work/said")" grep -q -- "$pattern" "$work/said"
}

# The usual scene: a director d with an uplink to `lan` (VLAN 100 there is segment red, number 10)
# and a fabric port to each server s1 ... sN. Servers have guests' namespaces of their own.
node_scene() { # COUNT
  local i
  new_ns d lan
  wire d up0 lan e0
  vlan_tx lan e0
  node_start d --role director --listen 0.0.0.0:7471
  rw d port add up0 dev up0 role uplink rate 1gbit
  rw d segment add red number 10 uplink up0 vlan 100
  rw d segment add inside number 20
  for i in $(seq "$1"); do
    new_ns "s$i"
    wire d "f$i" "s$i" fab0
    wire d "m$i" "s$i" mgmt
    ip -n "$(ns d)" addr add "10.7.$i.1/24" dev "m$i"
    ip -n "$(ns "s$i")" addr add "10.7.$i.2/24" dev mgmt
    rw d port add "f$i" dev "f$i" role fabric rate 1gbit
    rw d server add "s$i" port "f$i"
  done
}

# A LAN host with a tag.
node_lan() { # ADDRESS
  vlan_host lan e0 100
  ip -n "$(ns lan)" addr add "$1/24" dev e0
}

enroll() { # SERVER: starts its racewayd with a token, and gives it its port
  local i=${1#s}
  rw d server enroll "$1" >"$work/$1.token"
  node_start "$1" --role server --director "10.7.$i.1:7471" --token-file "$work/$1.token"
  rw "$1" port add fab0 dev fab0 role uplink rate 1gbit
}

restart() { # SERVER: without a token
  node_start "$1" --role server
}

said() { # NODE PATTERN
  grep -q -- "$2" "$work/$1/err"
}

peer() { # ARGS...: tests/net/node_peer.py, in s1's namespace
  in_ns s1 python3 "$top/tests/net/node_peer.py" "$@"
}

pings() { # NS ADDR
  in_ns "$1" ping -q -c 2 -i 0.05 -W 1 "$2" >/dev/null 2>&1
}
