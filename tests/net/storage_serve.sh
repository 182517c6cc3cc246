#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The whole of storage by the command line: racewayd, the engine that it starts, and initiators
# (libiscsi, qemu) in guests with vNICs. Who sees what, what is copied, what survives whose death.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

pool=$work/pool
portal=10.8.0.1:3260
mkdir "$pool"

rw() { "$bin/raceway" --socket "$work/run/raceway.sock" "$@"; }

fails() { # COMMAND...: its complaint is in $work/refused
  ! "$@" >/dev/null 2>"$work/refused"
}

vhba() { # NAME JQ: one value
  rw -j -s vhba show "$1" | jq -r ".vhbas[0] | $2"
}

url() { # LUN [USER%SECRET]
  echo "iscsi://${2:+$2@}$portal/$target/$1"
}

tool() { # NS TOOL INITIATOR ARGS...
  in_ns "$1" timeout 20 "iscsi-$2" -i "${@:3}" 2>>"$work/tool.err"
}

luns() { # NS INITIATOR: what it sees, "0 3"
  { tool "$1" ls "$2" -s "iscsi://$portal" || true; } | sed -nE 's/^Lun:([0-9]+) .*/\1/p' | xargs
}

io() { # NS INITIATOR LUN COMMAND...: qemu-io's; false if one of them fails
  local n=$1 name=$2 lun=$3 args=(${RO:+-r}) c
  shift 3
  for c; do args+=(-c "$c"); done
  in_ns "$n" timeout 60 qemu-io "${args[@]}" --image-opts \
    "driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=$portal,file.target=$target,file.lun=$lun,file.initiator-name=$name${CHAP:-}" \
    >"$work/io.log" 2>&1 && ! grep -qiE 'fail|error|unable|refused' "$work/io.log"
}

refused() { # DESCRIPTION LINE COMMAND...
  local status=0
  "${@:3}" >/dev/null 2>"$work/refused" || status=$?
  check_eq "$1" "$status $(cat "$work/refused")" "1 raceway: $2"
}

# Guests a and b and the portal's own place, all with a vNIC in one segment without an uplink.
new_ns host store a b
daemon_start
rw segment add san
n=1
for g in store a b; do
  rw profile add $g
  rw profile bind $g server local
  rw vnic add $g/eth0 segment san netns "$(ns $g)"
  ip -n "$(ns $g)" addr add 10.8.0.$n/24 dev eth0
  n=$((n + 1))
done

# --- from nothing to blocks ---
rw san add pool type pool path "$pool"
rw volume add pool/boot size 64m
rw volume add pool/data size 64m
rw portal add p address 10.8.0.1 netns "$(ns store)"
rw vhba add a/h0 san pool
rw vhba map a/h0 lun 0 volume pool/boot
target=$(vhba a/h0 .target)
a=$(vhba a/h0 .initiator)
check_eq "its port name is its initiator's" "$a" "naa.$(vhba a/h0 .wwpn)"
check_eq "how it proves itself" "$(vhba a/h0 .auth)" location
check_eq "where it goes" "$(vhba a/h0 .portal)" "$portal"
check_eq "all is well" "$(vhba a/h0 .oper) $(rw -j portal show p | jq -r '.portals[0].oper')" "up up"
check_eq "a's initiator" "$(luns a "$a")" 0
check "writes" io a "$a" 0 'write -P 0x11 0 1M' 'write -P 0x22 1M 64k' flush
check "reads it back" io a "$a" 0 'read -P 0x11 0 1M' 'read -P 0x22 1M 64k' 'read -P 0 8M 64k'
check_not "and nothing else" io a "$a" 0 'read -P 0x12 0 1M'
check_eq "it is in the volume's file" "$(head -c 1M "$pool/boot.raw" | tr -d '\021' | wc -c)" 0

# --- who sees what ---
check_eq "the right name from the wrong host" "$(luns b "$a")" ""
check_eq "another name from the right host" "$(luns a iqn.2026-01.nobody:x)" ""
check_not "a LUN that is not mapped" tool a inq "$a" "$(url 1)"
rw vhba add b/h0 san pool
b=$(vhba b/h0 .initiator)
check_eq "no map, no LUN" "$(luns b "$b")" ""
refused "the same volume" "vhba b/h0: volume pool/boot is mapped to vhba a/h0 too: both maps must say shared" \
  rw vhba map b/h0 lun 0 volume pool/boot
