#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The first process of a User-mode Linux that serves the file lio_file by LIO, until it is killed.
# shellcheck disable=SC2154 # from the command line
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
set -e
mount -t proc proc /proc
mount -t sysfs sys /sys
# The host's folder of the file may be hidden here by a file system of the guest's own.
mount -t tmpfs tmpfs /run
mkdir /run/store
mount -t hostfs -o "${lio_file%/*}" none /run/store
modprobe -a target_core_mod target_core_file iscsi_target_mod
mount -t configfs configfs /sys/kernel/config
ip addr add 10.9.1.2/24 dev vec0
ip link set vec0 up
ip link set lo up
core=/sys/kernel/config/target/core/fileio_0/file
mkdir -p "$core"
echo "fd_dev_name=/run/store/${lio_file##*/},fd_dev_size=$(stat -c %s "/run/store/${lio_file##*/}"),fd_buffered_io=1" \
  >"$core/control"
echo 1 >"$core/enable"
group=/sys/kernel/config/target/iscsi/$lio_target/tpgt_1
mkdir -p "$group/np/10.9.1.2:3260" "$group/lun/lun_$lio_lun"
ln -s "$core" "$group/lun/lun_$lio_lun/file"
for setting in authentication=0 demo_mode_write_protect=0 generate_node_acls=1 \
  cache_dynamic_acls=1; do
  echo "${setting#*=}" >"$group/attrib/${setting%=*}"
done
echo 1 >"$group/enable"
: >"$lio_run/lio.ready"
exec sleep infinity
