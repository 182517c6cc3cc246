#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# racewayd and an engine that serves nothing: what it is told and when, what is refused, what is
# taken back. Real initiators are storage_serve.sh's.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"
. "$(dirname "$0")/storage.bash"

new_ns host
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
  rw export; rw -j vhba show; rw show; api GET /metrics; cat "$work"/state/raceway.db* "$work/run/engine.log")
check "and away" rw vhba set web/h0 auth none chap "" secret-file "" mutual-chap "" mutual-secret-file ""

# --- all of it goes ---
forget
check_eq "prune all" "$(status POST '/v1/apply?prune=1' '{"schema":1}')" 200
check_eq "files" "$(asked delete)" 2
check_eq "nothing is served" "$(told '[.sans, .volumes, .portals, .vhbas]')" '[[],[],[],[]]'
check_not "nobody listens" answers host 127.0.0.1
forget
check "all of it at once" rw apply -f "$work/doc.yaml"
check_eq "files" "$(asked create)" 2
check_eq "is served" "$(told '[.vhbas[].name], [.portals[].name]' | xargs)" "[web/h0] [p]"
check "somebody listens" answers host 127.0.0.1
daemon_stop
