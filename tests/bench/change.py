# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How long a changed rate takes from the command line, and from a request, to the kernel's table:
the moment is seen in the table itself, which is mapped and watched."""

import argparse
import ctypes
import json
import mmap
import os
import platform
import socket
import struct
import time

SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
BPF_OBJ_GET = 7
VALID_BYTES = 4  # struct raceway_vnic begins with it; every change turns it over
VNIC_BYTES = 384
TARGET_MS = 5
LOOK_S = 0.00005


def obj_get(path):
    """Descriptor of a pinned map."""
    name = ctypes.create_string_buffer(path.encode())
    attr = struct.pack("QII", ctypes.addressof(name), 0, 0)
    fd = ctypes.CDLL(None, use_errno=True).syscall(SYS_BPF, BPF_OBJ_GET, attr, len(attr))
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    return fd


class Table:
    """The valid word of one vNIC."""

    def __init__(self, pins, number):
        page = mmap.PAGESIZE
        self.at = number * VNIC_BYTES
        length = (self.at + VNIC_BYTES + page - 1) // page * page
        self.map = mmap.mmap(obj_get(f"{pins}/maps/vnics"), length, mmap.MAP_SHARED,
                             mmap.PROT_READ)

    def valid(self):
        return self.map[self.at:self.at + VALID_BYTES]

    def wait(self, before, since, limit_s=10):
        """ns from `since` to the change, up to LOOK_S too many. It does not spin: that keeps what
        completes the store's fdatasync() off one of two CPUs (7 ms instead of 0.4 were seen)."""
        while True:
            now = time.monotonic_ns()
            if self.valid() != before:
                return now - since
            if now - since > limit_s * 10**9:
                raise TimeoutError("the table did not change")
            time.sleep(LOOK_S)


def rest():
    """What the daemon does after its answer (a grace period) is not the next change's."""
    time.sleep(0.05)


def by_cli(args, table, rate):
    command = [args.raceway, "--socket", args.socket, "vnic", "set", args.vnic, "tx-pir", rate]
    before, since = table.valid(), time.monotonic_ns()
    pid = os.posix_spawn(args.raceway, command, os.environ)
    took = table.wait(before, since)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        raise RuntimeError(f"{' '.join(command)} failed")
    rest()
    return took


def by_request(conn, args, table, rate):
    body = json.dumps({"tx_pir": rate})
    head = (f"PATCH /v1/vnics/{args.vnic} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
    before, since = table.valid(), time.monotonic_ns()
    conn.sendall((head + body).encode())
    took = table.wait(before, since)
    answer = conn.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer.decode(errors="replace"))
    rest()
    return took


def row(args, what, ns):
    """Printed, and as the other parts write theirs."""
    ns = sorted(ns)
    median, p99 = ns[len(ns) // 2] / 1e6, ns[len(ns) * 99 // 100] / 1e6
    print(f"change of a rate, {args.vnics:5} vNICs, {what:15} median {median:6.2f} ms, "
          f"p99 {p99:6.2f} ms (target {TARGET_MS} ms: {'met' if median <= TARGET_MS else 'missed'})")
    return {"part": "change", "vnics": args.vnics, "from": what, "median_ms": median,
            "p99_ms": p99, "changes": len(ns), "target_ms": TARGET_MS}


def write(path, rows):
    """Behind the rows of the other parts."""
    document = {"schema": 1, "valid": True, "rows": []}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    document["rows"] += rows
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser()
    for word in ("raceway", "socket", "pins", "vnic"):
        parser.add_argument("--" + word, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--vnics", type=int, required=True, help="how many are served")
    parser.add_argument("--json", required=True)
    parser.add_argument("--changes", type=int, default=200)
    args = parser.parse_args()
    table = Table(args.pins, args.number)
    rates = ["200mbit", "100mbit"]  # it begins with the latter
    cli = [by_cli(args, table, rates[i % 2]) for i in range(args.changes)]
    with socket.socket(socket.AF_UNIX) as conn:
        conn.connect(args.socket)
        request = [by_request(conn, args, table, rates[i % 2]) for i in range(args.changes)]
    write(args.json, [row(args, "command line", cli), row(args, "request", request)])


if __name__ == "__main__":
    main()
