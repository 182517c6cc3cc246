# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sends tagged frames from one interface and counts them at another."""
import ctypes
import os
import socket
import struct
import sys

SOL_PACKET, PACKET_AUXDATA = 263, 8
ETH_P_ALL, ETH_P_8021Q, ETH_P_TEST = 0x0003, 0x8100, 0x88B5
CLONE_NEWNET = 0x40000000
VID = 100


def enter(netns):
    """The calling process moves to a named network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open("/run/netns/" + netns, os.O_RDONLY)
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns " + netns)
    os.close(fd)


def packet_socket(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((interface, 0))
    sock.settimeout(5)
    return sock


def vid_of(ancillary):
    """The stack takes the tag out of the frame and hands it over beside it."""
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            return struct.unpack("IIIHHHH", data)[5] & 0x0FFF
    return None


def main():
    source_ns, source, sink_ns, sink, count = sys.argv[1:]
    enter(sink_ns)
    receiver = packet_socket(sink)
    receiver.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    enter(source_ns)
    sender = packet_socket(source)

    macs = bytes.fromhex("020000000002" "020000000001")
    tag = struct.pack("!HH", ETH_P_8021Q, VID)
    kind = struct.pack("!H", ETH_P_TEST)
    sent = []
    for number in range(int(count)):
        payload = struct.pack("!I", number) + b"raceway" + bytes(60)
        sender.send(macs + tag + kind + payload)
        sent.append(macs + kind + payload)

    got = []
    while len(got) < len(sent):
        frame, ancillary, _, _ = receiver.recvmsg(2048, 256)
        if frame[12:14] == kind:
            got.append(frame)
            if vid_of(ancillary) != VID:
                sys.exit(f"frame {len(got)} arrived with VID {vid_of(ancillary)}, not {VID}")
    if got != sent:
        sys.exit("frames arrived with other bytes or in another order")


main()
