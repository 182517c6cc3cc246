#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The storage engine with real initiators: who sees what, who may log in, what changes while
# sessions run, and that a crash loses nothing and is got over.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vhba.bash"

web1=naa.3000000000000001
web2=iqn.2026-11.test:web2
big=67108864

# $1: LUNs of web1; $2: more members of web1
config() {
  cat <<EOF
{"sans": [{"name": "p", "type": "pool", "path": "$pool"}, {"name": "z", "type": "null"}],
 "volumes": [{"name": "p/a", "size": $big, "id": "00000000000000a1"},
             {"name": "p/b", "size": $big, "id": "00000000000000b1"},
             {"name": "z/n", "size": $big, "id": "00000000000000c1"}],
 "portals": [{"name": "one", "address": "$portal", "transport": "iscsi", "group": 1},
             {"name": "six", "address": "[::1]:3260", "transport": "iscsi", "group": 2}],
 "vhbas": [{"name": "web1/h0", "wwpn": "3000000000000001", "san": "p", "auth": "none",
            "luns": [$1]${2:-}},
           {"name": "web2/h0", "wwpn": "3000000000000002", "initiator": "$web2", "san": "p",
            "auth": "none", "luns": [{"lun": 7, "volume": "p/b", "ro": true}]},
           {"name": "web3/h0", "wwpn": "3000000000000003", "san": "z", "auth": "none",
            "luns": [{"lun": 0, "volume": "z/n", "ro": false}]}]}
EOF
}
lun_a='{"lun": 0, "volume": "p/a", "ro": false}'
lun_b='{"lun": 3, "volume": "p/b", "ro": false}'

in_ns engine sysctl -qw net.ipv6.conf.lo.disable_ipv6=0
engine_start --workers 2

# One engine per socket, and its socket is nobody else's.
check_not "a second engine" in_ns engine timeout 5 "$bin/raceway-vhba" --foreground \
  --run-dir "$work/run" --state-dir "$work/state2" 2>"$work/second"
check "it says why" grep -q 'another engine answers' "$work/second"
check_eq "rights of the socket" "$(stat -c %a "$control_socket")" 600
check_not "an option that is none" "$bin/raceway-vhba" --frobnicate 2>/dev/null
"$bin/raceway-vhba" --frobnicate 2>/dev/null || check_eq "its status" $? 2

# A volume's file is made when it is asked for, never by itself.
check_eq "absent files are problems" "$(configure "$(config "$lun_a")" | sort)" \
  "volume p/a: a.raw: No such file or directory
volume p/b: b.raw: No such file or directory"
create p/a $big
create p/b $big
check_not "a volume is not made twice" create p/a $big
check_eq "problems" "$(configure "$(config "$lun_a")")" ""
listen one "$portal"
listen six '[::1]:3260'

# Masks.
ls_of() { iscsi ls "$1" -s "iscsi://${2:-$portal}" 2>&1 | grep -o 'Lun:[0-9]*' | sort -u | paste -sd ' '; }
check_eq "web1 sees" "$(ls_of $web1)" "Lun:0"
check_eq "web2 sees" "$(ls_of $web2)" "Lun:7"
check_eq "by IPv6" "$(ls_of $web1 '[::1]:3260')" "Lun:0"
check_eq "both portals are found" "$(iscsi ls $web1 "iscsi://$portal" | sort | paste -sd ' ')" \
  "Target:$target Portal:127.0.0.1:3260,1 Target:$target Portal:[::1]:3260,2"
check_not "nobody sees anything" iscsi ls iqn.2026-11.test:nobody "iscsi://$portal"
check_not "a LUN that is not mapped" iscsi inq $web1 "$(url 7)"
check_eq "who it says it is" "$(iscsi inq $web1 "$(url 0)" | grep -c '^Vendor:RACEWAY')" 1
check_eq "capacity" "$(iscsi readcapacity16 $web1 "$(url 0)" | awk '/Total size/ {print $2 $3}')" \
  "size:$big"

# Data.
check "write" io $web1 0 'write -P 0x11 0 1M' 'write -P 0x22 1M 64k' 'flush'
check "read it again" io $web1 0 'read -P 0x11 0 1M' 'read -P 0x22 1M 64k' 'read -P 0 1088k 64k'
check_not "something else was read" io $web1 0 'read -P 0x12 0 1M'
check_eq "it is in the file" "$(head -c 1M "$pool/a.raw" | tr -d '\021' | wc -c)" 0
check_not "a map that is read-only" io $web2 7 'write -P 0x33 0 4k'
check "reads" io_readonly $web2 7 'read -P 0 0 4k'
check "unmap" io $web1 0 'discard 0 1M' 'read -P 0 0 1M'
check_between "space is given back" "$(du -k "$pool/a.raw" | cut -f 1)" 0 128
check "the null store" io naa.3000000000000003 0 'write -P 0x44 0 64k' 'read -P 0 0 64k'

# CHAP, one way and mutual.
secret=$work/secret
mutual=$work/mutual
(umask 077 && echo abcdefghijklmno >"$secret" && echo ponmlkjihgfedcb >"$mutual")
chap=", \"auth\": \"chap\", \"chap\": \"web1\", \"secret_file\": \"$secret\""
check_eq "problems with CHAP" "$(configure "$(config "$lun_a" "$chap")")" ""
check "right secret" iscsi inq $web1 "$(url 0 '' web1%abcdefghijklmno)" >/dev/null
check_not "wrong secret" iscsi inq $web1 "$(url 0 '' web1%abcdefghijklmn0)"
check_not "wrong user" iscsi inq $web1 "$(url 0 '' web2%abcdefghijklmno)"
check_not "no secret" iscsi inq $web1 "$(url 0)"
check "discovery with it" iscsi ls $web1 "iscsi://web1%abcdefghijklmno@$portal" >/dev/null
check_not "discovery without" iscsi ls $web1 "iscsi://$portal"
check_not "another's CHAP does not open this one" iscsi inq $web2 \
  "$(url 0 '' web1%abcdefghijklmno)"
