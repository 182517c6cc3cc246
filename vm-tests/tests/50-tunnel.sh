#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Tunnels of guests, where the kernel has all kinds of them.
modprobe -a vxlan geneve ip_gre ipip
exec bash "$(dirname "$0")/../../tests/net/daemon_tunnel.sh"
