#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# First process in User-mode Linux: rates_run=DIR on the kernel's command line names the folder
# with the cells to run, and takes what comes of them.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmpfs /run
mount -t bpf bpf /sys/fs/bpf
mkdir -p /run/netns
ip link set lo up
for m in sch_netem sch_fq sch_htb sch_tbf sch_ingress cls_bpf veth bridge; do
  modprobe -q "$m"
done
python3 "$(dirname "$0")/cells.py" "$rates_run/cells.json" >"$rates_run/out" 2>"$rates_run/err"
echo $? >"$rates_run/status"
poweroff -f
