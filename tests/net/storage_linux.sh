#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Linux's own iSCSI initiator, in User-mode Linux on a tap: a file system, fio with verify, unmap,
# a persistent reservation, and the target killed under load. What the initiator sees is in
# tests/uml/initiator.sh, what the host knows beside it here.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/target.bash"
. "$(dirname "$0")/../uml/run.bash"

fs_bytes=$((128 << 20))
raw_bytes=$((32 << 20))
me=iqn.2026-11.local.raceway:uml
other=iqn.2026-11.local.raceway:other

blocks() { # VOLUME: what its file takes, in MiB
  echo $(($(stat -c '%b * %B' "$(target_file "$1")") >> 20))
}

other_may() { # COMMAND: another initiator's, on the same volume
  in_ns san qemu-io --image-opts -c "$1 0 4096" \
    "driver=iscsi,transport=tcp,portal=$target_address:3260,target=$target_name,lun=2,initiator-name=$other" \
    >"$work/qemu-io" 2>&1
}

asked() { # WORD: what the initiator cannot do itself
  case $1 in
  blocks-before-fstrim)
    before=$(blocks fs)
    ;;
  blocks-after-fstrim)
    check_between "fstrim gives back what was deleted, MiB" "$((before - $(blocks fs)))" 15 40
    ;;
  blocks-after-discard)
    check_between "a discarded volume takes nothing, MiB" "$(blocks raw)" 0 1
    ;;
  reserved)
    check "another initiator may read" other_may read
    check_not "and may not write" other_may write
    ;;
  free)
    check "another initiator may write again" other_may write
    ;;
  restart)
    target_kill
    target_start
    ;;
  kill)
    target_kill
    sleep 0.5
    target_start
    ;;
  grow)
    target_grow raw $((raw_bytes * 2))
    ;;
  *) fail "the initiator asks for '$1'" ;;
  esac
}

uml_ready || skip "linux.uml is missing: tools/deps installs it"
new_ns san
in_ns san ip tuntap add dev tap0 mode tap
in_ns san ip addr add $target_address/24 dev tap0
in_ns san ip link set tap0 up
target_map fs $fs_bytes 1 $me
target_map raw $raw_bytes 2 $me
target_map raw $raw_bytes 2 $other
target_start

mkdir "$work/uml"
: >"$work/uml/checks"
uml_start san tap0 "$top/tests/uml/initiator.sh" "initiator_run=$work/uml" \
  "initiator_name=$me" "target=$target_name" "fs_bytes=$fs_bytes" "raw_bytes=$raw_bytes" \
  "grown_bytes=$((raw_bytes * 2))"
for _ in $(seq 1500); do
  kill -0 "$uml_machine" 2>/dev/null || break
  if [ -e "$work/uml/ask" ]; then
    asked "$(cat "$work/uml/ask")"
    rm "$work/uml/ask"
  fi
  sleep 0.05
done
seen=0
last=
while IFS=$'\t' read -r what got want; do
  last=$what
  [ "$what" != end ] || break
  check_eq "$what" "$got" "$want"
  seen=$((seen + 1))
done <"$work/uml/checks"
check_eq "the initiator came to its end" "$last" end
check_eq "the initiator's checks" "$seen" 31
if [ "$failures" -gt 0 ]; then
  tail -n 30 "$work/uml.console" "$work"/uml/* "$work/vhba.err" >&2 || true
fi
