# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The initiators that load a target: public tools and this benchmark's own programs. Each run says
how many I/Os per second it saw and what share of a core the client itself took: where that is
near 1 the client is what was measured."""
import json
import os
import re
import subprocess
import time

BLOCK = 4096
SECTOR = 512
STEP = 69632  # no two neighbours: 17 blocks
TIMEOUT_S = 60
MANY_LOGIN_S = 30


class Failed(Exception):
    pass


def run(words):
    """Standard output, wall time and CPU time of a command that must not fail."""
    begin = time.monotonic()
    before = os.times()
    done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    after = os.times()
    wall = time.monotonic() - begin
    if done.returncode:
        raise Failed(f"{words[0]}: status {done.returncode}: {done.stderr[-300:]}")
    cpu = sum(after[2:4]) - sum(before[2:4])
    return done.stdout, wall, cpu


def iscsi_perf(url, initiator, depth, seconds):
    """4 KiB reads at random places."""
    out, wall, cpu = run(["iscsi-perf", "-i", initiator, "-m", str(depth), "-b", str(BLOCK // SECTOR), "-t",
                          str(seconds), "-r", url])
    found = re.search(r"iops average (\d+) .*finished", out.rpartition("\r")[2], re.S)
    if not found or not int(found[1]):
        raise Failed(f"iscsi-perf says nothing: {out[-200:]}")
    return {"iops": int(found[1]), "ios": int(found[1]) * seconds, "client": cpu / wall}


def qemu_bench(url, depth, count, write):
    """4 KiB reads or writes, one in 17 blocks, by another initiator."""
    out, wall, cpu = run(["qemu-img", "bench", "-f", "raw", "-t", "none", "-c", str(count), "-d",
                          str(depth), "-s", str(BLOCK), "-S", str(STEP)]
                         + (["-w", "--pattern=90"] if write else []) + [url])
    found = re.search(r"completed in ([\d.]+) seconds", out)
    if not found:
        raise Failed(f"qemu-img bench says nothing: {out[-200:]}")
    seconds = float(found[1])
    return {"iops": count / seconds, "ios": count, "client": cpu / wall}


def echo(program, depth, seconds):
    """Messages of these sizes through loopback TCP, and nothing else done with them."""
    result = json.loads(run([program, str(depth), str(seconds)])[0])
    return {"iops": result["ios"] / result["seconds"], "ios": result["ios"],
            "client": result["client_s"] / result["seconds"]}


def many(program, count, seconds, first, url):
    """Sessions of `count` initiators at once."""
    out = run([program, str(count), str(seconds), f"{first:x}", url])[0]
    return json.loads(out.splitlines()[-1])


def compare(path, url):
    """What the target serves is the file."""
    run(["qemu-img", "compare", "-f", "raw", "-F", "raw", path, url])
