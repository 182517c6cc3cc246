#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Raw Ethernet frames for the network tests: send exact bytes, catch what arrives.

  frames.py send DEV HEX [COUNT]       frames as they are, tag in the bytes
  frames.py catch DEV SECONDS [READY]  prints each arriving frame as hex, tags put back;
                                       creates the file READY when it listens
"""
import errno
import os
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6


def send(dev, text, count):
    frame = bytes.fromhex(text)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((dev, 0))
    for _ in range(count):
        s.send(frame)


def whole(frame, ancillary):
    """The kernel hands the outer tag over beside the frame: put it back."""
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                if not status & TP_STATUS_VLAN_TPID_VALID:
                    tpid = 0x8100
                return frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return frame


def catch(dev, seconds, ready):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.bind((dev, ETH_P_ALL))
    # Promiscuous: a frame for somebody else must be seen if it comes.
    s.setsockopt(SOL_PACKET, 1, struct.pack("IHH8s", socket.if_nametoindex(dev), 1, 0, b""))
    if ready:
        open(ready, "w").close()
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0:
            return
        s.settimeout(left)
        try:
            frame, ancillary, _, address = s.recvmsg(65600, 256)
        except (socket.timeout, BlockingIOError):
            return
        except OSError as problem:
            if problem.errno != errno.ENETDOWN:  # it may come up again
                raise
            continue
        if address[2] == PACKET_OUTGOING:
            continue
        print(whole(frame, ancillary).hex(), flush=True)


def main():
    if len(sys.argv) >= 4 and sys.argv[1] == "send":
        send(sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    elif len(sys.argv) >= 4 and sys.argv[1] == "catch":
        catch(sys.argv[2], float(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else None)
    else:
        sys.exit(__doc__)
    sys.stdout.flush()
    os._exit(0)


main()
