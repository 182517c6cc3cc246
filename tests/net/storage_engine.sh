#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The life of the storage engine beside that of racewayd: whose death means what, silence, events
# of copies, portals in namespaces that come and go. The engine is one that serves nothing.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"
. "$(dirname "$0")/storage.bash"

new_ns host blue
mkdir -p "$work/run"
daemon_start --vhba "$fake" --target-name iqn.2026-11.example:test
rw san add pool type pool path "$pool"
rw volume add pool/boot size 1g
rw portal add p address 127.0.0.1
rw profile add web
rw profile bind web server local
rw vhba add web/h0 san pool auth none
rw vhba map web/h0 lun 0 volume pool/boot

# --- the daemon goes and returns ---
pid=$(engine_pid)
forget
daemon_stop
check "the engine stays" kill -0 "$pid"
daemon_start --vhba "$fake" --target-name iqn.2026-11.example:test
check_eq "it is the same" "$(engine_pid)" "$pid"
check_eq "told again, sockets kept" "$(asked hello) $(asked configure) $(asked listen)" "1 1 0"
forget
daemon_stop KILL
daemon_start --vhba "$fake" --target-name iqn.2026-11.example:test
check_eq "after a crash too" "$(asked hello) $(asked configure) $(asked listen)" "1 1 0"
check_eq "all is up" "$(value /v1/vhbas/web/h0 .oper) $(value /v1/portals/p .oper)" "up up"

# --- the engine dies ---
curl -sN --unix-socket "$work/run/raceway.sock" http://raceway/v1/events >"$work/events" 2>&1 &
children+=("$!")
sleep 0.3
forget
kill -9 "$pid"
# shellcheck disable=SC2317 # called by until_true
new_engine() { [ "$(cat "$work/run/engine.pid")" != "$pid" ] && [ "$(asked listen)" -gt 0 ]; }
until_true "another one comes" new_engine
check_eq "it is told all" "$(asked hello) $(asked configure) $(told '[.vhbas[].name]')" '1 1 ["web/h0"]'
check_eq "the events say so" "$(grep -A1 '^event: engine' "$work/events" | sed -nE 's/^data: .*"state": ?"([a-z]+)".*/\1/p' | xargs)" "down up"
check "and the log" grep -q '^racewayd: the storage engine is down: it has ended' "$work/daemon.err"

# It dies of what it is told: started again after pauses, and the daemon is none the worse.
mode '{"die":["configure"]}'
forget
kill -9 "$(cat "$work/run/engine.pid")"
# shellcheck disable=SC2317
tries_again() { [ "$(asked hello)" -ge 2 ]; }
for _ in $(seq 10); do tries_again && break; sleep 1; done
check "it is tried again" tries_again
sleep 2
check_between "with pauses" "$(asked hello)" 2 8
check_eq "oper" "$(value /v1/vhbas/web/h0 .oper)" "engine down"
check_eq "oper of the portal" "$(value /v1/portals/p .oper)" "engine down"
check_eq "metrics" "$(api GET /metrics | grep '^raceway_engine_up')" "raceway_engine_up 0"
check "doctor" grep -q '^fail *engine: ' <(rw doctor)
refused "a change of storage" 1 "raceway: the storage engine does not answer: it has ended" \
  rw vhba set web/h0 weight 2
check_eq "is not stored" "$(value /v1/vhbas/web/h0 .weight)" 1
check "a change of something else" rw segment add other
mode '{}'
# shellcheck disable=SC2317
is_up() { [ "$(value /v1/vhbas/web/h0 .oper)" = up ]; }
check "the next change does not wait for the pause" rw vhba set web/h0 weight 3
check "up again" is_up

# --- silence ---
mode '{"silent":["status"]}'
start=$(date +%s%N)
check_eq "show of a silent engine" "$(value /v1/vhbas/web/h0 .oper)" "engine down"
took=$((($(date +%s%N) - start) / 1000000))
check_between "ms that it was waited for" $took 1900 3500
start=$(date +%s%N)
check "something else" rw segment del other
check_between "ms without waiting" $((($(date +%s%N) - start) / 1000000)) 0 1500
mode '{}'
# The pause before a try has grown by now.
for _ in $(seq 12); do is_up && break; sleep 1; done
check "back" is_up

# --- events of the engine; a copy that fails later ---
made POST /v1/volumes/pool/boot/clone '{"name":"late"}'
check_eq "it is there" "$(value /v1/volumes/pool/late .oper)" up
mode '{"event":[{"event":"session-open","vhba":"web/h0","initiator":"naa.1","peer":"10.0.0.1:5"},
  {"event":"volume-copy","volume":"pool/late","done":1,"of":2,"error":"Input/output error"}]}'
api GET /v1/vhbas >/dev/null
# shellcheck disable=SC2317
is_gone() { [ "$(status GET /v1/volumes/pool/late)" = 404 ]; }
until_true "a copy that failed is taken back" is_gone
check "sessions are told" grep -q '^data: .*"initiator": *"naa.1"' "$work/events"

# --- portals in namespaces ---
ip -n "$(ns blue)" addr add 10.7.0.1/24 dev lo
refused "an address of nobody" 1 "raceway: portal b: cannot listen at 10.7.0.1:3260: it is no address of this machine" \
  rw portal add b address 10.7.0.1
refused "a namespace of nobody" 1 "raceway: portal b: netns nowhere: there is no such name under /run/netns" \
  rw portal add b address 10.7.0.1 netns nowhere
check "in its namespace" rw portal add b address 10.7.0.1 netns "$(ns blue)"
check "it listens there" answers blue 10.7.0.1
check_not "and not here" answers host 10.7.0.1
check "the other is here" answers host 127.0.0.1
blue_again() {
  ip netns del "$(ns blue)"
  ip netns add "$(ns blue)"
  ip -n "$(ns blue)" link set lo up
  ip -n "$(ns blue)" addr add 10.7.0.1/24 dev lo
}
blue_again
until_true "another namespace of that name" answers blue 10.7.0.1
check_eq "its oper" "$(value /v1/portals/b .oper)" up
# The engine has the socket while there is no daemon.
daemon_stop KILL
daemon_start --vhba "$fake" --target-name iqn.2026-11.example:test
check "still there after a crash of the daemon" answers blue 10.7.0.1
blue_again
until_true "another one, after a crash of the daemon" answers blue 10.7.0.1
daemon_stop KILL
blue_again
forget
daemon_start --vhba "$fake" --target-name iqn.2026-11.example:test
until_true "another one that nobody saw come" answers blue 10.7.0.1
check "the other stayed where it was" answers host 127.0.0.1
check_eq "its oper then" "$(value /v1/portals/b .oper)" up
check "moved here" rw portal set b netns "" address 127.0.0.2
check_not "not there any more" answers blue 10.7.0.1
check "but here" answers host 127.0.0.2
in_ns host sysctl -qw net.ipv6.conf.lo.disable_ipv6=0
check "IPv6" rw portal set b address ::1
check_eq "as it is shown" "$(value /v1/portals/b .address)" "[::1]:3260"
check "it listens" answers host ::1
check "back" rw portal set b address 127.0.0.2
check_not "not there any more" answers host ::1
check "gone" rw portal del b
check_not "from here too" answers host 127.0.0.2
daemon_stop
