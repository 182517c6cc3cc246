#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Runs the cells of the folder $rates_run: as the first process in User-mode Linux, where the
# kernel's command line names the folder, or natively in namespaces of its own.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
if [ $$ = 1 ]; then
  mount -t proc proc /proc
  mount -t sysfs sys /sys
  for m in sch_netem sch_fq sch_htb sch_tbf sch_ingress cls_bpf cls_u32 veth bridge; do
    modprobe -q "$m"
  done
fi
mount -t tmpfs tmpfs /run
mount -t bpf bpf /sys/fs/bpf
mkdir -p /run/netns
ip link set lo up
# shellcheck disable=SC2154 # from the command line
python3 -B "$(dirname "$0")/cells.py" "$rates_run/cells.json" >"$rates_run/out" 2>"$rates_run/err"
status=$?
[ $$ != 1 ] || poweroff -f
exit "$status"
