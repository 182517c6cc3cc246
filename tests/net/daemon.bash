# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shared by the tests of racewayd: starts and stops it in the namespace `host`, speaks its API.
# Source it after lib.sh.
# shellcheck shell=bash disable=SC2154,SC2120 # lib.sh sets work, bpffs, bin, top

# A failed check is a failed test, whatever the end of lib.sh makes of it.
daemon_finish() {
  local status=$?
  set +e
  if [ "$status" -eq 0 ] && [ "$failures" -gt 0 ]; then
    echo "$test_name: $checks checks, $failures failed"
    status=1
  fi
  engine_stop
  (exit "$status")
  finish
}
trap daemon_finish EXIT

# The storage engine outlives the daemon, which would start another. Who listens at its socket;
# to connect there would take the daemon's place.
engine_pid() {
  in_ns host ss -xlpH 2>/dev/null |
    awk -v dir="$work/run/" 'index($5, dir) == 1 && $5 ~ /vhba[.]sock/ && match($0, /pid=[0-9]+/) {
      print substr($0, RSTART + 4, RLENGTH - 4) }'
}

engine_stop() { # the daemon with it
  local pid
  [ -z "$daemon_pid" ] || { kill "$daemon_pid" && wait "$daemon_pid"; } 2>/dev/null || true
  pid=$(engine_pid) || true
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
}

daemon_pid=
daemon_bin=$bin/racewayd

daemon_start() { # [ARGS...]: waits until the API answers and the data path is attached
  : >"$work/daemon.out"
  mkdir -p "$work/run"
  nsenter --net="/run/netns/$(ns host)" -- "$daemon_bin" --foreground --run-dir "$work/run" \
    --state-dir "$work/state" --pin-dir "$bpffs/rw" --config /dev/null "$@" \
    >"$work/daemon.out" 2>>"$work/daemon.err" &
  daemon_pid=$!
  children+=("$daemon_pid")
  for _ in $(seq 600); do
    grep -q '^ready$' "$work/daemon.out" && return 0
    kill -0 "$daemon_pid" 2>/dev/null || break
    sleep 0.05
  done
  fail "racewayd is not ready: $(tail -n 3 "$work/daemon.err")"
  return 1
}

daemon_stop() { # [SIGNAL]
  kill "-${1:-TERM}" "$daemon_pid"
  wait "$daemon_pid" 2>/dev/null || true
}

api() { # METHOD PATH [BODY]: prints the answer's body
  curl -sS -g --max-time 60 --unix-socket "$work/run/raceway.sock" -X "$1" \
    ${3:+--data-binary "$3"} "http://raceway$2"
}

status() { # METHOD PATH [BODY]: prints the status
  curl -sS -g --max-time 60 -o "$work/body" -w '%{http_code}' \
    --unix-socket "$work/run/raceway.sock" -X "$1" ${3:+--data-binary "$3"} "http://raceway$2"
}

made() { # METHOD PATH BODY: must be 200 or 201
  local code
  code=$(status "$@")
  case $code in
  200 | 201) ;;
  *) fail "$1 $2 $3: $code $(cat "$work/body")" ;;
  esac
}

value() { # PATH JQ: one value of the first object of the answer
  api GET "$1" | jq -r "[.[] | arrays][0][0] | $2"
}

ifindex() { # NS DEV: "" if there is none
  ip -n "$(ns "$1")" -j link show "$2" 2>/dev/null | jq -r '.[0].ifindex // empty'
}

until_true() { # DESCRIPTION COMMAND...: within three seconds
  local what=$1
  shift
  checks=$((checks + 1))
  for _ in $(seq 60); do
    "$@" && return
    sleep 0.05
  done
  fail "$what: never came true: $*"
}

oper_is() { # PATH WANT
  [ "$(value "$1" .oper)" = "$2" ]
}

# The usual scene: an uplink to `lan`, segment lan on it, and guests a and b with a vNIC each.
daemon_scene() {
  new_ns host lan a b
  wire host up0 lan e0
  vlan_tx lan e0
  daemon_start
  made POST /v1/ports '{"name":"up0","dev":"up0","role":"uplink"}'
  made POST /v1/segments '{"name":"lan","uplink":"up0"}'
  for g in a b; do
    made POST /v1/profiles "{\"name\":\"$g\",\"server\":\"local\"}"
    made POST /v1/vnics "{\"name\":\"$g/eth0\",\"segment\":\"lan\",\"netns\":\"$(ns "$g")\"}"
  done
  ip -n "$(ns a)" addr add 10.9.0.1/24 dev eth0
  ip -n "$(ns b)" addr add 10.9.0.2/24 dev eth0
  ip -n "$(ns lan)" addr add 10.9.0.9/24 dev e0
}

pings() { # NS ADDR
  in_ns "$1" ping -q -c 2 -i 0.05 -W 1 "$2" >/dev/null 2>&1
}
