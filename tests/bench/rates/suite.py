# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the rates part measures: cells, each one shaper under one load, and in which batches."""

MBIT = 1_000_000
GBIT = 1_000_000_000
RATES = [10 * MBIT, 100 * MBIT, GBIT]
DELAY_MIN = 0.1  # ms: what the path takes by itself, about
RTTS = [DELAY_MIN, 10, 50]
FLOWS = [1, 16]
SHAPERS = ["raceway", "htb", "tbf", "edt"]
NO_EDT = ["raceway", "htb", "tbf"]  # no fq in the development machine's kernel; not for rx
GUARANTEE_SHAPERS = ["raceway", "htb"]
RX_RTT = 10
OVERLOAD = 3
BURST_FACTOR = 20
OFFER_MAX = 2 * GBIT  # what a guest in User-mode Linux can send beside everything else
PING_INTERVAL_MS = 10
PING_FLOWS = 4
REACH = 1.3  # times the rate must an unlimited path carry, or a cell says nothing
# Estimates of what one CPU without a JIT carries: frames of the wire, and GSO packets.
CAPACITY = {False: GBIT, True: 4 * GBIT}
CAPACITY_NATIVE = 4 * GBIT
BATCH_SHARE = 0.32
BATCH_WORLDS = 12

# 300 Mb/s for a port of 100, 90 of it promised, one guarantee that is hardly used.
GUARANTEE_RATE = 100 * MBIT
GUARANTEE_VNICS = [
    {"cir": 40 * MBIT, "demand": 120 * MBIT, "weight": 1},
    {"cir": 20 * MBIT, "demand": 120 * MBIT, "weight": 1},
    {"cir": 10 * MBIT, "demand": 55 * MBIT, "weight": 2},
    {"cir": 20 * MBIT, "demand": 5 * MBIT, "weight": 1},
]

CAP_BURST_MS = 10
CAP_WINDOW_S = 2  # of which the burst is 0.5 %

# A guarantee of 60 of 100 Mb/s is used every other 200 ms, by more than it is, and lent meanwhile.
TURN_MS = 200
TURN_VNICS = [
    {"cir": 60 * MBIT, "weight": 1, "even": 0, "odd": 72 * MBIT, "even_promise": 0,
     "odd_promise": 0.99 * 60 * MBIT},
    {"cir": 20 * MBIT, "weight": 1, "even": 150 * MBIT, "odd": 150 * MBIT,
     "even_promise": 0.98 * GUARANTEE_RATE, "odd_promise": 0.99 * 20 * MBIT},
]
SHORT_S = 5  # where nothing takes long to settle
CUBIC_C, CUBIC_BETA, PACKET_BITS = 0.4, 0.7, 1514 * 8  # RFC 9438


def warm_up(rtt):
    """Slow start that was left early takes its time at long round trips."""
    return 2 + 0.08 * rtt


def window(rate, rtt, flows, least):
    """Two sawteeth of CUBIC: it needs K seconds back to where it lost (RFC 9438, section 4.2) and
    as much again to climb beyond. Less would show a part of one, the low or the high: of one flow
    of 100 Mb/s at 50 ms 0.954 of its ceiling in 2 K and 1.001 in 6 K."""
    packets = rate * rtt / 1000 / PACKET_BITS / flows
    return max(least, round(4 * (packets * (1 - CUBIC_BETA) / CUBIC_C) ** (1 / 3)))


def is_local(rate):
    """Frames of the wire are too many for one CPU without a JIT from 1 Gb/s on."""
    return rate >= GBIT


def cell(kind, shaper, rate, seconds, **more):
    result = {"kind": kind, "shaper": shaper, "rate": rate, "seconds": seconds, "rtt": DELAY_MIN,
              "local": is_local(rate), "warm_up": 2, "kernel": "uml", "direction": "tx"}
    result.update(more)
    return result


def tcp_group(shapers, rate, rtt, flows, seconds, **more):
    return [cell("tcp", s, rate, window(rate, rtt, flows, seconds), rtt=rtt, flows=flows,
                 warm_up=warm_up(rtt), **more) for s in shapers]


def tcp_cells(seconds):
    for rate in RATES:
        for rtt in RTTS:
            for flows in FLOWS:
                yield tcp_group(SHAPERS, rate, rtt, flows,
                                min(seconds, SHORT_S) if rtt == DELAY_MIN else seconds)
        for flows in FLOWS:
            yield tcp_group(NO_EDT, rate, RX_RTT, flows, seconds, direction="rx")


