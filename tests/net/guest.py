#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A guest's system that has its addresses ready: as soon as the interface is there it has them.

  guest.py DEV ADDRESS NEIGHBOUR LLADDR    a /24, and a neighbour that is known already
"""
import fcntl
import socket
import struct
import sys

RTMGRP_LINK = 1
SIOCSIFADDR, SIOCSIFNETMASK, SIOCSARP = 0x8916, 0x891C, 0x8955
ATF_COM, ATF_PERM = 2, 4


def inet(address):
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def configure(dev, address, neighbour, lladdr):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    name = dev.encode()
    try:
        fcntl.ioctl(s, SIOCSIFADDR, struct.pack("16s16s", name, inet(address)))
        fcntl.ioctl(s, SIOCSIFNETMASK, struct.pack("16s16s", name, inet("255.255.255.0")))
        hardware = struct.pack("=H14s", 1, bytes.fromhex(lladdr.replace(":", "")))
        fcntl.ioctl(s, SIOCSARP, inet(neighbour) + hardware +
                    struct.pack("=i", ATF_COM | ATF_PERM) + bytes(16) + name.ljust(16, b"\0"))
    except OSError:
        pass  # it is not there, or not up yet: another event follows


def main(dev, address, neighbour, lladdr):
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    events.bind((0, RTMGRP_LINK))
    while True:
        configure(dev, address, neighbour, lladdr)
        events.recv(65536)


main(*sys.argv[1:])
