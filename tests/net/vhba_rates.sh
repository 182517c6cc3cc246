#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Rates of vHBAs with a real initiator, by the engine's own counters. What is asserted to 1 % of a
# simulated clock in tests/unit/flow is looked at here on a machine that others use, too: never
# more than the limit, and not much less where the initiator offers enough.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vhba.bash"

name=naa.3000000000000001
config() { # more members of the vHBA
  cat <<EOF
{"sans": [{"name": "z", "type": "null"}],
 "volumes": [{"name": "z/n", "size": 1073741824, "id": "00000000000000c1"}],
 "portals": [{"name": "one", "address": "$portal", "transport": "iscsi", "group": 1}],
 "vhbas": [{"name": "web1/h0", "wwpn": "3000000000000001", "san": "z", "auth": "none",
            "luns": [{"lun": 0, "volume": "z/n", "ro": false}]$1},
           {"name": "web2/h0", "wwpn": "3000000000000002", "san": "z", "auth": "none",
            "luns": [{"lun": 0, "volume": "z/n", "ro": false}]}]}
EOF
}
measure() { # COLUMN (1 operations, 2 bytes): the median of three intervals of a second
  in_ns engine python3 "$top/tests/net/vhba_measure.py" "$control_socket" 1 3 web1/h0 |
    cut -d : -f "$1" | sort -g | sed -n 2p
}

engine_start --workers 2
configure "$(config "")"
listen one "$portal"
background in_ns engine timeout -k 1 100 iscsi-perf -i $name -t 90 -b 8 -m 64 \
  "$(url 0)" >/dev/null 2>&1
sleep 1
offered=$(measure 1)
echo "the initiator offers $offered operations per second"

for limit in 200 1000 5000 10000; do
  configure "$(config ", \"iops_pir\": $limit")"
  sleep 0.2
  if awk "BEGIN { exit !($offered < 1.3 * $limit) }"; then
    echo "$limit operations per second: n/a"
    continue
  fi
  # 1 % is what a second may have more; what it may have less is the machine's doing.
  check_between "$limit operations per second" "$(measure 1)" "$((limit * 85 / 100))" \
    "$((limit * 101 / 100 + 1))"
done
configure "$(config ', "pir": 80000000')"
sleep 0.2
check_between "10 MB/s" "$(measure 2)" 8500000 10100000
configure "$(config ', "pir": 80000000, "iops_pir": 500')"
sleep 0.2
check_between "the lower one counts" "$(measure 1)" 425 506
configure "$(config "")"
sleep 0.2
check_between "without a limit there is none" "$(measure 1)" "$(awk "BEGIN { print $offered / 4 }")" \
  10000000

# Another vHBA has nothing of it.
configure "$(config ', "iops_pir": 1')"
start=$(date +%s%N)
check "another is not slowed down" iscsi perf naa.3000000000000002 -t 1 -b 8 -m 8 "$(url 0)" \
  >/dev/null
check_between "in ms" "$((($(date +%s%N) - start) / 1000000))" 900 6000
# Whoever waits for an operation a second leaves at once.
engine_kill TERM
check_eq "no complaint" "$(grep -v '^ready' "$work/engine.log")" ""
