#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Operations and bytes per second of vHBAs, by the engine's own counters.

vhba_measure.py SOCKET SECONDS TIMES VHBA...: one line per interval with, for each vHBA,
"IOPS:BYTES/S". The clock is read around each answer; an interval whose ends are known to less
than 2 ms is taken again.
"""
import sys
import time

from vhba_control import Control


def sample(control, names):
    while True:
        before = time.monotonic()
        answer = control.ask("status", stats=True)
        after = time.monotonic()
        if after - before < 0.002:
            break
    vhbas = {v["name"]: v for v in answer["vhbas"]}
    counters = [
        tuple(vhbas[n]["read"][k] + vhbas[n]["write"][k] for k in ("ios", "bytes")) for n in names
    ]
    return (before + after) / 2, counters


def main():
    control = Control(sys.argv[1])
    control.hello()
    seconds, times, names = float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    last, old = sample(control, names)
    for _ in range(times):
        time.sleep(max(0, last + seconds - time.monotonic()))
        now, new = sample(control, names)
        print(
            *(
                ":".join(f"{(b - a) / (now - last):.1f}" for a, b in zip(o, n))
                for o, n in zip(old, new)
            ),
            flush=True,
        )
        last, old = now, new


if __name__ == "__main__":
    main()
