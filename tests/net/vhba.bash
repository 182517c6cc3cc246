# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shared by the tests of the storage engine: an engine in a namespace of the test's own, told what
# to serve over its control socket, and libiscsi's tools as initiators. Source it after lib.sh.
# shellcheck shell=bash disable=SC2154

target=iqn.2026-11.local.raceway:test
portal=127.0.0.1:3260
control_socket=$work/run/vhba.sock
pool=$work/pool
# The names that iscsi-test-cu and iscsi-perf come with.
suite_one=iqn.2007-10.com.github:sahlberg:libiscsi:iscsi-test
suite_two=$suite_one-2
mkdir -p "$pool"
new_ns engine

# What the engine said goes with the failure of a test.
vhba_finish() {
  local status=$?
  set +e
  if [ "$status" -ne 0 ] || [ "$failures" -gt 0 ]; then
    grep -hv '^ready' "$work"/*.log >&2
  fi
  (exit "$status")
  finish
}
trap vhba_finish EXIT

engine_start() { # ARGS...: until it answers; its pid is in $engine
  : >"$work/engine.log"
  background in_ns engine "${ENGINE_BIN:-$bin/raceway-vhba}" --foreground --run-dir "$work/run" \
    --state-dir "$work/state" "$@" >>"$work/engine.log" 2>&1
  engine=$child
  for _ in $(seq 100); do
    grep -q '^ready' "$work/engine.log" && return
    sleep 0.1
  done
  cat "$work/engine.log" >&2
  fail "the engine did not start"
  exit 1
}

engine_kill() { # [SIGNAL]: and waits for its end
  kill "-${1:-KILL}" "$engine"
  wait "$engine" 2>/dev/null || true
}

control() { # REQUEST...: the answers
  in_ns engine python3 "$top/tests/net/vhba_control.py" "$control_socket" "$@"
}

# CONFIGURATION in JSON, without "op" and "target"; the portals of $portals listen if they do not.
configure() {
  jq -c --arg t "$target" '. + {op: "configure", target: $t}' <<<"$1" >"$work/config.json"
  control "@$work/config.json" >"$work/configured"
  jq -r '.problems[]? | "\(.object): \(.message)"' "$work/configured"
}

listen() { # NAME ADDRESS
  control "{\"op\": \"listen\", \"portal\": \"$1\", \"address\": \"$2\"}" >/dev/null
}

create() { # SAN/NAME BYTES
  control "{\"op\": \"create\", \"volume\": \"$1\", \"type\": \"pool\", \"path\": \"$pool\",
    \"size\": $2}" >/dev/null
}

status() { # JQ: one value
  control '{"op": "status", "stats": true}' | jq -r "$1"
}

url() { # LUN [PORTAL] [USER%SECRET]
  echo "iscsi://${3:+$3@}${2:-$portal}/$target/$1"
}

iscsi() { # TOOL INITIATOR ARGS...: `iscsi inq NAME URL`
  local tool=$1 name=$2
  shift 2
  in_ns "${CLIENT_NS:-engine}" timeout 20 "iscsi-$tool" -i "$name" "$@"
}

image() { # INITIATOR LUN: qemu's options
  echo "driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=${PORTAL:-$portal},file.target=$target,file.lun=$2,file.initiator-name=$1"
}

io() { # INITIATOR LUN COMMAND...: qemu-io's commands; fails when one of them does
  local name=$1 lun=$2 args=() out
  shift 2
  for c; do args+=(-c "$c"); done
  out=$(in_ns "${CLIENT_NS:-engine}" timeout 60 qemu-io ${READ_ONLY:+-r} "${args[@]}" \
    --image-opts "$(image "$name" "$lun")" 2>&1) ||
    { echo "$out" >"$work/io.log"; return 1; }
  echo "$out" >"$work/io.log"
  ! grep -qiE 'fail|error|unable|refused' <<<"$out"
}

io_readonly() {
  READ_ONLY=1 io "$@"
}

interactive() { # FIFO OUTPUT COMMAND...: in the background, reads what is written to FIFO
  nsenter "--net=/run/netns/$(ns engine)" -- "${@:3}" <"$1" >"$2" 2>&1 &
  child=$!
  children+=("$child")
}
