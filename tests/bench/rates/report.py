# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Figures of cells become rows: the table, build/bench.json, and whether the run is valid."""
import json
import os

from suite import CAP_BURST_MS, CAP_WINDOW_S, DELAY_MIN, GBIT, REACH, SHAPERS

PAYLOAD_SHARE = 1448 / 1514  # of a frame at MTU 1500, with TCP timestamps
FRAME_BITS = 1514 * 8
LOST = 0.001
STALLED = 0.03  # of the window
TCP_CEILING = 0.97
TCP_OF_BEST = 0.98
JAIN = 0.95
CAP_ERROR = 0.01
STAMP_MS = 0.5  # a poll's batch is stamped when it is through
BURST_MS = 20
TURN_LATE_MS = 10
TURNS_LEAST = 0.5  # of the turns must have been undisturbed
GUARANTEE = 0.99
PORT_USE = 0.98
WEIGHTS = 0.05
PING_RATIO = 5
NA = None


def rate_text(rate):
    if not rate:
        return "unlimited"
    return f"{rate // 10**9} Gb/s" if rate >= 10**9 else f"{rate // 10**6} Mb/s"


def place(c):
    where = "native" if c["kernel"] == "native" else "guest" if c["local"] else "port"
    return where if c["direction"] == "tx" else f"{where} rx"


def flows_text(count):
    return f"{count} flow" + ("s" if count > 1 else "")


def jain(flows):
    squares = sum(f * f for f in flows)
    return sum(flows) ** 2 / (len(flows) * squares) if squares else 0


def tcp_bps(result):
    return sum(s["bps"] for s in result["streams"] if s["kind"] == "tcp")


class Results:
    """Results by cell; complaints about what is missing or cannot be believed."""

    def __init__(self, results):
        self.by_key = {}
        self.disturbed = set()
        self.invalid = []
        for r in results:
            failed = [s["failed"] for s in r.get("streams", []) if s["failed"]]
            if failed:
                r["error"] = f"a stream failed: {os.strerror(-failed[0])}"
            if self.was_lost(r):
                r["error"] = f"{r['lost']} frames were lost behind the shaper"
            if "error" in r:
                self.invalid.append(f"{self.text(r['cell'])}: {r['error']}")
            else:
                self.by_key[self.key(r["cell"])] = r

    @staticmethod
    def stood_still(r):
        """The machine was busy with something else: no datagram was offered meanwhile."""
        return any(s["kind"] in ("udp", "turn") and s["stalled"] > STALLED * s["seconds"]
                   for s in r["streams"])

    @staticmethod
    def was_lost(r):
        """Datagrams that passed the shaper and did not arrive are no shaper's doing."""
        bits = sum(s["bps"] * s["seconds"] for s in r.get("streams", []) if s["kind"] == "udp")
        return bits > 0 and r["lost"] * FRAME_BITS > LOST * bits

    @staticmethod
    def key(c, **changes):
        c = {**c, **changes}
        return (c["kernel"], c["local"], c["kind"], c["shaper"], c["rate"], c["rtt"],
                c.get("flows"), c["direction"])

    @staticmethod
    def text(c):
        return (f"{c['kind']} {c['shaper']} {rate_text(c['rate'])} {c['rtt']} ms "
                f"{flows_text(c.get('flows', 1))}, {place(c)}")

    def get(self, c, shaper, **changes):
        return self.by_key.get(self.key(c, shaper=shaper, **changes))

    def reaches(self, c, shaper):
        """Does the same path without a limit carry enough? Not asked for: yes."""
        path = "raceway" if shaper == "raceway" else "none"
        result = self.get(c, path, rate=0, kind="tcp")
        return not result or tcp_bps(result) >= REACH * c["rate"]

    def figures(self, c, figure):
        """Of each shaper, or n/a."""
        values = {}
        for shaper in SHAPERS:
            result = self.get(c, shaper)
            if result and self.stood_still(result):
                self.disturbed.add(self.text(result["cell"]))
                result = NA
            values[shaper] = figure(result) if result else NA
        return values


def row(c, what, unit, values, goal=None, target=None, met=None, digits=3):
    """`goal`: which of goals.GOALS the target belongs to; `met` is asked of our value."""
    ours = values["raceway"]
    if callable(met):
        met = NA if ours is NA else met(ours)
    return {"what": f"{what}, {place(c)}", "unit": unit, "values": values, "goal": goal,
            "target": target, "met": met, "digits": digits}


def best(values, shapers=("htb", "tbf"), choose=max):
    known = [values[s] for s in shapers if values.get(s) is not NA]
    return choose(known) if known else NA


