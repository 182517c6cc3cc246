#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Drives raceway-vhba's control socket as racewayd does (userspace/vhba/protocol.h).

vhba_control.py SOCKET [--netns NAME] REQUEST...
  REQUEST is a JSON object, @FILE with one, or - for one JSON object per line of standard input.
  "id" is filled in. A "listen" has a member "address" (IP:PORT or [IP6]:PORT), for which a
  listening socket is made, in the namespace NAME if there is one, and passed on. "wait" is for
  this program: it waits for an "event" for so many "seconds", and prints it.
  Before the first request comes a "hello". Every answer is printed as one line; events too, as
  they come. Exit status 1 if an answer has an error.
"""
import array
import ctypes
import json
import os
import select
import socket
import struct
import sys


class Control:
    """One connection to the engine."""

    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.number = 0
        self.events = []
        self.buffer = b""

    def close(self):
        self.socket.close()

    def read(self):
        """The next frame, answer or event."""
        while True:
            if len(self.buffer) >= 4:
                (length,) = struct.unpack(">I", self.buffer[:4])
                if len(self.buffer) >= 4 + length:
                    text = self.buffer[4 : 4 + length]
                    self.buffer = self.buffer[4 + length :]
                    return json.loads(text)
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError("the engine has closed the connection")
            self.buffer += data

    def send(self, request, fds=()):
        text = json.dumps(request).encode()
        data = struct.pack(">I", len(text)) + text
        ancillary = []
        if fds:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        sent = self.socket.sendmsg([data], ancillary)
        self.socket.sendall(data[sent:])

    def ask(self, op, fds=(), **members):
        """The answer to one request; events that come before it are kept."""
        self.number += 1
        self.send({"op": op, "id": self.number, **members}, fds)
        while True:
            message = self.read()
            if "event" in message:
                self.events.append(message)
            elif message.get("id") == self.number:
                return message
            else:
                raise ValueError(f"an answer that nobody asked for: {message}")

    def hello(self, node="test"):
        return self.ask("hello", protocol=1, node=node)

    def listen(self, portal, address, netns=None):
        listener, netlink = portal_sockets(address, netns)
        with listener, netlink:
            return self.ask("listen", (listener.fileno(), netlink.fileno()), portal=portal)

    def wait_event(self, name, seconds=10):
        """The next event of that name, or None."""
        for i, event in enumerate(self.events):
            if event["event"] == name:
                return self.events.pop(i)
        while self.buffer or select.select([self.socket], [], [], seconds)[0]:
            message = self.read()
            if message.get("event") == name:
                return message
            self.events.append(message)
        return None


def enter_netns(fd):
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")


def portal_sockets(address, netns):
    """A listening socket, and a netlink socket of the same namespace."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if netns:
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{netns}", os.O_RDONLY)
        enter_netns(there)
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
        listener.listen(1024)
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    finally:
        if netns:
            enter_netns(home)
            os.close(home)
            os.close(there)
    return listener, netlink


def requests(words):
    for word in words:
        if word == "-":
            for line in sys.stdin:
                if line.strip():
                    yield json.loads(line)
        elif word.startswith("@"):
            with open(word[1:], encoding="utf-8") as file:
                yield json.load(file)
        else:
            yield json.loads(word)


def main():
    words = sys.argv[1:]
    netns = None
    if "--netns" in words:
        at = words.index("--netns")
        netns = words[at + 1]
        del words[at : at + 2]
    if not words:
        print(__doc__, file=sys.stderr)
        return 2
    control = Control(words.pop(0))
    failed = "error" in control.hello()
    for request in requests(words):
        op = request.pop("op")
        if op == "listen":
            answer = control.listen(request["portal"], request["address"], netns)
        elif op == "wait":
            answer = control.wait_event(request["event"], request["seconds"])
            answer = answer or {"error": "it did not come"}
        else:
            answer = control.ask(op, **request)
        failed = failed or "error" in answer
        for event in control.events:
            print(json.dumps(event))
        control.events.clear()
        print(json.dumps(answer), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
