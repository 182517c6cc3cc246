#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Peers that say nothing, nonsense, too much or half of it, many of them, and one that takes nothing:
# a server beside them is served at once. What its clock or a person says is late is cut off.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/node.bash
. "$(dirname "$0")/node.bash"

node_scene 2
enroll s1
until_true "s1 is enrolled" is d server s1 .connected true
enroll s2
until_true "s2 is enrolled" is d server s2 .connected true
node_stop s1
pem=$work/s1/state/pki/server.pem
rw d profile add much
rw d profile add p
for i in $(seq 4); do rw d vnic add "p/v$i" segment red; done
{
  echo 'schema: 1'
  echo 'profiles:'
  echo '  - name: much'
  echo '    server: s1'
  echo '    vnics:'
  for i in $(seq 1500); do echo "      - {name: v$i, segment: inside, description: $i}"; done
} >"$work/much.yaml"
rw d apply -f "$work/much.yaml" >/dev/null

# s1's place is taken by somebody who takes nothing of what he is sent.
peer 10.7.1.1 deaf "$pem" s1 >/dev/null 2>&1 &
children+=($!)
until_true "the deaf one is connected" is d server s1 .connected true
for how in nothing nonsense huge half; do
  for _ in 1 2 3; do
    peer 10.7.1.1 $how "$pem" >/dev/null 2>&1 &
    children+=($!)
  done
done
start=$(date +%s%N)
rw d profile bind p server s2
until_true "s2 is served meanwhile" is d vnic p/v4 .oper up
echo "4 vNICs beside peers that misbehave: $((($(date +%s%N) - start) / 1000000)) ms"
check_eq "what s1 has not said is not claimed" "$(value d vnic much/v1 .oper)" down
check "the API answers" rw d port show >/dev/null
until_true "the deaf one is cut off" is d server s1 .connected false
until_true "the others too" eval "[ \"\$(in_ns d ss -Htn state established 'sport = :7471' | wc -l)\" = 1 ]"
check "s2 is well" is d server s2 .connected true
