#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Streams for the network tests whose bytes are compared and counted at the far end.

  traffic.py tcp-recv ADDR PORT READY          prints bytes and digest of one connection
  traffic.py tcp-send ADDR PORT BYTES          sends pseudo-random bytes, prints the same
  traffic.py udp-recv ADDR PORT SECONDS READY [SKIP]
                                               prints datagrams, their bytes, how often one
                                               was out of order or twice, the largest number
                                               seen, and bit/s of payload after SKIP seconds
                                               from the first datagram; SECONDS count from
                                               the first one too
  traffic.py udp-send ADDR PORT SIZE RATE SECONDS [SEGMENTS] [COUNT]
                                               RATE datagrams per second, numbered; in GSO
                                               packets of SEGMENTS; ends after COUNT; prints
                                               how many went out
"""
import hashlib
import random
import socket
import struct
import sys
import time

UDP_SEGMENT = 103
SO_RCVBUFFORCE = 33
FIRST_SECONDS = 20.0


def tcp_recv(address, port, ready):
    listener = socket.create_server((address, int(port)))
    open(ready, "w").close()
    listener.settimeout(FIRST_SECONDS)
    connection, _ = listener.accept()
    connection.settimeout(FIRST_SECONDS)
    digest, count = hashlib.sha256(), 0
    while True:
        data = connection.recv(1 << 18)
        if not data:
            break
        digest.update(data)
        count += len(data)
    print(count, digest.hexdigest())


def tcp_send(address, port, count):
    data = random.Random(count).getrandbits(8 * (1 << 20)).to_bytes(1 << 20, "big")
    left, digest = int(count), hashlib.sha256()
    s = socket.create_connection((address, int(port)), FIRST_SECONDS)
    while left:
        part = data[:left]
        s.sendall(part)
        digest.update(part)
        left -= len(part)
    s.shutdown(socket.SHUT_WR)
    s.recv(1)
    print(int(count), digest.hexdigest())


def udp_recv(address, port, seconds, ready, skip="0"):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    s.bind((address, int(port)))
    open(ready, "w").close()
    s.settimeout(FIRST_SECONDS)
    buffer = bytearray(70000)
    datagrams = octets = wrong = late = 0
    highest, start, last, window = -1, None, None, 0.0
    number = struct.Struct("!Q")
    skip, seconds, now = float(skip), float(seconds), 0.0
    try:
        while start is None or now - start < seconds:
            size = s.recv_into(buffer)
            now = time.monotonic()
            if start is None:
                start = now
                s.settimeout(1.0)
            (n,) = number.unpack_from(buffer)
            wrong += n <= highest
            highest = max(highest, n)
            datagrams += 1
            octets += size
            if now - start >= skip:
                late += size
                last = now
    except socket.timeout:
        pass
    if last is not None:
        window = last - start - skip
    print(datagrams, octets, wrong, highest, int(8 * late / window) if window > 0 else 0)


def udp_send(address, port, size, rate, seconds, segments="1", total=None):
    size, rate, segments = int(size), float(rate), int(segments)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 << 20)
    if segments > 1:
        s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
    s.connect((address, int(port)))
    filler = bytes(size - 8)
    number = struct.Struct("!Q")
    sent, start = 0, time.monotonic()
    total = int(total or rate * float(seconds))
    while sent < total:
        spent = time.monotonic() - start
        due = int(spent * rate) + segments
        if spent > float(seconds):
            break
        while sent + segments <= due and sent < total:
            packet = b"".join(number.pack(sent + i) + filler for i in range(segments))
            try:
                s.send(packet)
            except (BlockingIOError, ConnectionRefusedError, OSError) as problem:
                if problem.errno not in (11, 105, 111):
                    raise
            sent += segments
        time.sleep(min(0.0005, segments / rate))
    print(sent)


def main():
    commands = {"tcp-recv": tcp_recv, "tcp-send": tcp_send, "udp-recv": udp_recv,
                "udp-send": udp_send}
    if len(sys.argv) < 4 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])


main()
