#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# racewayd and an engine that serves nothing (fake_engine.py): what it is told and when, what is
# taken back, its death, its silence, portals in namespaces. Real initiators are storage_serve.sh's.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

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

new_ns host blue
mkdir -p "$work/run"

# --- without an engine ---
daemon_start --vhba "$work/nothing-here"
refused "no engine" 3 "raceway: the storage engine cannot be started: $work/nothing-here: No such file or directory" \
  rw san add none type null
check_eq "nothing is stored" "$(api GET /v1/sans | jq -c .sans)" "[]"
check "the rest works" rw segment add lan
check "no engine is needed to be well" grep -q '^ok *engine: .*there is no storage' <(rw doctor)
daemon_stop
daemon_start --vhba none
refused "somebody else's engine" 1 "raceway: the storage engine does not answer at $work/run/vhba.sock: No such file or directory; it is not racewayd that starts it (--vhba none)" \
  rw san add none type null
check_eq "not in the store either" "$(api GET /v1/sans | jq -c .sans)" "[]"
daemon_stop

# --- objects, answers, what the engine is told ---
daemon_start --vhba "$fake" --target-name IQN.2026-11.example:Test
made POST /v1/sans "{\"name\":\"pool\",\"type\":\"pool\",\"path\":\"$pool\"}"
check_eq "the engine was started" "$(asked hello)" 1
made POST /v1/volumes '{"name":"pool/boot","size":"1g"}'
made POST /v1/portals '{"name":"p","address":"127.0.0.1"}'
made POST /v1/profiles '{"name":"web","server":"local"}'
check_eq "a new vHBA" "$(status POST /v1/vhbas '{"name":"web/h0","san":"pool","auth":"none"}')" 201
check_eq "map" "$(status POST /v1/vhbas/web/h0/map '{"lun":0,"volume":"pool/boot"}')" 200
check_eq "map twice" "$(status POST /v1/vhbas/web/h0/map '{"lun":0,"volume":"pool/boot"}')" 409
check_eq "unmap what is not" "$(status POST /v1/vhbas/web/h0/unmap '{"lun":5}')" 404
check_eq "GET of an action" "$(status GET /v1/vhbas/web/h0/map)" 405
check_eq "an action that is none" "$(status POST /v1/vhbas/web/h0/frob '{}')" 405
check_eq "map on a volume" "$(status POST /v1/volumes/pool/boot/map '{}')" 405
check_eq "an action on nothing" "$(status POST /v1/vhbas/web/none/map '{"lun":0,"volume":"pool/boot"}')" 404
check_eq "a copy without a name" "$(status POST /v1/volumes/pool/boot/clone '{}')" 400
check_eq "a copy" "$(status POST /v1/volumes/pool/boot/clone '{"name":"copy"}')" 201
check_eq "a copy that is there" "$(status POST /v1/volumes/pool/boot/clone '{"name":"copy"}')" 409
check_eq "where it came from" "$(value /v1/volumes/pool/copy .origin)" pool/boot
check_eq "the target" "$(told .target)" '"iqn.2026-11.example:test"'
check_eq "the vHBA" "$(told '.vhbas[0] | [.name, .san, .auth, .local, .luns]')" \
  '["web/h0","pool","none",true,[{"lun":0,"volume":"pool/boot","ro":false}]]'
check_eq "its initiator" "$(told '.vhbas[0].initiator')" "\"naa.$(value /v1/vhbas/web/h0 .wwpn)\""
check_eq "vHBA" "$(api GET '/v1/vhbas/web/h0?stats=1' | jq -c '.vhbas[0] |
  [.portal, .target, .oper, .read.ios, .read.latency.p99, .queue_depth, .luns[0].size, .luns[0].read.ios]')" \
  '["127.0.0.1:3260","iqn.2026-11.example:test","up",5,200000,2,1073741824,5]'
check_eq "metrics" "$(api GET /metrics | grep -c '^raceway_vhba_ios_total{vhba="web/h0",op="\(read\|write\)"} 5$')" 2
forget
check_eq "PUT of the same" "$(status PUT /v1/volumes/pool/boot '{"size":1073741824}')" 200
check_eq "nothing was done for it" "$(asked configure) $(asked resize)" "0 0"
made PATCH /v1/volumes/pool/boot '{"size":"2g"}'
check_eq "grown" "$(asked resize)" 1
check_eq "not smaller" "$(status PATCH /v1/volumes/pool/boot '{"size":"1g"}')" 409
check_eq "not while it is mapped" "$(status DELETE /v1/volumes/pool/boot)" 409
check_eq "nor its SAN" "$(status DELETE /v1/sans/pool)" 409
check_eq "a directory that is none" "$(status POST /v1/sans "{\"name\":\"x\",\"type\":\"pool\",\"path\":\"$work/none\"}")" 409
check_eq "not yet" "$(status POST /v1/sans '{"name":"x","type":"fc"}')" 501
check_eq "del" "$(status DELETE /v1/volumes/pool/copy)" 204
forget
made POST /v1/volumes/pool/boot/snapshot '{"name":"snap"}'
check_eq "a snapshot" "$(jq -c 'select(.op == "clone") | [.from, .to, .path]' "$work/run/engine.log")" \
  "[\"pool/boot\",\"pool/snap\",\"$pool\"]"
