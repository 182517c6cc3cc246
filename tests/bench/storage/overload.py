# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is guaranteed where the store is the bottleneck: an array, which another engine plays, behind
a link of a known rate, and vHBAs that ask for far more than it carries."""
import json
import os
import subprocess
import sys
import time
from statistics import median

import targets
import vhba_control
import vhba_measure

LINK = "200mbit"
ARRAY = "10.9.2.2:3260"
ARRAY_TARGET = "iqn.2026-11.local.raceway:array"
OURS = "127.0.0.1:3262"
FIRST_WWPN = 0x3000000000002000
VHBAS = 3
GUARANTEED = 2_000  # IOPS of 4 KiB, of about 5,700 that the link carries
DEPTH = 64
WARM_S = 2
BLOCK = 8  # 512 bytes each


def vhbas(san, volume, more):
    """The first has the guarantee and next to no weight."""
    result = []
    for number in range(VHBAS):
        wwpn = FIRST_WWPN + number
        result.append({"name": f"over/v{number}", "wwpn": f"{wwpn:016x}", "wwnn": f"{wwpn:016x}",
                       "san": san, "auth": "none", "weight": 1000 if number else 1,
                       "luns": [{"lun": targets.LUN, "volume": f"{san}/{volume}"}],
                       **({} if number else more)})
    return result


def configuration(target, portal, san, volume, more):
    return {"target": target, "sans": [dict(san, name="s")],
            "volumes": [dict(volume, name="s/v", id=f"{0xf1:016x}")],
            "portals": [{"name": "p", "address": portal, "transport": "iscsi", "group": 1}],
            "vhbas": vhbas("s", "v", more)}


class Overload:
    """Both engines; the array's in a network namespace of its own."""

    def __init__(self, run):
        self.children = []
        self.run = run
        array = self.engine("array", ["unshare", "--net"])
        inside = ["nsenter", "-t", str(array.pid), "-n"]
        for words in (["ip", "link", "add", "over0", "type", "veth", "peer", "name", "over1", "netns",
                       str(array.pid)],
                      ["ip", "addr", "add", "10.9.2.1/24", "dev", "over0"],
                      ["ip", "link", "set", "over0", "up"],
                      [*inside, "ip", "addr", "add", "10.9.2.2/24", "dev", "over1"],
                      [*inside, "ip", "link", "set", "over1", "up"],
                      [*inside, "tc", "qdisc", "add", "dev", "over1", "root", "tbf", "rate", LINK,
                       "burst", "64k", "latency", "200ms"]):
            subprocess.run(words, check=True)
        requests = [dict(configuration(ARRAY_TARGET, ARRAY, {"type": "null"}, {"size": 1 << 30}, {}),
                         op="configure"),
                    {"op": "listen", "portal": "p", "address": ARRAY}]
        subprocess.run([*inside, sys.executable, vhba_control.__file__, f"{run}/array/vhba.sock",
                        *map(json.dumps, requests)], check=True, stdout=subprocess.DEVNULL)
        self.engine("ours", [])
        self.control = vhba_control.Control(f"{run}/ours/vhba.sock")
        self.control.hello()
        self.guarantee({})
        self.control.listen("p", OURS)

    def engine(self, name, before):
        folder = f"{self.run}/{name}"
        os.mkdir(folder)
        with open(f"{folder}.log", "w", encoding="ascii") as log:
            child = subprocess.Popen(
                [*before, targets.Raceway.program, "--foreground", "--run-dir", folder,
                 "--state-dir", f"{folder}/state"], stdout=log, stderr=log)
        self.children.append(child)
        targets.wait_until(name, lambda: os.path.exists(f"{folder}/vhba.sock"), child)
        return child

    def guarantee(self, more):
        san = {"type": "iscsi", "portal": ARRAY, "target": ARRAY_TARGET}
        answer = self.control.ask("configure", **configuration(
            targets.TARGET, OURS, san, {"dev": str(targets.LUN)}, more))
        if answer.get("error") or answer.get("problems"):
            raise RuntimeError(f"raceway-vhba: {answer}")

    def load(self, seconds):
        url = f"iscsi://{OURS}/{targets.TARGET}/{targets.LUN}"
        for number in range(VHBAS):
            self.children.append(subprocess.Popen(
                ["iscsi-perf", "-i", f"naa.{FIRST_WWPN + number:016x}", "-m", str(DEPTH), "-b",
                 str(BLOCK), "-t", str(seconds), "-r", url],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def shares(self, seconds):
        """IOPS of each vHBA over so long, by the engine's counters."""
        names = [f"over/v{number}" for number in range(VHBAS)]
        begin, old = vhba_measure.sample(self.control, names)
        time.sleep(seconds)
        end, new = vhba_measure.sample(self.control, names)
        return [(n[0] - o[0]) / (end - begin) for o, n in zip(old, new)]

    def stop(self):
        for child in reversed(self.children):
            child.kill()
            child.wait()


def measure(run, rounds, seconds):
    """What the array carries, what the first gets by weight alone, and by round what it gets of its
    guarantee."""
    os.mkdir(run)
    both = Overload(run)
    try:
        both.load(3 * WARM_S + (rounds + 1) * seconds + 5)
        time.sleep(2 * WARM_S)
        without = both.shares(seconds)
        both.guarantee({"iops_cir": GUARANTEED})
        time.sleep(WARM_S)
        got = [both.shares(seconds) for _ in range(rounds)]
    finally:
        both.stop()
    return {"carried": sum(without), "by_weight": without[0],
            "kept": [g[0] / GUARANTEED for g in got], "together": median(sum(g) for g in got)}
