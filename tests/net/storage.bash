# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shared by the tests of racewayd with an engine that serves nothing (fake_engine.py): what it is
# told, and what it is to answer. Source it after daemon.bash.
# shellcheck shell=bash disable=SC2154,SC2034
fake=$top/tests/net/fake_engine.py
pool=$work/pool
mkdir "$pool"

rw() { "$bin/raceway" --socket "$work/run/raceway.sock" "$@"; }

mode() { # JSON: what the engine does from now on
  echo "$1" >"$work/run/engine.mode"
}

told() { # JQ: of the last configure
  jq -c "$1" "$work/run/engine.json"
}

asked() { # OP: how often since forget
  jq -c "select(.op == \"$1\")" "$work/run/engine.log" | wc -l
}

forget() { : >"$work/run/engine.log"; }

refused() { # DESCRIPTION STATUS LINE COMMAND...
  local status=0
  "${@:4}" >/dev/null 2>"$work/refused" || status=$?
  check_eq "$1: status" "$status" "$2"
  check_eq "$1: line" "$(cat "$work/refused")" "$3"
}

answers() { # NS ADDR: whether somebody listens
  in_ns "$1" timeout 1 bash -c "exec 3<>/dev/tcp/$2/3260" 2>/dev/null
}
