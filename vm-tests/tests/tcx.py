# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Tries to attach a pinned TC program by tcx. Prints yes or no."""
import ctypes
import errno
import os
import socket
import struct
import sys

SYS_BPF = 321  # x86-64
BPF_OBJ_GET, BPF_LINK_CREATE = 7, 28
BPF_TCX_INGRESS = 46
ATTR_BYTES = 64


def bpf(command, attr):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attr.ljust(ATTR_BYTES, b"\0"), ATTR_BYTES)
    fd = libc.syscall(SYS_BPF, command, buffer, ATTR_BYTES)
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return fd


def main():
    pin, interface = sys.argv[1:]
    path = ctypes.create_string_buffer(pin.encode())
    program = bpf(BPF_OBJ_GET, struct.pack("QII", ctypes.addressof(path), 0, 0))
    ifindex = socket.if_nametoindex(interface)
    try:
        bpf(BPF_LINK_CREATE, struct.pack("IIII", program, ifindex, BPF_TCX_INGRESS, 0))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        print("no")
        return
    print("yes")


main()
