#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A small iSCSI initiator that keeps one session open and does as it is told, so that a test can
change things meanwhile. vhba_session.py IP:PORT TARGET INITIATOR; a command per line of standard
input, one line of answer each:

  luns            the LUNs of REPORT LUNS
  capacity LUN    bytes by READ CAPACITY(16), or "sense KEY/ASC" or "closed"
  attention LUN   ASC and ASCQ of the unit attentions that TEST UNIT READY meets, until there is
                  none: "3f0e"; "none" if there was none
"""
import socket
import struct
import sys

KEYS = (
    "InitiatorName={}\0TargetName={}\0SessionType=Normal\0HeaderDigest=None\0DataDigest=None\0"
    "InitialR2T=Yes\0ImmediateData=Yes\0"
)


class Session:
    """One connection in full feature phase."""

    def __init__(self, portal, target, initiator):
        host, _, port = portal.rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), 10)
        self.tag = self.cmdsn = 1
        self.login(KEYS.format(initiator, target).encode())
        for lun in self.luns():
            self.attention(lun)

    def send(self, header, data=b""):
        header = header[:4] + struct.pack(">I", len(data))[0:4] + header[8:]
        self.socket.sendall(header + data + bytes(-len(data) % 4))

    def receive(self):
        """The next PDU: its header and data; None at the end."""
        header = self.read(48)
        length = int.from_bytes(header[5:8], "big")
        return header, self.read(length + -length % 4)[:length]

    def read(self, length):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def login(self, text):
        header = struct.pack(
            ">BBBBI6sHIHHII16s", 0x43, 0x87, 0, 0, 0, b"\x80\0\0\0\0\1", 0, self.tag, 1, 0,
            self.cmdsn, 0, b"",
        )
        self.send(header, text)
        answer, _ = self.receive()
        if answer[36]:
            raise ConnectionRefusedError(answer[36:38].hex())
        self.expected = struct.unpack(">I", answer[24:28])[0] + 1

    def command(self, lun, cdb, room):
        """Data, or the sense key and code as text."""
        self.tag += 1
        header = struct.pack(
            ">BBHI8sIIII16s", 1, 0x81 | (0x40 if room else 0), 0, 0,
            bytes([lun >> 8 | (0x40 if lun > 255 else 0), lun & 255]), self.tag, room,
            self.cmdsn, self.expected, cdb,
        )
        self.cmdsn += 1
        self.send(header)
        got = b""
        while True:
            answer, data = self.receive()
            opcode = answer[0] & 0x3F
            if opcode in (0x20, 0x32):  # a ping, or "log out": neither is for this command
                continue
            if opcode == 0x25:
                got += data
                if not answer[1] & 1:
                    continue
            self.expected = struct.unpack(">I", answer[24:28])[0] + 1
            if answer[3] == 2:
                return f"sense {data[4] & 15:x}/{data[14]:02x}{data[15]:02x}"
            return got

    def luns(self):
        data = self.command(0, bytes([0xA0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0]), 4096)
        count = struct.unpack(">I", data[:4])[0] // 8
        return [int.from_bytes(data[8 + 8 * i : 10 + 8 * i], "big") & 0x3FFF for i in range(count)]

    def capacity(self, lun):
        data = self.command(lun, bytes([0x9E, 0x10, *[0] * 11, 32, 0, 0]), 32)
        if isinstance(data, str):
            return data
        blocks, size = struct.unpack(">QI", data[:12])
        return (blocks + 1) * size

    def attention(self, lun):
        seen = []
        for _ in range(8):
            answer = self.command(lun, bytes(6), 0)
            if not isinstance(answer, str):
                break
            seen.append(answer.rpartition("/")[2])
        return " ".join(seen) or "none"


def main():
    session = Session(*sys.argv[1:4])
    for line in sys.stdin:
        words = line.split()
        try:
            if words[0] == "luns":
                answer = " ".join(str(n) for n in session.luns())
            elif words[0] == "capacity":
                answer = session.capacity(int(words[1]))
            else:
                answer = session.attention(int(words[1]))
        except (EOFError, OSError):
            answer = "closed"
        print(answer, flush=True)


if __name__ == "__main__":
    main()
