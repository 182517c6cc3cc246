# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the rates part measures: cells, each one shaper under one load, and in which batches."""

MBIT = 1_000_000
GBIT = 1_000_000_000
RATES = [10 * MBIT, 100 * MBIT, GBIT]
DELAY_MIN = 0.1  # ms: what the path takes by itself, about
RTTS = [DELAY_MIN, 10, 50]
FLOWS = [1, 16]
SHAPERS = ["raceway", "htb", "tbf", "edt"]
NATIVE_SHAPERS = ["raceway", "htb", "tbf"]  # the development machine's kernel has no fq
OVERLOAD = 3
BURST_FACTOR = 20
OFFER_MAX = 2 * GBIT  # what a guest in User-mode Linux can send beside everything else
PING_INTERVAL_MS = 10
PING_FLOWS = 4
REACH = 1.3  # times the rate must an unlimited path carry, or a cell says nothing
# Estimates of what one CPU without a JIT carries: frames of the wire, and GSO packets.
CAPACITY = {False: GBIT, True: 4 * GBIT}
BATCH_SHARE = 0.25
BATCH_WORLDS = 12

# 300 Mb/s for a port of 100, 90 of it promised, one guarantee that is hardly used.
GUARANTEE_RATE = 100 * MBIT
GUARANTEE_VNICS = [
    {"cir": 40 * MBIT, "demand": 120 * MBIT, "weight": 1},
    {"cir": 20 * MBIT, "demand": 120 * MBIT, "weight": 1},
    {"cir": 10 * MBIT, "demand": 55 * MBIT, "weight": 2},
    {"cir": 20 * MBIT, "demand": 5 * MBIT, "weight": 1},
]


def warm_up(rtt):
    """Slow start that was left early takes its time at long round trips."""
    return 2 + 0.08 * rtt


def is_local(rate):
    """Frames of the wire are too many for one CPU without a JIT from 1 Gb/s on."""
    return rate >= GBIT


def cell(kind, shaper, rate, seconds, **more):
    result = {"kind": kind, "shaper": shaper, "rate": rate, "seconds": seconds, "rtt": 0.1,
              "local": is_local(rate), "warm_up": 2, "kernel": "uml"}
    result.update(more)
    return result


def tcp_cells(seconds):
    for rate in RATES:
        for rtt in RTTS:
            for flows in FLOWS:
                yield [cell("tcp", s, rate, seconds, rtt=rtt, flows=flows, warm_up=warm_up(rtt))
                       for s in SHAPERS]


def unlimited_cells(seconds):
    for local in (False, True):
        for rtt in RTTS:
            for flows in FLOWS:
                yield [cell("tcp", s, 0, seconds, rtt=rtt, flows=flows, warm_up=warm_up(rtt),
                            local=local) for s in ("raceway", "none")]


def offered(rate, factor):
    return min(rate * factor, max(OFFER_MAX, rate * 2))


def udp_cells(seconds):
    for rate in RATES:
        yield [cell("udp", s, rate, seconds, offered=offered(rate, OVERLOAD)) for s in SHAPERS]
        yield [cell("burst", s, rate, 0.5, offered=offered(rate, BURST_FACTOR), warm_up=1)
               for s in SHAPERS]


def inside_cells(seconds):
    """What flows of one vNIC do to each other."""
    for rate in RATES[:2]:
        yield [cell("ping", s, rate, seconds, rtt=10, flows=PING_FLOWS, warm_up=3,
                    interval=PING_INTERVAL_MS) for s in SHAPERS]
        yield [cell("flood", s, rate, seconds, rtt=10, warm_up=3, offered=OVERLOAD * rate)
               for s in SHAPERS]
    yield [cell("guarantee", s, GUARANTEE_RATE, seconds, vnics=GUARANTEE_VNICS)
           for s in ("raceway", "htb")]


def native_cells(seconds):
    """With a JIT, two CPUs and frames of the wire at every rate; no delay here."""
    for rate in RATES:
        yield [cell("udp", s, rate, seconds, offered=offered(rate, OVERLOAD), local=False,
                    kernel="native") for s in NATIVE_SHAPERS]
    for flows in FLOWS:
        yield [cell("tcp", s, GBIT, seconds, flows=flows, local=False, kernel="native")
               for s in NATIVE_SHAPERS]
        yield [cell("tcp", s, 0, seconds, flows=flows, local=False, kernel="native")
               for s in ("raceway", "none")]
    rate = GUARANTEE_RATE
    yield [cell("ping", s, rate, seconds, flows=PING_FLOWS, interval=PING_INTERVAL_MS,
                kernel="native") for s in NATIVE_SHAPERS]
    yield [cell("guarantee", s, rate, seconds, vnics=GUARANTEE_VNICS, kernel="native")
           for s in ("raceway", "htb")]


def everything(seconds):
    groups = list(tcp_cells(seconds)) + list(unlimited_cells(min(seconds, 3)))
    groups += list(udp_cells(min(seconds, 8))) + list(inside_cells(seconds))
    return groups + list(native_cells(min(seconds, 5)))


def share(c):
    """Of the CPU, roughly."""
    if not c["rate"] or c["kind"] == "burst" or c["kernel"] == "native":
        return 1
    load = c.get("offered", c["rate"])
    if "vnics" in c:
        load = sum(v["demand"] for v in c["vnics"])
    return load / CAPACITY[c["local"]]


def length(c):
    return c["warm_up"] + c["seconds"]


def batches(groups):
    """Cells that may run beside each other: together well below what the CPU carries, and of the
    same length. The shapers of one group stay together if they can."""
    result = []
    for one in sorted((c for g in groups for c in g), key=length):
        for batch in reversed(result):
            if (length(batch[0]) == length(one) and batch[0]["kind"] == one["kind"]
                    and len(batch) < BATCH_WORLDS
                    and sum(map(share, batch)) + share(one) <= BATCH_SHARE):
                batch.append(one)
                break
        else:
            result.append([one])
    return result
