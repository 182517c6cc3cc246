#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The first process of a User-mode Linux: Linux's own iSCSI initiator against the target at
# 10.9.0.1. The kernel's command line names a folder as initiator_run. There, `checks` gets lines
# of DESCRIPTION, GOT and WANT, separated by tabs, the last one being `end`; what only the host
# can do is asked for in `ask`, which the host removes when it is done.
# shellcheck disable=SC2154 # from the command line
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TMPDIR=/run
cd /
mount -t proc proc /proc
mount -t sysfs sys /sys
for folder in /run /etc/iscsi /var/lib; do mount -t tmpfs tmpfs "$folder"; done
mkdir -p /run/lock/iscsi
run=$initiator_run
exec >"$run/log" 2>&1
portal=10.9.0.1

equal() { # DESCRIPTION GOT WANT
  printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$run/checks"
}

done_well() { # DESCRIPTION COMMAND...
  local what=$1 status=0
  shift
  "$@" || status=$?
  equal "$what" "$status" 0
}

host() { # WORD: the host does it
  echo "$1" >"$run/ask.new"
  mv "$run/ask.new" "$run/ask"
  while [ -e "$run/ask" ]; do sleep 0.05; done
}

leave() {
  echo end >>"$run/checks"
  dmesg >"$run/dmesg"
  poweroff -f
}
trap leave EXIT

device() { # LUN: its /dev name
  local block
  for block in /sys/class/iscsi_session/session*/device/target*/*:"$1"/block/*; do
    [ -e "$block" ] && echo "/dev/${block##*/}" && return
  done
}

until_equal() { # DESCRIPTION WANT COMMAND...: within ten seconds
  local what=$1 want=$2 got=
  shift 2
  for _ in $(seq 100); do
    got=$("$@")
    [ "$got" = "$want" ] && break
    sleep 0.1
  done
  equal "$what" "$got" "$want"
}

luns() {
  local block
  for block in /sys/class/iscsi_session/session*/device/target*/*:*/block; do
    [ -e "$block" ] && block=${block%/block} && echo -n "${block##*:} "
  done
}

login() {
  modprobe -a iscsi_tcp sd_mod sg
  ip link set lo up
  ip addr add 10.9.0.2/24 dev vec0
  ip link set vec0 up
  echo "InitiatorName=$initiator_name" >/etc/iscsi/initiatorname.iscsi
  # A target that is killed is asked for again after a second.
  cat >/etc/iscsi/iscsid.conf <<CONF
node.session.timeo.replacement_timeout = 60
node.conn[0].timeo.noop_out_interval = 2
node.conn[0].timeo.noop_out_timeout = 5
node.conn[0].timeo.login_timeout = 5
node.conn[0].iscsi.HeaderDigest = CRC32C,None
node.conn[0].iscsi.DataDigest = CRC32C,None
CONF
  iscsid -c /etc/iscsi/iscsid.conf -i /etc/iscsi/initiatorname.iscsi
  equal "discovery tells the target" \
    "$(iscsiadm -m discovery -t sendtargets -p $portal | cut -d ' ' -f 2 | sort -u)" "$target"
  done_well "login" iscsiadm -m node -T "$target" -p $portal --login
  until_equal "the LUNs that are mapped" "1 2 " luns
  fs=$(device 1)
  raw=$(device 2)
  equal "size of LUN 1" "$(blockdev --getsize64 "$fs")" "$fs_bytes"
  equal "size of LUN 2" "$(blockdev --getsize64 "$raw")" "$raw_bytes"
  equal "digests" "$(cat /sys/class/iscsi_connection/connection*/{header,data}_digest | xargs)" \
    "1 1"
}

sums() { # the files' contents, from the disk
  echo 3 >/proc/sys/vm/drop_caches
  (cd /mnt && find . -type f ! -path './lost+found/*' -exec sha256sum {} + | sort)
}

file_system() {
  done_well "mkfs" mkfs.ext4 -q -E nodiscard "$fs"
  mount "$fs" /mnt
  cp -r /usr/include/linux /mnt/tree
  dd if=/dev/urandom of=/mnt/random bs=1M count=16 status=none
  done_well "sync" sync -f /mnt
  sums >/run/before
  done_well "unmount" umount /mnt
  done_well "fsck" e2fsck -fn "$fs"
  mount "$fs" /mnt
  sums >/run/after
  done_well "the files are the same" cmp /run/before /run/after
  equal "many files were compared" "$(($(wc -l </run/after) > 300))" 1
  rm /mnt/random
  sync -f /mnt
  host "blocks-before-fstrim"
  done_well "fstrim" fstrim /mnt
  host "blocks-after-fstrim"
}

verify() { # DESCRIPTION DEVICE [OPTION...]: all that was written is read back and compared
  local what=$1 dev=$2
  shift 2
  done_well "$what" fio --name=verify --filename="$dev" --ioengine=libaio --direct=1 --iodepth=16 \
    --rw=randwrite --bsrange=4k-128k --blockalign=4k --verify=crc32c --verify_fatal=1 \
    --do_verify=1 --output="$run/fio.${what// /-}" "$@"
}

unmap() {
  done_well "discard" blkdiscard "$raw"
  host "blocks-after-discard"
  done_well "what was discarded reads as zeroes" cmp -n "$raw_bytes" "$raw" /dev/zero
}

persist() { # OPTION...: exit status; what sg_persist said is in /run/persist
  sg_persist "$@" "$raw" >/run/persist 2>&1
}

reservation() {
  done_well "PR: register" persist --out --register --param-sark=0xabc --param-aptpl
  done_well "PR: reserve" persist --out --reserve --param-rk=0xabc --prout-type=5
  persist --in --read-keys
  equal "PR: keys" "$(grep -c '^ *0xabc$' /run/persist)" 1
  host "reserved"
  host "restart"
  # The first command is answered with a unit attention.
  until_equal "PR: the reservation outlived the target" 1 held
  done_well "PR: the holder may write" dd if=/dev/zero of="$raw" bs=4k count=1 oflag=direct
  host "reserved"
  done_well "PR: release" persist --out --release --param-rk=0xabc --prout-type=5
  done_well "PR: unregister" persist --out --register --param-rk=0xabc
  host "free"
}

held() {
  persist --in --read-reservation
  grep -c 'Key=0xabc' /run/persist
}

reconnect() {
  sums >/run/before
  verify "fio while the target is killed" "$raw" --size="$raw_bytes" --time_based=0 \
    --rate=4m --loops=1 &
  local fio=$!
  for _ in 1 2; do
    sleep 2
    host "kill"
  done
  wait "$fio"
  cp /usr/bin/fio /mnt/new
  done_well "the file system goes on" sync -f /mnt
  rm /mnt/new
  sums >/run/after
  done_well "no file has changed" cmp /run/before /run/after
  umount /mnt
  done_well "fsck at the end" e2fsck -fn "$fs"
  equal "no I/O error" "$(dmesg | grep -ciE 'I/O error|offline|EXT4-fs error')" 0
  equal "the session came back" "$(($(dmesg | grep -c 'detected conn error') >= 2))" 1
}

grow() {
  host "grow"
  echo 1 >"/sys/block/${raw#/dev/}/device/rescan"
  until_equal "the larger size is seen" "$grown_bytes" blockdev --getsize64 "$raw"
}

login
file_system
verify "fio with verify" "$raw" --size="$raw_bytes"
unmap
reservation
reconnect
grow
done_well "logout" iscsiadm -m node -T "$target" -p $portal --logout