def unlimited_cells(seconds):
    """Nothing is lost here, so slow start ends where it should."""
    for local in (False, True):
        for flows in FLOWS:
            for rtt, direction in [(rtt, "tx") for rtt in RTTS] + [(RX_RTT, "rx")]:
                group = tcp_group(["raceway", "none"], 0, rtt, flows, seconds, local=local,
                                  direction=direction)
                yield [dict(c, warm_up=c["warm_up"] / 2) for c in group]


def offered(rate, factor):
    return min(rate * factor, max(OFFER_MAX, rate * 2))


def udp_cells(seconds):
    for rate in RATES:
        much, most = offered(rate, OVERLOAD), offered(rate, BURST_FACTOR)
        yield [cell("udp", s, rate, seconds, offered=much) for s in SHAPERS]
        for direction, shapers in (("tx", SHAPERS), ("rx", NO_EDT)):
            yield [cell("cap", s, rate, seconds, offered=much, burst_ms=CAP_BURST_MS,
                        direction=direction) for s in shapers]
            yield [cell("burst", s, rate, 0.5, offered=most, warm_up=1, direction=direction)
                   for s in shapers]


def port_cells(seconds, kernel):
    yield [cell("guarantee", s, GUARANTEE_RATE, seconds, vnics=GUARANTEE_VNICS, kernel=kernel)
           for s in GUARANTEE_SHAPERS]
    yield [cell("turn", s, GUARANTEE_RATE, seconds, vnics=TURN_VNICS, turn_ms=TURN_MS,
                kernel=kernel) for s in GUARANTEE_SHAPERS]


def inside_cells(seconds):
    """What flows of one vNIC do to each other."""
    for rate in RATES[:2]:
        yield [cell("ping", s, rate, seconds, rtt=10, flows=PING_FLOWS, warm_up=3,
                    interval=PING_INTERVAL_MS) for s in SHAPERS]
        yield [cell("flood", s, rate, seconds, rtt=10, warm_up=3, offered=OVERLOAD * rate)
               for s in SHAPERS]


def native_cells(seconds):
    """With a JIT, two CPUs and frames of the wire at every rate; no delay here."""
    more = {"local": False, "kernel": "native"}
    for rate in RATES:
        much = offered(rate, OVERLOAD)
        yield [cell("udp", s, rate, seconds, offered=much, **more) for s in NO_EDT]
        for direction in ("tx", "rx"):
            yield [cell("cap", s, rate, seconds, offered=much, burst_ms=CAP_BURST_MS,
                        direction=direction, **more) for s in NO_EDT]
    for flows in FLOWS:
        yield tcp_group(NO_EDT, GBIT, DELAY_MIN, flows, seconds, **more)
        yield tcp_group(["raceway", "none"], 0, DELAY_MIN, flows, seconds, **more)
    yield [cell("ping", s, GUARANTEE_RATE, seconds, flows=PING_FLOWS, interval=PING_INTERVAL_MS,
                **more) for s in NO_EDT]
    yield from port_cells(seconds, "native")


def everything(seconds):
    short = min(seconds, SHORT_S)
    groups = list(tcp_cells(seconds)) + list(unlimited_cells(min(seconds, 2)))
    groups += list(udp_cells(short)) + list(inside_cells(short))
    groups += list(port_cells(seconds, "uml"))
    return groups + list(native_cells(short))


def share(c):
    """Of the CPU, roughly. Native TCP is alone: what it takes is measured."""
    native = c["kernel"] == "native"
    if not c["rate"] or (native and c["kind"] == "tcp") or c["kind"] == "burst":
        return 1
    load = c.get("offered", c["rate"])
    if "vnics" in c:
        load = sum(max(v.get("demand", 0), v.get("odd", 0)) for v in c["vnics"])
    return load / (CAPACITY_NATIVE if native else CAPACITY[c["local"]])


def length(c):
    return c["warm_up"] + c["seconds"]


def batches(groups):
    """Cells that may run beside each other: together well below what the CPU carries, and of the
    same length. The shapers of one group stay together if they can."""
    result = []
    for one in sorted((c for g in groups for c in g), key=length):
        for batch in reversed(result):
            if (length(batch[0]) == length(one) and batch[0]["kind"] == one["kind"]
                    and batch[0]["kernel"] == one["kernel"] and len(batch) < BATCH_WORLDS
                    and sum(map(share, batch)) + share(one) <= BATCH_SHARE):
                batch.append(one)
                break
        else:
            result.append([one])
    return result