def tcp_rows(results, c):
    name = f"{rate_text(c['rate'])}, {c['rtt']:g} ms, {flows_text(c['flows'])}"
    if not c["rate"]:
        values = {}
        for s in SHAPERS:  # the others' path is the bridge
            result = results.get(c, "raceway" if s == "raceway" else "none")
            values[s] = tcp_bps(result) / 1e9 if result else NA
        yield row(c, f"TCP without a limit, {c['rtt']:g} ms, {flows_text(c['flows'])}", "Gbit/s",
                  values, digits=2)
        return
    values = results.figures(c, lambda r: tcp_bps(r) / (c["rate"] * PAYLOAD_SHARE))
    for shaper in SHAPERS:
        if not results.reaches(c, shaper):
            values[shaper] = NA
    ours, other = values["raceway"], best(values)
    met = NA
    if ours is not NA and other is not NA:
        met = ours >= TCP_OF_BEST * other and (other < TCP_CEILING or ours >= TCP_CEILING)
    yield row(c, f"TCP goodput, {name}", "share", values, "tcp",
              f">= {TCP_OF_BEST} x best, {TCP_CEILING}", met)
    if c["flows"] > 1:
        fair = results.figures(c, lambda r: jain(r["streams"][0]["flows"]))
        fair = {s: NA if values[s] is NA else fair[s] for s in SHAPERS}
        yield row(c, f"Jain's index, {name}", "", fair, "jain", f">= {JAIN}", lambda v: v >= JAIN)
    if c["rate"] == GBIT and c["rtt"] == DELAY_MIN:
        yield row(c, f"CPU per Gb, TCP, {name}", "s", results.figures(c, cpu_per_gbit))


def cpu_per_gbit(r):
    """Of all CPUs of that kernel, where nothing else ran in it."""
    bits = tcp_bps(r) * r["cell"]["seconds"]
    return sum(s["busy"] for s in r["streams"]) / (bits / GBIT) if r["alone"] and bits else NA


def was_offered(r):
    """EDT holds the sender back itself, queues on the same machine do, too (docs/bench.md)."""
    c = r["cell"]
    near = c["local"] or c["kernel"] == "native"
    held_back = c["shaper"] == "edt" or (near and c["shaper"] != "raceway")
    return held_back or r["streams"][0]["offered_bps"] >= REACH * c["rate"]


def cap_error(length):
    """The worst of whole windows of so many seconds from the second second on, in which the
    sender got to run."""
    def error(r):
        seconds = r["streams"][0]["by_second"][1:]
        windows = [seconds[i:i + length] for i in range(0, len(seconds) - length + 1, length)]
        rates = [sum(w) / length for w in windows if NA not in w]
        if not rates or not was_offered(r):
            return NA
        return max((v / r["cell"]["rate"] - 1 for v in rates), key=abs)
    return error


def in_ms(r, what):
    return r["streams"][0][what] * 8e3 / r["cell"]["rate"]


def udp_rows(results, c):
    yield row(c, f"UDP cap error, {rate_text(c['rate'])}", "share",
              results.figures(c, lambda r: r["streams"][0]["bps"] / r["cell"]["rate"] - 1
                              if was_offered(r) else NA), "cap", f"<= {CAP_ERROR}",
              lambda v: abs(v) <= CAP_ERROR, 4)


def cap_rows(results, c):
    name = f"burst {CAP_BURST_MS} ms, {rate_text(c['rate'])}"
    yield row(c, f"UDP cap error, worst {CAP_WINDOW_S} s, {name}", "share",
              results.figures(c, cap_error(CAP_WINDOW_S)), "cap", f"<= {CAP_ERROR}",
              lambda v: abs(v) <= CAP_ERROR, 4)
    yield row(c, f"above rate x t in any window, {name}", "ms",
              results.figures(c, lambda r: in_ms(r, "excess_bytes")), "window",
              f"<= {CAP_BURST_MS} + {STAMP_MS} ms", lambda v: v <= CAP_BURST_MS + STAMP_MS, 2)


def burst_rows(results, c):
    yield row(c, f"burst from idle, {rate_text(c['rate'])}", "ms",
              results.figures(c, lambda r: in_ms(r, "burst_bytes")), "idle",
              f"<= {BURST_MS} ms", lambda v: v <= BURST_MS, 2)


def ping_rows(results, c):
    name = f"{rate_text(c['rate'])} full of {c['flows']} TCP flows"
    delay = c["rtt"] if c["rtt"] > DELAY_MIN else 0
    values = results.figures(c, lambda r: r["streams"][1]["p99_ms"] - delay)
    htb = values["htb"]
    yield row(c, f"ping p99 above {delay:g} ms, {name}", "ms", values, "ping",
              f"<= HTB / {PING_RATIO}", NA if htb is NA else lambda v: v <= htb / PING_RATIO, 2)
    lost = results.figures(c, lambda r: 1 - r["streams"][1]["received"] / r["streams"][1]["sent"])
    yield row(c, f"ping lost, {name}", "share", lost)