configure "$(config "$lun_a" "$chap, \"mutual_chap\": \"tgt\", \"mutual_secret_file\": \"$mutual\"")"
both="$(url 0 '' web1%abcdefghijklmno)?target_user=tgt&target_password="
check "mutual" iscsi inq $web1 "${both}ponmlkjihgfedcb" >/dev/null
check_not "mutual, the target does not know it" iscsi inq $web1 "${both}wrongwrongwrong"
chmod 640 "$secret"
check "a secret that others can read" grep -q 'read by others' \
  <<<"$(configure "$(config "$lun_a" "$chap")")"
check_not "opens nothing" iscsi inq $web1 "$(url 0 '' web1%abcdefghijklmno)"
chmod 600 "$secret"
check_eq "no secret is told" "$(grep -cE 'abcdefghij|ponmlkjihg' "$work/engine.log" "$work/configured")" \
  "$work/engine.log:0
$work/configured:0"

# While a session runs: a LUN comes, grows and goes; then the vHBA does.
configure "$(config "$lun_a")"
mkfifo "$work/session"
exec 9<>"$work/session" # open at both ends, or each would wait for the other
: >"$work/said"
interactive "$work/session" "$work/said" python3 "$top/tests/net/vhba_session.py" "$portal" \
  "$target" $web1
say() { # COMMAND ANSWER...
  echo "$1" >&9
  for _ in $(seq 50); do
    [ "$(wc -l <"$work/said")" -gt "${said:-0}" ] && break
    sleep 0.1
  done
  said=$((${said:-0} + 1))
  check_eq "session: $1" "$(sed -n "${said}p" "$work/said")" "$2"
}
say "luns" "0"
say "capacity 0" "$big"
configure "$(config "$lun_a, $lun_b")"
say "attention 0" "3f0e"
say "luns" "0 3"
say "attention 3" "2900"
say "capacity 3" "$big"
control "{\"op\": \"resize\", \"volume\": \"p/a\", \"type\": \"pool\", \"path\": \"$pool\",
  \"size\": $((2 * big))}" >/dev/null
say "attention 0" "2a09"
say "capacity 0" "$((2 * big))"
check_not "smaller" control "{\"op\": \"resize\", \"volume\": \"p/a\", \"type\": \"pool\",
  \"path\": \"$pool\", \"size\": $big}" >/dev/null
kept=$work/state/pr
: >"$kept/00000000000000b1"
: >"$kept/00000000000000e1"
for id in b1 e1; do
  control "{\"op\": \"delete\", \"volume\": \"x/y\", \"type\": \"\",
    \"volume_id\": \"00000000000000$id\"}" >/dev/null
done
check_eq "reservations of a volume that is no more are gone" "$(ls "$kept")" 00000000000000b1
check_not "a mapped volume is not deleted" control "{\"op\": \"delete\", \"volume\": \"p/b\",
  \"type\": \"pool\", \"path\": \"$pool\"}" >/dev/null
configure "$(config "$lun_b")"
say "attention 3" "3f0e"
say "luns" "3"
say "capacity 0" "sense 5/2500"
check_eq "its session is shown" \
  "$(status '.vhbas[] | select(.name == "web1/h0").sessions[0] | .initiator + " " + .portal')" \
  "$web1 one"
configure "$(config "$lun_b" "$chap")"
for _ in $(seq 60); do
  [ "$(status '[.vhbas[].sessions[]] | length')" = 0 ] && break
  sleep 0.1
done
check_eq "other credentials end the session" "$(status '[.vhbas[].sessions[]] | length')" 0
say "capacity 3" "closed"
exec 9>&-

# A crash: what was flushed is there, and an initiator that was connected goes on by itself.
configure "$(config "$lun_a")"
mkfifo "$work/qemu"
exec 8<>"$work/qemu"
interactive "$work/qemu" "$work/qemu.log" qemu-io --image-opts "$(image $web1 0)"
qemu=$child
echo 'write -f -P 0x55 4M 1M' >&8
for _ in $(seq 100); do
  grep -q 'wrote 1048576' "$work/qemu.log" && break
  sleep 0.1
done
engine_kill
engine_start --workers 2
configure "$(config "$lun_a")"
listen one "$portal"
echo 'read -P 0x55 4M 1M' >&8
# One line at a time: what it has read ahead it does not poll for.
for _ in $(seq 300); do
  grep -q 'read 1048576\|failed' "$work/qemu.log" && break
  sleep 0.1
done
echo quit >&8
exec 8>&-
wait "$qemu" || fail "qemu-io ended with $?"
check "the initiator came back" grep -q 'read 1048576/1048576' "$work/qemu.log"
check_not "what it read was right" grep -q 'Pattern verification failed' "$work/qemu.log"

# It ends when it is asked to, and with a configuration that is no JSON nothing changes.
check_not "a request without an operation" control '{"op": "frobnicate"}' >/dev/null
check_eq "still there" "$(ls_of $web1)" "Lun:0"
engine_kill TERM
check_eq "no complaint" "$(grep -v '^ready' "$work/engine.log")" ""
