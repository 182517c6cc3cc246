#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A SAN that is an array elsewhere, which another engine plays: it is logged in to in the vHBA's own
# name, commands pass through, what it refuses is refused, and it may go away for a while.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vhba.bash"

size=67108864
web1=naa.3000000000000001
array_target=iqn.2026-11.local.raceway:array
array_portal=127.0.0.1:3270
array_name=localhost:3270 # the same, which has to be looked up
array_lun=5

as_array() { # COMMAND...: with the array's engine in place of ours
  control_socket=$work/array/vhba.sock target=$array_target "$@"
}
array_start() {
  : >"$work/array.log"
  background in_ns engine "$bin/raceway-vhba" --foreground --run-dir "$work/array" \
    --state-dir "$work/array-state" --workers 1 >>"$work/array.log" 2>&1
  array=$child
  await "$work/array/vhba.sock"
  as_array configure "
    {\"sans\": [{\"name\": \"p\", \"type\": \"pool\", \"path\": \"$pool\"}],
     \"volumes\": [{\"name\": \"p/far\", \"size\": $size, \"id\": \"00000000000000f1\"}],
     \"portals\": [{\"name\": \"one\", \"address\": \"$array_portal\", \"transport\": \"iscsi\",
                    \"group\": 1}],
     \"vhbas\": [{\"name\": \"web1/far\", \"wwpn\": \"3000000000000001\", \"san\": \"p\",
                  \"auth\": \"none\", \"luns\": [{\"lun\": $array_lun, \"volume\": \"p/far\",
                                                  \"ro\": false}]}]}"
  as_array listen one $array_portal
}
config() { # more of web1
  cat <<EOF
{"sans": [{"name": "s", "type": "iscsi", "portal": "$array_name", "target": "$array_target"}],
 "volumes": [{"name": "s/far", "dev": "$array_lun", "id": "00000000000000a1"}],
 "portals": [{"name": "one", "address": "$portal", "transport": "iscsi", "group": 1}],
 "vhbas": [{"name": "web1/h0", "wwpn": "3000000000000001", "san": "s", "auth": "none",
            "luns": [{"lun": 0, "volume": "s/far", "ro": false},
                     {"lun": 1, "volume": "s/far", "ro": true}]$1},
           {"name": "web2/h0", "wwpn": "3000000000000002", "san": "s", "auth": "none",
            "luns": [{"lun": 0, "volume": "s/far", "ro": false}]}]}
EOF
}
oper() {
  status '.volumes[] | select(.name == "s/far").oper'
}
await_oper() { # PATTERN
  for _ in $(seq 100); do
    # shellcheck disable=SC2053 # a pattern
    [[ $(oper) == $1 ]] && return
    sleep 0.1
  done
  fail "s/far is $(oper), not $1"
}

mkdir "$work/array"
truncate -s $size "$pool/far.raw"
array_start
engine_start --workers 2
check_eq "problems" "$(configure "$(config "")")" ""
listen one "$portal"

# It is the array's LUN, by its own name and size, and only for whom the array knows.
await_oper '*Authentication failure*' # of web2
check_eq "who it says it is" "$(iscsi inq $web1 "$(url 0)" | grep -c '^Vendor:RACEWAY')" 1
check_eq "its serial is the array's" \
  "$(iscsi inq $web1 -e 1 -c 128 "$(url 0)" | grep -o '00000000000000[af]1')" 00000000000000f1
check_eq "capacity" "$(iscsi readcapacity16 $web1 "$(url 0)" | awk '/Total size/ {print $2 $3}')" \
  "size:$size"
check_eq "sessions of the array" "$(as_array status '[.vhbas[].sessions[].initiator] | unique[]')" \
  "$web1"
check_not "the array does not know the other" iscsi readcapacity16 naa.3000000000000002 "$(url 0)"
check "that is told" grep -qv '^up$' <<<"$(oper)"

# Data, both ways and through.
check "write" io $web1 0 'write -P 0x11 0 4M' 'write -P 0x22 4M 64k' flush
check "read it again" io $web1 0 'read -P 0x11 0 4M' 'read -P 0x22 4M 64k' 'read -P 0 5M 64k'
check_eq "it is in the array's file" "$(head -c 4M "$pool/far.raw" | tr -d '\021' | wc -c)" 0
check "unmap" io $web1 0 'discard 0 4M' 'read -P 0 0 4M'
check_not "a map that is read-only" io $web1 1 'write -P 0x33 0 4k'
check "reads" io_readonly $web1 1 'read -P 0x22 4M 4k'
check_eq "the device server is the array's" "$(
  in_ns engine timeout 60 iscsi-test-cu -i $web1 -d -n -t SCSI.CompareAndWrite "$(url 0)" 2>/dev/null |
    awk '$1 == "tests" { print $3, $5 }'
)" "5 0"

# The array goes away: commands wait, and go on when it is there again.
background in_ns engine timeout -k 1 60 qemu-img bench -t none -c 20000 -d 8 -s 4096 -w \
  --pattern 0x66 --image-opts "$(image $web1 0)" >"$work/bench.log" 2>&1
bench=$child
sleep 1
kill -KILL "$array"
wait "$array" 2>/dev/null || true
await_oper '*[a-z]*'
sleep 1
array_start
wait "$bench" || fail "writing ended with $?: $(tail -n 2 "$work/bench.log")"
check "reads what was written" io $web1 0 'read -P 0x66 0 1M'

# A vHBA that is gone has no session with the array.
configure "$(jq -c 'del(.vhbas[])' <<<"$(config "")")"
sleep 0.5
check_eq "no session is left" "$(as_array status '[.vhbas[].sessions[]] | length')" 0
engine_kill TERM
check_eq "no complaint" "$(grep -v '^ready' "$work/engine.log")" ""
kill "$array"