rw vhba map b/h0 lun 5 volume pool/data shared
rw vhba map a/h0 lun 7 volume pool/data shared ro
check_eq "a" "$(luns a "$a")" "0 7"
check_eq "b" "$(luns b "$b")" "5"
check "b writes" io b "$b" 5 'write -P 0x33 0 64k' flush
RO=1 check "a reads it" io a "$a" 7 'read -P 0x33 0 64k'
check_not "and may not write" io a "$a" 7 'write -P 0x44 0 64k'
rw san add none type null
rw volume add none/n size 1g
rw vhba add a/h1 san none auth none
rw vhba map a/h1 lun 0 volume none/n
check "a second vHBA of the profile on another SAN" io a "$(vhba a/h1 .initiator)" 0 'write 0 64k' \
  'read -P 0 0 64k'
refused "a volume of another SAN" "vhba a/h1: volume pool/data is not on san none, the vHBA's" \
  rw vhba map a/h1 lun 1 volume pool/data
check "auth none opens it to anybody" io b "$(vhba a/h1 .initiator)" 0 'read 0 4k'
rw profile unbind b
check_eq "unbound" "$(luns b "$b")" ""
rw profile bind b server local
ip -n "$(ns b)" addr add 10.8.0.3/24 dev eth0

# --- CHAP ---
(umask 077 && printf abcdefghijklmno >"$work/secret" && printf ponmlkjihgfedcb >"$work/mutual")
rw vhba set b/h0 chap bee secret-file "$work/secret"
check_eq "given, it is asked for" "$(vhba b/h0 .auth)" chap
check "right" tool b inq "$b" "$(url 5 bee%abcdefghijklmno)" >/dev/null
check "from anywhere" tool a inq "$b" "$(url 5 bee%abcdefghijklmno)" >/dev/null
check_not "wrong secret" tool b inq "$b" "$(url 5 bee%abcdefghijklmnx)"
check_not "no secret" tool b inq "$b" "$(url 5)"
check_not "with another's name" tool b inq "$a" "$(url 0 bee%abcdefghijklmno)"
rw vhba set b/h0 mutual-chap us secret-file "$work/mutual"
both="$(url 5 bee%abcdefghijklmno)?target_user=us&target_password="
check "mutual" tool b inq "$b" "${both}ponmlkjihgfedcb" >/dev/null
check_not "mutual, and not us" tool b inq "$b" "${both}ponmlkjihgfedcx"
chmod 644 "$work/secret"
check "a secret that others can read" fails rw vhba set b/h0 weight 2
check "says so" grep -q "^raceway: vhba b/h0: .*$work/secret" "$work/refused"
check_eq "and nothing is stored" "$(vhba b/h0 .weight)" 1
chmod 600 "$work/secret"
check "one that is not there" fails rw vhba set b/h0 secret-file "$work/nothing"
check_eq "the old one goes on" "$(vhba b/h0 .secret_file)" "$work/secret"
check "so" tool b inq "$b" "${both}ponmlkjihgfedcb" >/dev/null
printf newnewnewnewnew >"$work/secret"
kill -HUP "$daemon_pid"
# shellcheck disable=SC2317 # called by until_true
new_secret() { tool b inq "$b" "$(url 5 bee%newnewnewnewnew)?target_user=us&target_password=ponmlkjihgfedcb" >/dev/null 2>&1; }
until_true "another secret in the file, after SIGHUP" new_secret
rw vhba set b/h0 chap "" secret-file "" mutual-chap "" mutual-secret-file "" auth location

# --- copies ---
# shellcheck disable=SC2317
whole() { [ "$(rw -j volume show "$1" | jq -r '.volumes[0].oper')" = up ]; }
rw volume snapshot pool/boot before 2>/dev/null
until_true "the snapshot is whole" whole pool/before
rw volume clone pool/boot twin 2>/dev/null
check "a has changed it since" io a "$a" 0 'write -P 0x99 0 1M' flush
until_true "the clone is whole" whole pool/twin
refused "a snapshot is not written to" "vhba a/h0: volume pool/before is read-only: map it with ro" \
  rw vhba map a/h0 lun 1 volume pool/before
rw vhba map a/h0 lun 1 volume pool/before ro
rw vhba map a/h0 lun 2 volume pool/twin
RO=1 check "what was" io a "$a" 1 'read -P 0x11 0 1M'
check_not "is frozen" io a "$a" 1 'write 0 4k'
check "a clone is a volume of its own" io a "$a" 2 'read -P 0x11 0 1M' 'write -P 0x77 0 4k' flush
check "and its origin does not see it" io a "$a" 0 'read -P 0x99 0 1M'
refused "in use" "volume pool/twin: in use by vhba a/h0" rw volume del pool/twin
rw vhba unmap a/h0 lun 1
rw vhba unmap a/h0 lun 2
rw volume del pool/before
rw volume del pool/twin
check_eq "files" "$(cd "$pool" && echo *)" "boot.raw data.raw"
touch "$pool/foreign.raw"
refused "a file that is there" "volume pool/foreign: there is a file of that name" \
  rw volume add pool/foreign size 1m
