#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is guaranteed when the store is the bottleneck: an array behind a link of 80 Mb/s, three vHBAs
# that ask for far more than it carries, and one of them with a guarantee and next to no weight. The
# benchmark asks for 99 %; here, on a machine that others use, for 90.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vhba.bash"

array_target=iqn.2026-11.local.raceway:array
array_portal=10.9.1.2:3260
guaranteed=1000
names=(naa.3000000000000001 naa.3000000000000002 naa.3000000000000003)

new_ns array
wire engine va array vb
ip -n "$(ns engine)" addr add 10.9.1.1/24 dev va
ip -n "$(ns array)" addr add 10.9.1.2/24 dev vb
# Only what comes from the array is slow.
in_ns array tc qdisc add dev vb root tbf rate 80mbit burst 64k latency 200ms

vhbas() { # SAN VOLUME MORE: JSON of three vHBAs, the first with more members
  local more=$3 number
  for number in 1 2 3; do
    echo "{\"name\": \"web$number/h0\", \"wwpn\": \"300000000000000$number\", \"san\": \"$1\",
      \"auth\": \"none\", \"weight\": $([ $number -eq 1 ] && echo 1 || echo 1000),
      \"luns\": [{\"lun\": 0, \"volume\": \"$2\", \"ro\": false}]$more}"
    more=
  done | jq -cs .
}
as_array() { # COMMAND...: with the array's engine in place of ours
  control_socket=$work/array/vhba.sock target=$array_target "$@"
}
mkdir "$work/array"
background in_ns array "$bin/raceway-vhba" --foreground --run-dir "$work/array" \
  --state-dir "$work/array-state" --workers 1 >"$work/array.log" 2>&1
await "$work/array/vhba.sock"
as_array configure "{\"sans\": [{\"name\": \"z\", \"type\": \"null\"}],
  \"volumes\": [{\"name\": \"z/n\", \"size\": 1073741824, \"id\": \"00000000000000f1\"}],
  \"portals\": [{\"name\": \"one\", \"address\": \"$array_portal\", \"transport\": \"iscsi\",
                 \"group\": 1}],
  \"vhbas\": $(vhbas z z/n "")}"
in_ns array python3 "$top/tests/net/vhba_control.py" "$work/array/vhba.sock" \
  "{\"op\": \"listen\", \"portal\": \"one\", \"address\": \"$array_portal\"}" >/dev/null

config() { # more members of the first vHBA
  cat <<EOF
{"sans": [{"name": "s", "type": "iscsi", "portal": "$array_portal", "target": "$array_target"}],
 "volumes": [{"name": "s/far", "dev": "0", "id": "00000000000000a1"}],
 "portals": [{"name": "one", "address": "$portal", "transport": "iscsi", "group": 1}],
 "vhbas": $(vhbas s s/far "$1")}
EOF
}
measure() { # operations per second of the three, the median second of three by the first
  in_ns engine python3 "$top/tests/net/vhba_measure.py" "$control_socket" 1 3 \
    web1/h0 web2/h0 web3/h0 | sed -E 's/:[0-9.]+//g' | sort -g | sed -n 2p
}

engine_start --workers 2
check_eq "problems" "$(configure "$(config "")")" ""
listen one "$portal"
for name in "${names[@]}"; do
  background in_ns engine timeout -k 1 60 iscsi-perf -i "$name" -t 50 -b 8 -m 64 -r "$(url 0)" \
    >/dev/null 2>&1
done
sleep 3

read -r first second third <<<"$(measure)"
echo "without a guarantee: $first $second $third"
all=$(awk "BEGIN { print int($first + $second + $third) }")
check_between "the array is the bottleneck" "$all" 1200 2600
check_between "by weight there is next to nothing" "$first" 0 100

configure "$(config ", \"iops_cir\": $guaranteed")"
sleep 1
read -r first second third <<<"$(measure)"
echo "with a guarantee of $guaranteed: $first $second $third"
check_between "what is guaranteed" "$first" $((guaranteed * 90 / 100)) $((guaranteed * 105 / 100))
check_between "the others share what is left" "$(awk "BEGIN { print $second / $third }")" 0.8 1.25
check_between "nothing is lost by it" "$(awk "BEGIN { print int($first + $second + $third) }")" \
  $((all * 85 / 100)) $((all * 115 / 100))

# As bytes: 4 MB/s of the 10.
guaranteed=$((32000000 / 8 / 4096))
configure "$(config ', "cir": 32000000')"
sleep 1
read -r first second third <<<"$(measure)"
echo "with a guarantee of 32 Mb/s: $first $second $third"
check_between "what is guaranteed in bytes" "$first" $((guaranteed * 90 / 100)) \
  $((guaranteed * 105 / 100))
