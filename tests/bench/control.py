# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The control plane's figures: see control.sh. Each row has a target, and whether it was met."""

import argparse
import ctypes
import json
import os
import socket
import subprocess
import time

from change import write

LOCAL = 32
APPLY_MS, LIST_MS, RESYNC_MS, RSS_MIB = 250, 200, 5000, 200
ETH_P_ALL = 3
ETHERTYPE = 0x88b5  # for experiments (IEEE 802)


def row(args, what, value, unit, target=None):
    """Printed, and as the other parts write theirs."""
    met = None if target is None else value <= target
    verdict = "" if met is None else f" (target {target}: {'met' if met else 'missed'})"
    print(f"{what:60} {value:10.1f} {unit}{verdict}")
    write(args.json, [{"part": "control", "what": what, "value": value, "unit": unit,
                       "target": target, "met": met}])


def raceway(args, *words, out=subprocess.DEVNULL):
    """ms that the command took."""
    since = time.monotonic_ns()
    subprocess.run([args.raceway, "--socket", args.socket, *words], check=True, stdout=out)
    return (time.monotonic_ns() - since) / 1e6


def memory(args, which):
    """VmRSS or VmHWM of the daemon, in MiB."""
    with open(f"/proc/{args.daemon}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(which + ":"):
                return int(line.split()[1]) / 1024
    raise KeyError(which)


def in_netns(path, make):
    """What `make` returns in another network namespace: a socket stays there."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", encoding="ascii") as own, open(path, encoding="ascii") as other:
        if libc.setns(other.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")
        made = make()
        if libc.setns(own.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")
    return made


def packets(dev):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((dev, 0))
    sock.settimeout(5)
    return sock


def apply(args):
    """From the command line's start until a frame of each vNIC is on the LAN."""
    path = os.path.join(args.dir, "local.json")
    document = {"schema": 1, "ports": [{"name": "up0", "dev": "up0", "role": "uplink"}],
                "segments": [{"name": "lan", "uplink": "up0"}],
                "profiles": [{"name": "p", "server": "local",
                              "vnics": [{"name": f"n{i}", "segment": "lan", "tx_pir": "1gbit",
                                         "mac": f"02:00:00:00:01:{i:02x}"}
                                        for i in range(LOCAL)]}]}
    with open(path, "w", encoding="ascii") as file:
        json.dump(document, file)
    lan = in_netns(args.lan, lambda: packets("e0"))
    missing = {bytes((2, 0, 0, 0, 1, i)) for i in range(LOCAL)}
    since = time.monotonic_ns()
    raceway(args, "apply", "-f", path)
    # One socket that takes nothing: each that does waits for a grace period when it comes and goes.
    guests = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    for i in range(LOCAL):
        guests.sendto(b"\xff" * 6 + bytes((2, 0, 0, 0, 1, i)) + ETHERTYPE.to_bytes(2, "big") +
                      bytes(46), (f"p-n{i}", 0))
    guests.close()
    while missing:
        frame = lan.recv(2048)
        if frame[12:14] == ETHERTYPE.to_bytes(2, "big"):  # not an announcement
            missing.discard(frame[6:12])
    row(args, f"{LOCAL} local vNICs, from apply to traffic", (time.monotonic_ns() - since) / 1e6,
        "ms", APPLY_MS)
    raceway(args, "vnic", "set", "p/n0", "tx-pir", "2gbit")
    took = sorted(raceway(args, "vnic", "set", "p/n0", "tx-pir", f"{1 + i % 2}gbit")
                  for i in range(40))
    row(args, f"a rate of {LOCAL}, from the command line's start to its end", took[20], "ms")


def fill(args):
    segments = [{"name": f"s{j}", "uplink": "up0", "vlan": 100 + j} for j in range(args.devices)]
    ports = [{"name": "up0", "dev": "up0", "role": "uplink"}]
    ports += [{"name": f"f{i}", "dev": f"f{i}", "role": "fabric"}
              for i in range(1, args.ports + 1)]
    servers = [{"name": f"m{i}", "port": [f"f{1 + i % args.ports}"]} for i in range(args.servers)]
    profiles = [{"name": f"p{i}", "server": f"m{i}",
                 "vnics": [{"name": f"n{j}", "segment": f"s{j}", "tx_pir": "1gbit"}
                           for j in range(args.devices)]} for i in range(args.servers)]
    path = os.path.join(args.dir, "many.json")
    with open(path, "w", encoding="ascii") as file:
        json.dump({"schema": 1, "ports": ports, "segments": segments, "servers": servers,
                   "profiles": profiles}, file)
    count = args.servers * args.devices
    row(args, f"{count} vNICs applied", raceway(args, "apply", "-f", path), "ms")
    time.sleep(1)
    row(args, f"memory of the daemon with {count} vNICs", memory(args, "VmRSS"), "MiB", RSS_MIB)
    row(args, "the same at its most, while they were applied", memory(args, "VmHWM"), "MiB")


def get(args, path):
    """ms and bytes of one answer."""
    since = time.monotonic_ns()
    size = 0
    with socket.socket(socket.AF_UNIX) as conn:
        conn.connect(args.socket)
        conn.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while part := conn.recv(1 << 20):
            size += len(part)
    return (time.monotonic_ns() - since) / 1e6, size


def list_all(args):
    runs = sorted(get(args, "/v1/vnics") for _ in range(5))
    row(args, f"list of all vNICs by the API, {runs[0][1] / 1e6:.0f} MB", runs[2][0], "ms", LIST_MS)
    row(args, "list of all vNICs by the command line", raceway(args, "vnic", "show"), "ms")
    time.sleep(1)
    row(args, "memory of the daemon after lists", memory(args, "VmRSS"), "MiB", RSS_MIB)


def resync(args):
    row(args, "restart of the daemon with the store full, until ready",
        (time.time_ns() - args.began) / 1e6, "ms", RESYNC_MS)
    row(args, "memory after the restart", memory(args, "VmRSS"), "MiB", RSS_MIB)
    path = os.path.join(args.dir, "export.json")
    with open(path, "wb") as file:
        row(args, "export", raceway(args, "-j", "export", out=file), "ms")
    row(args, "apply of the export, which changes nothing", raceway(args, "apply", "-f", path),
        "ms", RESYNC_MS)
    time.sleep(1)
    row(args, "memory after that", memory(args, "VmRSS"), "MiB", RSS_MIB)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("apply", "fill", "list", "resync"))
    for word in ("raceway", "socket", "json"):
        parser.add_argument("--" + word, required=True)
    for word in ("dir", "lan"):
        parser.add_argument("--" + word)
    for word in ("daemon", "servers", "devices", "ports", "began"):
        parser.add_argument("--" + word, type=int)
    args = parser.parse_args()
    {"apply": apply, "fill": fill, "list": list_all, "resync": resync}[args.what](args)


if __name__ == "__main__":
    main()