check "stays there" test -e "$pool/foreign.raw"
check "a device that is none" fails rw volume add pool/dev dev /dev/nothing-of-the-kind
check_eq "is not stored" "$(rw -j volume show | jq -c '[.volumes[].name]')" \
  '["none/n","pool/boot","pool/data"]'

# --- while a session runs ---
mkfifo "$work/qemu"
exec 8<>"$work/qemu"
# Not by background: what it starts has /dev/null for input.
nsenter --net="/run/netns/$(ns a)" -- qemu-io --image-opts "driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=$portal,file.target=$target,file.lun=0,file.initiator-name=$a" \
  <"$work/qemu" >"$work/qemu.log" 2>&1 &
children+=("$!")
said=0
say() { # COMMAND PATTERN: an answer of its own for each
  echo "$1" >&8
  for _ in $(seq 150); do
    [ "$(grep -cE "$2" "$work/qemu.log")" -gt "$said" ] && break
    sleep 0.1
  done
  check_between "session: $1" "$(grep -cE "$2" "$work/qemu.log")" $((said + 1)) 99
}
say 'write -P 0x55 4M 1M' 'wrote 1048576/1048576'
since=$(vhba a/h0 '.sessions[0].since')
check_eq "it is shown" "$(vhba a/h0 '.sessions[0] | .peer + " " + .transport' | sed 's/:[0-9]* / /')" \
  "10.8.0.2 iscsi"
check_between "since when" "$since" "$((($(date +%s) - 60) * 1000000000))" "$(date +%s%N)"
check_between "counted" "$(vhba a/h0 .write.bytes)" 1048576 99999999
rw volume set pool/boot size 96m
check_eq "larger" "$(tool a readcapacity16 "$a" "$(url 0)" | sed -n 's/^Total size://p')" $((96 << 20))
rw vhba set a/h0 iops-pir 1000 cir 1mbit pir 1gbit weight 5
rw vhba map a/h0 lun 9 volume pool/data ro shared 2>/dev/null || true
daemon_stop
sleep 0.2
said=0
say 'read -P 0x55 4M 1M' 'read 1048576/1048576'
daemon_start
check_eq "the daemon's return: the same session" "$(vhba a/h0 '.sessions[0].since')" "$since"
daemon_stop KILL
daemon_start
check_eq "after its crash too" "$(vhba a/h0 '.sessions[0].since')" "$since"
said=1
say 'read -P 0x55 4M 1M' 'read 1048576/1048576'
said=0
say 'write -f -P 0x66 5M 1M' 'wrote 1048576/1048576 bytes at offset 5242880'
engine=$(engine_pid)
kill -9 "$engine"
said=2
say 'read -P 0x66 5M 1M' 'read 1048576/1048576'
check_not "no word was lost" grep -q 'Pattern verification failed' "$work/qemu.log"
check_not "another engine" test "$(engine_pid)" = "$engine"
check_eq "its session is shown" "$(vhba a/h0 '.sessions | length')" 1
echo quit >&8
exec 8>&-

# --- what people are told ---
rw monitor >"$work/events" &
children+=("$!")
sleep 0.3
luns b "$a" >/dev/null
check "b" io b "$b" 5 'read 0 4k'
# shellcheck disable=SC2317
told() { grep -q "$1" "$work/events"; }
until_true "who was refused" told "login-refused.*$a"
until_true "who came" told "session-open.*b/h0"
until_true "who went" told "session-close.*b/h0"
check "as a tree" grep -q "^        vhba a/h0 san pool wwpn ${a#naa.} auth location luns 0 pool/boot" <(rw show)
check "by doctor" grep -q '^ok *engine: raceway-vhba' <(rw doctor)
rw export >"$work/doc.yaml"
check_eq "export | apply" "$(rw apply -f "$work/doc.yaml")" ""

# --- and away ---
check "prune" rw apply --prune -f - >/dev/null <<<"schema: 1"
check_eq "only the stranger's file is left" "$(cd "$pool" && echo *)" foreign.raw
check_not "nobody listens" tool a ls "$a" "iscsi://$portal"
check_eq "quiet" "$(grep -vc 'the storage engine is down: it has ended' "$work/daemon.err" || true)" 0
