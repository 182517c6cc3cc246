#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A machine boots from a vHBA's LUN: iPXE in an emulated PC logs in with CHAP, starts the LUN's
# boot sector, and that reads the LUN's last sector by the BIOS and prints it. With a wrong secret
# it finds no disk.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/target.bash"

me=naa.3000000000000001
sectors=32768
secret=correct-horse
ipxe=/usr/lib/ipxe/ipxe.lkrn

boot() { # SECRET: what the serial port said is in $work/serial
  cat >"$work/script" <<SCRIPT
#!ipxe
ifopen net0
set net0/ip 10.9.0.2
set net0/netmask 255.255.255.0
set initiator-iqn $me
set username booter
set password $1
sanboot --keep iscsi:$target_address::3260:1:$target_name || exit
SCRIPT
  in_ns san timeout 60 qemu-system-x86_64 -accel tcg -machine pc -m 256 -nographic -vga none \
    -no-reboot -kernel $ipxe -initrd "$work/script" \
    -netdev tap,id=n,ifname=tap0,script=no,downscript=no \
    -device virtio-net-pci,netdev=n,romfile= -monitor none -serial "file:$work/serial" \
    </dev/null >"$work/qemu.log" 2>&1 &
  qemu=$!
  children+=("$qemu")
}

said() { # TEXT: within 30 s
  for _ in $(seq 300); do
    grep -aqF "$1" "$work/serial" 2>/dev/null && return
    kill -0 "$qemu" 2>/dev/null || break
    sleep 0.1
  done
  grep -aqF "$1" "$work/serial"
}

[ -e $ipxe ] || skip "ipxe is missing: tools/deps installs it"
new_ns san
in_ns san ip tuntap add dev tap0 mode tap
in_ns san ip addr add $target_address/24 dev tap0
in_ns san ip link set tap0 up
gcc -m32 -c -DLAST_LBA=$((sectors - 1)) -o "$work/sector.o" "$top/tests/net/boot/sector.S"
ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o "$work/sector" "$work/sector.o"
truncate -s $((sectors * 512)) "$(target_file boot)"
dd if="$work/sector" of="$(target_file boot)" conv=notrunc status=none
printf 'the last sector\r\n\0' |
  dd of="$(target_file boot)" bs=512 seek=$((sectors - 1)) conv=notrunc status=none
(umask 077 && printf '%s' $secret >"$work/secret")
target_map boot $((sectors * 512)) 1 $me \
  "{\"auth\": \"chap\", \"chap\": \"booter\", \"secret_file\": \"$work/secret\"}"
target_start

boot $secret
check "the boot sector runs" said 'boot sector'
check "and reads its disk" said 'the last sector'
wait "$qemu" || fail "the boot sector could not stop the machine"
boot wrong-secret
check "with a wrong secret there is no disk" said 'Could not open SAN device'
check_not "and nothing boots" grep -aqF 'boot sector' "$work/serial"
kill "$qemu"
[ "$failures" -eq 0 ] || tail -n 30 "$work/serial" "$work/qemu.log" "$work/vhba.err" >&2
