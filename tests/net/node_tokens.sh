#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Tokens: whole ones only, once, for one server, the newest; a server that was enrolled anew or
# deleted has no use of its earlier certificate. All refusals say why.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/node.bash
. "$(dirname "$0")/node.bash"

try() { # STATUS PATTERN ARGS...: racewayd in s1 ends so
  local status=0
  mkdir -p "$work/s1/run"
  in_ns s1 timeout 60 "$bin/racewayd" --foreground --run-dir "$work/s1/run" --state-dir \
    "$work/s1/state" --pin-dir "$bpffs/s1" --config /dev/null --role server "${@:3}" \
    >/dev/null 2>"$work/said" || status=$?
  check_eq "${*:3}: status" "$status" "$1"
  check "${*:3}: $(cat "$work/said")" grep -q -- "$2" "$work/said"
}

node_scene 1
pki=$work/s1/state/pki

refused "no such server" 1 "server s9: does not exist" rw d server enroll s9
refused "local" 1 "needs no agent" rw d server enroll local
try 1 "not enrolled"
rw d server enroll s1 >"$work/older"
head -c 60 "$work/older" >"$work/cut"
try 1 "holds no token" --director 10.7.1.1 --token-file "$work/cut"
try 1 "is no ADDRESS:PORT" --director nowhere:port --token-file "$work/older"

enroll s1
until_true "connected" is d server s1 .connected true
check_eq "what is kept is nobody else's" \
  "$(stat -c %a "$pki" "$pki/server.pem" "$work/d/state/pki" "$work/d/state/pki/authority.pem" |
    xargs)" "700 600 700 600"
check_not "no token is kept" grep -rqF "$(cat "$work/s1.token")" "$work/d/state" "$work/s1/state"

# Somebody else tries.
refused "twice" 1 "the token was used already" peer 10.7.1.1 steal "$work/s1.token" s1
refused "an older one" 1 "the token is not known here" peer 10.7.1.1 steal "$work/older" s1
rw d server add s2 description "no machine yet"
rw d server enroll s2 >"$work/s2.token"
refused "another server's" 1 "for server s2, not for s1" peer 10.7.1.1 steal "$work/s2.token" s1
refused "a name that is none" 1 "there is no token" peer 10.7.1.1 steal "$work/s2.token" ../s2
check "s1 is well" is d server s1 .connected true

# Enrolled anew the earlier certificate counts no more; deleted the server counts no more.
cp "$pki/server.pem" "$work/old.pem"
rw d server enroll s1 >"$work/s1.again"
node_stop s1
until_true "gone" is d server s1 .connected false
node_start s1 --role server --token-file "$work/s1.again"
until_true "enrolled anew" said s1 "enrolled as server s1"
until_true "connected anew" is d server s1 .connected true
refused "the earlier certificate" 1 "another certificate of server s1 counts now" \
  peer 10.7.1.1 hello "$work/old.pem" s1
rw d server del s1
until_true "its link is cut" said s1 "refused: server s1 is not enrolled here"
rw d server add s1 port f1
refused "a server of the same name is another one" 1 "not enrolled here" \
  peer 10.7.1.1 hello "$pki/server.pem" s1
node_stop d KILL
node_start d --role director --listen 0.0.0.0:7471
refused "after a restart too" 1 "not enrolled here" peer 10.7.1.1 hello "$pki/server.pem" s1
check_eq "who may not enroll" "$(setpriv --reuid 12345 --regid 12345 --clear-groups \
  "$bin/raceway" --socket "$work/d/run/raceway.sock" server enroll s1 2>/dev/null || echo no)" no
