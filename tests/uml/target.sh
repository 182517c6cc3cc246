#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The first process of a User-mode Linux that serves the volumes on its disk by raceway-vhba, until
# it is killed. The kernel's command line has the configuration's folder, target_run, and where
# programs are.
# shellcheck disable=SC2154 # from the command line
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
set -e
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /srv
mkdir /srv/disk
mount -t ext4 /dev/ubda /srv/disk
ln -s disk/pool /srv/pool
mkdir -p /srv/disk/state
ip link set lo up
ip addr add "$target_address/24" dev vec0
ip link set vec0 up
"$target_bin/raceway-vhba" --foreground --run-dir /run/vhba --state-dir /srv/disk/state \
  >/run/out 2>"$target_run/vhba.err" &
until grep -q '^ready$' /run/out; do sleep 0.05; done
python3 -B "$target_tools/vhba_control.py" /run/vhba/vhba.sock "@$target_run/vhba.json" \
  "{\"op\":\"listen\",\"portal\":\"portal\",\"address\":\"$target_address:3260\"}"
: >"$target_run/ready"
exec sleep infinity