def flood_rows(results, c):
    values = results.figures(c, lambda r: tcp_bps(r) / (c["rate"] * PAYLOAD_SHARE))
    yield row(c, f"TCP beside a UDP flood of 3 x {rate_text(c['rate'])}", "share", values)


def guarantee_rows(results, c):
    vnics = c["vnics"]
    promised = [min(v["cir"], v["demand"]) for v in vnics]
    greedy = [i for i, v in enumerate(vnics) if v["demand"] > v["cir"]]
    weights = sum(vnics[i]["weight"] for i in greedy)

    def got(r):
        return [s["bps"] for s in r["streams"]]

    def kept(r):
        # What was not offered cannot arrive.
        return min(g / min(p, s["offered_bps"])
                   for g, p, s in zip(got(r), promised, r["streams"]))

    def off(r):
        excess = {i: got(r)[i] - promised[i] for i in greedy}
        total = sum(excess.values())
        return max(abs(excess[i] / total - vnics[i]["weight"] / weights) for i in greedy)

    name = f"3 x {rate_text(c['rate'])} at a port"
    for what, figure, goal, target, good in (
            ("least share of a guarantee", kept, "guarantee", f">= {GUARANTEE}",
             lambda v: v >= GUARANTEE),
            ("use of the port", lambda r: sum(got(r)) / c["rate"], "use", f">= {PORT_USE}",
             lambda v: v >= PORT_USE),
            ("excess off its weights by", off, "weights", f"<= {WEIGHTS}",
             lambda v: v <= WEIGHTS)):
        yield row(c, f"{what}, {name}", "share", results.figures(c, figure), goal, target, good)


def turn_rows(results, c):
    total = int(c["seconds"] * 1000 / c["turn_ms"]) / 2

    def late(parity):
        """The worst of all streams with a promise for such turns."""
        def figure(r):
            worst = []
            for v, s in zip(c["vnics"], r["streams"]):
                if not v["odd_promise" if parity else "even_promise"]:
                    continue
                turns = [ms for turn, ms in s["late"] if turn % 2 == parity]
                if len(turns) < TURNS_LEAST * total:
                    return NA
                worst.append(max(turns))
            return max(worst)
        return figure

    for what, parity in (("idle guarantee lent, late by", 0), ("and taken back, late by", 1)):
        yield row(c, f"{what}, {rate_text(c['rate'])} port", "ms",
                  results.figures(c, late(parity)), "turn", f"<= {TURN_LATE_MS} ms",
                  lambda v: v <= TURN_LATE_MS, 2)


ROWS = {"tcp": tcp_rows, "udp": udp_rows, "cap": cap_rows, "burst": burst_rows, "ping": ping_rows,
        "flood": flood_rows, "guarantee": guarantee_rows, "turn": turn_rows}


def rows_of(groups, results):
    return [r for g in groups for r in ROWS[g[0]["kind"]](results, g[0])]


def number(value, digits):
    return "n/a" if value is NA else f"{value:.{digits}f}"


def print_rows(rows):
    print(f"{'':<67}" + "".join(f"{s:>9}" for s in SHAPERS) + "         target")
    for r in rows:
        cells = "".join(f"{number(r['values'].get(s), r['digits']):>9}" for s in SHAPERS)
        met = "" if r["met"] is NA else "met" if r["met"] else "missed"
        print(f"rates  {r['what']:<60}{cells}  {r['unit']:<6} {r['target'] or '':<18} {met}")


def goal_rows(rows):
    """Those that a target is about, as goals.print_goals() wants them."""
    return [dict(r, ours=number(r["values"]["raceway"], r["digits"]) + f" {r['unit']}".rstrip())
            for r in rows if r["goal"]]


def to_json(r):
    """As the other parts' rows, with all shapers' values beside."""
    values = r["values"]
    result = {"part": "rates", "what": r["what"], "unit": r["unit"], "ours": values["raceway"],
              "values": values}
    if values.get("htb") is not NA:
        result.update(reference=values["htb"], reference_what="HTB")
        if values["raceway"] is not NA and values["htb"]:
            result["ratio"] = values["raceway"] / values["htb"]
    if r["target"]:
        result.update(goal=r["goal"], target=r["target"], met=r["met"])
    return result


def write_json(path, rows, valid):
    """Behind the rows of the other parts, if the same run wrote any."""
    document = {"schema": 1, "valid": True, "rows": []}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    document["rows"] += rows
    document["valid"] = document["valid"] and valid
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
