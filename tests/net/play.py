#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Plays a scenario of frames on many interfaces at once and judges what arrives.

Reads lines from standard input:
  show COMMAND...             prints the counters as JSON (raceway-loader show)
  end NAME NETNS DEV          an interface that is watched, and may send
  mac NAME ADDRESS            a word for an address
  vnic NAME NUMBER            a word for a vNIC, its counters are watched
  step TEXT                   what follows up to the next step belongs together
  send END FROM>TO [KEY=V]... a frame goes out
  want END FROM>TO [KEY=V]... a frame must arrive
  pass VNIC tx|rx [KEY=V]...  frames are counted: x, bytes, colour (yellow)
  drop VNIC tx|rx REASON [N]  drops are counted on a vNIC
  portdrop DEV REASON [N]     or on a port
  free                        counters of this step are not judged

Keys of a frame: vlan=VID[.PCP] the segment's tag; inner=VID[.PCP] a tag that is not; stag=VID an
802.1ad tag, all in the order given; type=HEX the ethertype (88b5); len=N bytes without tags (100); x=N how
often; id=N another payload of the same step. A payload is unique to its step.

A step fails if any end gets a frame that is not wanted, misses one that is, gets other bytes,
or if any counter moves by another amount than stated. Ends with one line "N checks, M failed".
"""
import collections
import ctypes
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_MR_PROMISC = 1
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
CLONE_NEWNET = 0x40000000
TPIDS = {"vlan": 0x8100, "inner": 0x8100, "stag": 0x88a8}
ARRIVAL_SECONDS = 5.0
FAILURES_MAX = 20
SETTLE_MIN, SETTLE_MAX = 0.04, 0.3

libc = ctypes.CDLL(None, use_errno=True)


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


def setns(fd):
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def describe(frame):
    """A frame for people."""
    text = "%s>%s" % (frame[6:12].hex(":"), frame[:6].hex(":"))
    at = 12
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        tci = struct.unpack("!H", frame[at + 2:at + 4])[0]
        text += " %s=%d.%d" % ("vlan" if frame[at] == 0x81 else "stag", tci & 0xfff, tci >> 13)
        at += 4
    return "%s type=%s len=%d" % (text, frame[at:at + 2].hex(), len(frame) - at + 12)


class End:
    def __init__(self, netns, dev):
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + netns, os.O_RDONLY)
        setns(there)
        try:
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
            s.bind((dev, ETH_P_ALL))
            # Promiscuous: a frame for somebody else must be seen if it comes.
            s.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP,
                         struct.pack("IHH8s", socket.if_nametoindex(dev), PACKET_MR_PROMISC, 0,
                                     b""))
        finally:
            setns(home)
        s.setblocking(False)
        self.socket = s
        os.close(home)
        os.close(there)
        self.drain()

    def drain(self):
        got = []
        while True:
            try:
                frame, ancillary, _, address = self.socket.recvmsg(70000, 256)
            except BlockingIOError:
                return got
            if address[2] != PACKET_OUTGOING:
                got.append(whole(frame, ancillary))

    def send(self, frame):
        self.socket.setblocking(True)
        self.socket.send(frame)
        self.socket.setblocking(False)


class Play:
    def __init__(self):
        self.show = None
        self.ends, self.macs, self.vnics = {}, {}, {}
        self.counters, self.settle = None, SETTLE_MIN
        self.checks = self.failed = self.steps = 0
        self.clear("")

    def clear(self, text):
        self.text = text
        self.want = collections.defaultdict(collections.Counter)
        self.sends, self.counts, self.free = [], collections.Counter(), False

    def frame(self, words):
        who, keys = words[0], dict(w.split("=", 1) for w in words[1:])
        source, target = (bytes.fromhex(self.macs.get(m, m).replace(":", ""))
                          for m in who.split(">"))
        tags = b""
        for key, value in keys.items():
            if key in TPIDS:
                vid, _, pcp = value.partition(".")
                tags += struct.pack("!HH", TPIDS[key], int(vid) | int(pcp or 0) << 13)
        length = int(keys.get("len", 100))
        body = random.Random("%s/%d/%s" % (os.getpid(), self.steps, keys.get("id", 0)))
        head = target + source + tags + bytes.fromhex(keys.get("type", "88b5"))
        payload = body.getrandbits(8 * max(length - 14, 1)).to_bytes(max(length - 14, 1), "big")
        charged = length + 4 * ("inner" in keys) + 4 * ("stag" in keys)
        return head + payload[:length - 14], int(keys.get("x", 1)), charged

    def error(self, text):
        self.failed += 1
        print("  step '%s': %s" % (self.text, text))
        if self.failed == FAILURES_MAX:
            print("%d checks, %d failed" % (self.checks, self.failed))
            sys.exit(0)

    def read_counters(self):
        start = time.monotonic()
        shown = json.loads(subprocess.run(self.show, stdout=subprocess.PIPE, check=True).stdout)
        # As slow as the machine is, so long stragglers are waited for.
        self.settle = min(max(SETTLE_MIN, time.monotonic() - start), SETTLE_MAX)
        names = {n: name for name, n in self.vnics.items()}
        now = collections.Counter()
        for vnic in shown["vnics"]:
            name = names.get(vnic["number"], "vnic %d" % vnic["number"])
            for way in ("tx", "rx"):
                for colour in ("green", "yellow", "red", "marked"):
                    now[name, way, colour] = vnic[way][colour]["packets"]
                    now[name, way, colour + " bytes"] = vnic[way][colour]["bytes"]
                for reason, packets in vnic[way]["drops"].items():
                    now[name, way, "drop " + reason] = packets
        for drop in shown["drops"]:
            now[drop["dev"], "port", "drop " + drop["reason"]] += drop["packets"]
        return now

    def collect(self):
        """Until everything wanted is there, then as long as stragglers may take."""
        got = {name: collections.Counter() for name in self.ends}
        names = {end.socket: name for name, end in self.ends.items()}
        # Once something is wrong there is no reason to be patient.
        end = time.monotonic() + (ARRIVAL_SECONDS if not self.failed else self.settle)
        complete = False
        while True:
            if not complete and all(not want - got[name] for name, want in self.want.items()):
                complete = True
                end = time.monotonic() + self.settle
            left = end - time.monotonic()
            if left <= 0:
                return got
            for s in select.select(list(names), [], [], left)[0]:
                got[names[s]].update(self.ends[names[s]].drain())

    def judge(self):
        if not self.sends:
            return
        for end, frame, count in self.sends:
            for _ in range(count):
                self.ends[end].send(frame)
        got = self.collect()
        for name in self.ends:
            self.checks += 1
            missing, surplus = self.want[name] - got[name], got[name] - self.want[name]
            if missing or surplus:
                self.error("at %s%s%s" % (
                    name,
                    "".join("; missing %dx %s" % (n, describe(f)) for f, n in missing.items()),
                    "".join("; not wanted %dx %s" % (n, describe(f))
                            for f, n in surplus.items())))
        if not self.show:
            return
        before, self.counters = self.counters, self.read_counters()
        if self.free:
            return
        self.checks += 1
        for key in set(self.counters) | set(self.counts):
            moved = self.counters[key] - before[key]
            if moved != self.counts[key]:
                self.error("counter %s: moved by %d, want %d" % (
                    " ".join(key), moved, self.counts[key]))

    def word(self, kind, words):
        if kind == "show":
            self.show = words
        elif kind == "end":
            self.ends[words[0]] = End(words[1], words[2])
        elif kind == "mac":
            self.macs[words[0]] = words[1]
        elif kind == "vnic":
            self.vnics[words[0]] = int(words[1])
        elif kind == "step":
            self.judge()
            if self.show and self.counters is None:
                self.counters = self.read_counters()
            self.steps += 1
            self.clear(" ".join(words))
        elif kind == "send":
            frame, count, self.charged = self.frame(words[1:])
            self.sends.append((words[0], frame, count))
        elif kind == "want":
            frame, count, _ = self.frame(words[1:])
            self.want[words[0]][frame] += count
        elif kind == "pass":
            keys = dict(w.split("=", 1) for w in words[2:])
            count, colour = int(keys.get("x", 1)), keys.get("colour", "yellow")
            self.counts[words[0], words[1], colour] += count
            self.counts[words[0], words[1], colour + " bytes"] += int(
                keys.get("bytes", count * self.charged))
        elif kind == "drop":
            self.counts[words[0], words[1], "drop " + words[2]] += int((words + [1])[3])
        elif kind == "portdrop":
            self.counts[words[0], "port", "drop " + words[1]] += int((words + [1])[2])
        elif kind == "free":
            self.free = True
        else:
            sys.exit("play: what is '%s'?" % kind)


def main():
    play = Play()
    for line in sys.stdin:
        words = line.split()
        if words and words[0][0] != "#":
            play.word(words[0], words[1:])
    play.judge()
    print("%d checks, %d failed" % (play.checks, play.failed))


main()