check_eq "unbound: not served" "$(status PATCH /v1/profiles/web '{"server":null}') $(told .vhbas)" "200 []"
check_eq "oper" "$(value /v1/vhbas/web/h0 .oper)" unbound
made PATCH /v1/profiles/web '{"server":"local"}'

# --- a document, all of it or nothing ---
rw export >"$work/doc.yaml"
check_eq "export | apply" "$(rw apply -f "$work/doc.yaml" --exit-code && echo same)" same
forget
check_eq "and the engine hears nothing" "$(rw apply -f "$work/doc.yaml") $(asked configure)" " 0"
cat >"$work/more.yaml" <<YAML
schema: 1
volumes: [{name: pool/new, size: 1m}, {name: pool/newer, size: 1m}]
profiles:
- name: db
  server: local
  vhbas: [{name: h0, san: pool, auth: none, luns: [{lun: 0, volume: pool/new}]}]
YAML
check_eq "diff" "$(rw diff -f "$work/more.yaml" | tr '\n' ';')" \
  "+ volume pool/new;+ volume pool/newer;+ profile db;+ vhba db/h0;"
before=$(api GET /v1/export)
mode '{"error":{"create":{"object":"pool/newer","field":"","message":"no room","fault":7}}}'
check_not "a file that cannot be made" rw apply -f "$work/more.yaml"
mode '{"problems":[{"object":"vhba db/h0","message":"it does not like it"}]}'
forget
refused "what cannot be served" 1 "raceway: vhba db/h0: it does not like it" rw apply -f "$work/more.yaml"
check_eq "its files are gone again" "$(asked create) $(asked delete)" "2 2"
check_eq "the engine serves what it did" "$(told '[.volumes[].name], [.vhbas[].name]' | tr '\n' ' ')" \
  '["pool/boot","pool/snap"] ["web/h0"] '
mode '{}'
forget
{
  cat "$work/more.yaml"
  echo "  vnics: [{name: eth0, segment: lan, netns: nowhere}]"
} >"$work/most.yaml"
check_not "what the kernel cannot make" rw apply -f "$work/most.yaml"
check_eq "is refused before there are files" "$(asked create) $(asked configure)" "0 0"
check_eq "the store is as it was" "$(api GET /v1/export)" "$before"
check "now" rw apply -f "$work/more.yaml"
check_eq "two vHBAs" "$(told '[.vhbas[].name]')" '["db/h0","web/h0"]'
forget
check "prune" rw apply -f "$work/doc.yaml" --prune
check_eq "files of what is pruned" "$(jq -c 'select(.op == "delete") | .volume' "$work/run/engine.log" | sort | xargs)" \
  "pool/new pool/newer"

# --- secrets are named, not told ---
(umask 077 && echo -n squeamish-ossifrage >"$work/secret" && echo -n other-secret-word >"$work/mutual")
check "CHAP" rw vhba set web/h0 auth "" chap me secret-file "$work/secret" mutual-chap you secret-file "$work/mutual"
check_eq "auth" "$(told '.vhbas[0] | [.auth, .chap, .secret_file, .mutual_chap, .mutual_secret_file]')" \
  "[\"chap\",\"me\",\"$work/secret\",\"you\",\"$work/mutual\"]"
check "its file in the document" grep -q "secret_file: \"\?$work/secret" <(rw export)
check_not "no secret in any answer" grep -qa 'squeamish\|other-secret' <(
  rw export; rw -j vhba show; rw show; api GET /metrics; cat "$work/state/raceway.db" "$work/run/engine.log")
check "and away" rw vhba set web/h0 auth none chap "" secret-file "" mutual-chap "" mutual-secret-file ""

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
check_between "with pauses" "$(asked hello)" 2 10
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
# shellcheck disable=SC2317
answers() { # NS ADDR: whether somebody listens
  in_ns "$1" timeout 1 bash -c "exec 3<>/dev/tcp/$2/3260" 2>/dev/null
}
refused "an address of nobody" 1 "raceway: portal b: cannot listen at 10.7.0.1:3260: it is no address of this machine" \
  rw portal add b address 10.7.0.1
refused "a namespace of nobody" 1 "raceway: portal b: netns nowhere: there is no such name under /run/netns" \
  rw portal add b address 10.7.0.1 netns nowhere
check "in its namespace" rw portal add b address 10.7.0.1 netns "$(ns blue)"
check "it listens there" answers blue 10.7.0.1
check_not "and not here" answers host 10.7.0.1
check "the other is here" answers host 127.0.0.1
ip netns del "$(ns blue)"
ip netns add "$(ns blue)"
ip -n "$(ns blue)" link set lo up
ip -n "$(ns blue)" addr add 10.7.0.1/24 dev lo
until_true "another namespace of that name" answers blue 10.7.0.1
check_eq "its oper" "$(value /v1/portals/b .oper)" up
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

# --- all of it goes ---
forget
check_eq "prune all" "$(status POST '/v1/apply?prune=1' '{"schema":1}')" 200
check_eq "files" "$(asked delete)" 2
check_eq "nothing is served" "$(told '[.sans, .volumes, .portals, .vhbas]')" '[[],[],[],[]]'
check_not "nobody listens" answers host 127.0.0.1
daemon_stop
