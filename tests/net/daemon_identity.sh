#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Pools and templates end to end: MACs of a pool on real netdevs, templates that are followed, and
# the daemon killed 20 times at random moments while vNICs come and go: no identity is ever given
# twice, none that was acknowledged is lost.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

rw() {
  "$bin/raceway" --socket "$work/run/raceway.sock" "$@"
}

refused() { # STATUS PATTERN COMMAND...: raceway ends with the status and says so
  local code=0
  rw "${@:3}" >/dev/null 2>"$work/err" || code=$?
  check_eq "${*:3}: status" "$code" "$1"
  check "${*:3}: says $2: $(cat "$work/err")" grep -q -- "$2" "$work/err"
}

link() { # DEV JQ: of a netdev in host
  ip -n "$(ns host)" -d -j link show "$1" 2>/dev/null | jq -r ".[0].$2"
}

new_ns host
daemon_start
rw segment add s
rw pool add m type mac from 02:00:00:00:CC:01 to 02:00:00:00:cc:18
rw pool reserve m 02:00:00:00:cc:03

# A template's vNIC is none of the data path; a profile's has a MAC of the pool, on the netdev.
rw template add web updating
rw vnic add web/eth0 segment s pool m
check_eq "a template makes no netdev" "$(in_ns host ip -o link | grep -c ': rw[0-9]*@' || true)" 0
rw profile add w1 from web
rw profile add w2 from web
rw profile bind w1 server local
rw profile bind w2 server local
check_eq "w1's MAC" "$(link w1-eth0 address)" 02:00:00:00:cc:01
check_eq "w2's MAC" "$(link w2-eth0 address)" 02:00:00:00:cc:02
rw vnic set w2/eth0 mtu 1300
rw vnic set web/eth0 mtu 1400
check_eq "w1 follows" "$(link w1-eth0 mtu)" 1400
check_eq "w2 has its own" "$(link w2-eth0 mtu)" 1300
check_eq "overrides" "$(rw -j vnic show w2/eth0 | jq -c '.vnics[0].overrides')" '["mtu"]'
check_eq "drift" "$(rw -j profile show w2 | jq -r '.profiles[0].drift[]')" \
  "~ vnic w2/eth0 mtu 1400 -> 1300"
rw vnic add web/eth1 segment s pool m
check_eq "what is reserved is not given" \
  "$(link w1-eth1 address) $(link w2-eth1 address)" "02:00:00:00:cc:04 02:00:00:00:cc:05"
check_eq "the MAC stays" "$(link w1-eth0 address)" 02:00:00:00:cc:01
refused 1 "follows has it" vnic del w1/eth0
refused 1 "in use by profile w1" template del web
refused 1 "in use by vnic w1/eth0" pool del m
refused 1 "is in use by vnic w1/eth0" pool release m 02:00:00:00:cc:01
refused 1 "02:00:00:00:cc:05, which vnic w2/eth1 has" pool set m to 02:00:00:00:cc:04
refused 1 "no word of a template's vnic" vnic add web/x segment s mac 02:00:00:00:00:01
check_eq "the tree has it apart" "$(rw show | grep -c '^template web updating on vnics web/eth0, web/eth1')" 1
check_eq "no metric of it" "$(api GET /metrics | grep -c web/ || true)" 0
check_eq "nor is it among the vNICs" "$(rw -j vnic show | jq '.vnics | length')" 4

# export | apply changes nothing; on another machine it gives the same, reservations too.
rw export >"$work/doc.yaml"
check_eq "export | diff" "$(rw diff --prune -f "$work/doc.yaml")" ""
check_eq "a follower says only its own" \
  "$(rw -j export | jq -c '.profiles[1].vnics[0] | keys')" '["mac","mtu","name"]'
rw vnic del web/eth1
check_eq "gone from the profiles too" "$(link w1-eth1 address)$(link w2-eth1 address)" ""
check_eq "what comes back" "$(rw diff -f "$work/doc.yaml" | sort | tr '\n' ';')" \
  "+ vnic w1/eth1;+ vnic w2/eth1;+ vnic web/eth1;"
rw profile set w1 from ""
rw vnic set web/eth0 mtu 1200
check_eq "let go" "$(link w1-eth0 mtu) $(link w1-eth0 address)" "1400 02:00:00:00:cc:01"
rw vnic del w1/eth0
rw profile del w1
rw profile set w2 from ""
rw vnic del w2/eth0
rw profile del w2
rw vnic del web/eth0
rw template del web

# A full pool names itself, and what would help does.
rw profile add p
rw profile bind p server local
rw profile add q
rw pool add one type mac from 02:00:00:00:dd:01 to 02:00:00:00:dd:01
rw vnic add q/a segment s pool one
refused 1 "pool one has no mac left: all 1 from" vnic add q/b segment s pool one
check "widen" rw pool set one to 02:00:00:00:dd:02
check "then there is one" rw vnic add q/b segment s pool one
rw vnic del q/a
rw vnic del q/b
rw pool del one

seed=${SEED:-$RANDOM}
RANDOM=$seed
for round in $(seq 20); do
  rm -f "$work/ready"
  python3 "$top/tests/net/identity.py" run "$work/run/raceway.sock" "$work/book" \
    $((seed + round)) "$work/ready" 2>"$work/run.err" &
  worker=$!
  children+=("$worker")
  await "$work/ready"
  sleep "0.0$(printf '%02d' $((RANDOM % 100)))"
  daemon_stop KILL
  wait "$worker" || fail "seed $seed, round $round: $(tail -n 1 "$work/run.err")"
  daemon_start
  check_eq "seed $seed, round $round" \
    "$(python3 "$top/tests/net/identity.py" check "$work/run/raceway.sock" "$work/book")" ""
  check_eq "seed $seed, round $round: netdevs have the MACs" \
    "$(ip -n "$(ns host)" -j link | jq -r '.[] | select(.ifname | startswith("p-")) | .address' | sort)" \
    "$(jq -r '.macs | to_entries[] | select(.key | startswith("p/")) | .value' "$work/book" | sort)"
done
jq -r '"acknowledged: \(.adds) added, \(.dels) deleted"' "$work/book"
check "there were many" jq -e '.adds > 80 and .dels > 80' "$work/book" >/dev/null
daemon_stop TERM
