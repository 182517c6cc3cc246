#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A storage engine that serves nothing (userspace/vhba/protocol.h): it writes down what it is told.

fake_engine.py DIR
  The socket is DIR/vhba.sock, the requests go to DIR/engine.log, one JSON object per line, the
  last "configure" to DIR/engine.json. What it answers is set by DIR/engine.mode, a JSON object that
  is read for each request: {"problems": [...], "silent": [OP...], "error": {OP: {...}},
  "die": [OP...], "event": [EVENT...] (told once with the next answer), "stats": true}.
"""
import array
import json
import os
import signal
import socket
import struct
import sys


SO_NETNS_COOKIE = 71


def cookie(fd):
    with socket.socket(fileno=os.dup(fd)) as copy:
        return int.from_bytes(copy.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8), sys.byteorder)


def load_mode(folder):
    try:
        with open(f"{folder}/engine.mode", encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


class Engine:
    def __init__(self, folder):
        self.folder = folder
        self.document = {}
        self.portals = {}
        self.files = set()

    def status(self, stats):
        count = {"ios": 5, "bytes": 20480, "latency": {"p50": 100000, "p99": 200000, "p999": 300000}}
        vhbas = []
        for vhba in self.document.get("vhbas", []):
            entry = {"name": vhba["name"], "sessions": [], "queue_depth": 2}
            if stats:
                entry.update(read=count, write=count)
                entry["luns"] = [
                    {"lun": lun["lun"], "read": {"ios": 5, "bytes": 20480}, "write": {"ios": 0, "bytes": 0}}
                    for lun in vhba["luns"]
                ]
            vhbas.append(entry)
        volumes = [
            {"name": v["name"], "oper": "up", "size": v.get("size", 4096), "used": 512, "file": True}
            for v in self.document.get("volumes", [])
        ]
        portals = []
        for p in self.document.get("portals", []):
            entry = {"name": p["name"], "listening": p["name"] in self.portals, "sessions": 0}
            if entry["listening"]:
                entry["netns"] = cookie(self.portals[p["name"]][1][0])
            portals.append(entry)
        return {"portals": portals, "volumes": volumes, "vhbas": vhbas}

    def configure(self, request, mode):
        self.document = request
        wanted = {p["name"]: p["address"] for p in request["portals"]}
        for name in list(self.portals):
            if wanted.get(name) != self.portals[name][0]:
                for fd in self.portals.pop(name)[1]:
                    os.close(fd)
        with open(f"{self.folder}/engine.json", "w", encoding="utf-8") as file:
            json.dump({k: v for k, v in request.items() if k not in ("op", "id")}, file)
        return {"problems": mode.get("problems", [])}

    def answer(self, request, fds, mode):
        op = request["op"]
        if op == "hello":
            return {"protocol": 1, "version": "fake", "pid": os.getpid()}
        if op == "configure":
            return self.configure(request, mode)
        if op == "listen":
            address = {p["name"]: p["address"] for p in self.document["portals"]}
            self.portals[request["portal"]] = (address[request["portal"]], fds)
        elif op == "create":
            if request["volume"] in self.files:
                return {"error": {"object": request["volume"], "field": "", "message": "there is one", "fault": 4}}
            self.files.add(request["volume"])
        elif op == "clone":
            self.files.add(request["to"])
            return {"copied": bool(mode.get("copied"))}
        elif op == "delete":
            self.files.discard(request["volume"])
        elif op == "status":
            return self.status(request.get("stats"))
        return {}


def read_frame(peer):
    data, fds = b"", []
    want = 4
    while len(data) < want:
        part, ancillary, _, _ = peer.recvmsg(min(1 << 20, want - len(data)), 1024)
        if not part:
            return None, []
        data += part
        for _, _, payload in ancillary:
            numbers = array.array("i")
            numbers.frombytes(payload)
            fds += list(numbers)
        if want == 4 and len(data) == 4:
            want += struct.unpack(">I", data)[0]
    return json.loads(data[4:]), fds


def send_frame(peer, message):
    text = json.dumps(message).encode()
    peer.sendall(struct.pack(">I", len(text)) + text)


def serve(engine, peer, log):
    while True:
        request, fds = read_frame(peer)
        if request is None:
            return
        mode = load_mode(engine.folder)
        log.write(json.dumps(request) + "\n")
        log.flush()
        if request["op"] in mode.get("die", []):
            os._exit(1)
        if request["op"] in mode.get("silent", []):
            continue
        error = mode.get("error", {}).get(request["op"])
        answer = {"error": error} if error else engine.answer(request, fds, mode)
        for event in mode.get("event", []):
            send_frame(peer, event)
        if mode.pop("event", None):
            with open(f"{engine.folder}/engine.mode", "w", encoding="utf-8") as file:
                json.dump(mode, file)
        send_frame(peer, {"id": request["id"], **answer})


def main():
    folder = sys.argv[1]
    # started by racewayd it gets the engine's own words
    if folder == "--run-dir":
        folder = sys.argv[2]
    path = f"{folder}/vhba.sock"
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(8)
    with open(f"{folder}/engine.pid", "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    engine = Engine(folder)
    with open(f"{folder}/engine.log", "a", encoding="utf-8") as log:
        while True:
            peer, _ = listener.accept()
            with peer:
                try:
                    serve(engine, peer, log)
                except OSError:
                    pass


if __name__ == "__main__":
    main()
