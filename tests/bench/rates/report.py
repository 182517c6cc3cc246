# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Figures of cells become rows: the table, build/bench.json, and whether the run is valid."""
import json
import os

from suite import DELAY_MIN, GUARANTEE_VNICS, REACH, SHAPERS

PAYLOAD_SHARE = 1448 / 1514  # of a frame at MTU 1500, with TCP timestamps
FRAME_BITS = 1514 * 8
LOST = 0.001
STALLED = 0.03  # of the window
TCP_CEILING = 0.97
TCP_OF_BEST = 0.98
JAIN = 0.95
CAP_ERROR = 0.01
BURST_MS = 20
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
    return "native" if c["kernel"] == "native" else "guest" if c["local"] else "port"


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
        return any(s["kind"] == "udp" and s["stalled"] > STALLED * s["seconds"]
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
                c.get("flows"))

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


def row(c, what, unit, values, target=None, met=None, digits=3):
    return {"what": f"{what}, {place(c)}", "unit": unit, "values": values, "target": target,
            "met": met, "digits": digits}


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
    yield row(c, f"TCP goodput, {name}", "share", values,
              f">= {TCP_OF_BEST} x best, {TCP_CEILING}", met)
    if c["flows"] > 1:
        fair = results.figures(c, lambda r: jain(r["streams"][0]["flows"]))
        fair = {s: NA if values[s] is NA else fair[s] for s in SHAPERS}
        ours = fair["raceway"]
        yield row(c, f"Jain's index, {name}", "", fair, f">= {JAIN}",
                  NA if ours is NA else ours >= JAIN)
    if c["kernel"] == "native":
        def cpu(r):
            return sum(s["busy"] for s in r["streams"]) / (tcp_bps(r) * c["seconds"] / 1e9)
        yield row(c, f"CPU per Gb, TCP, {name}", "s", results.figures(c, cpu))


def udp_rows(results, c):
    def error(r):
        s, shaper = r["streams"][0], r["cell"]["shaper"]
        # EDT holds the sender back itself, queues on the same machine do, too.
        held_back = shaper == "edt" or (c["local"] and shaper != "raceway")
        if s["offered_bps"] < REACH * c["rate"] and not held_back:
            return NA
        return s["bps"] / c["rate"] - 1
    values = results.figures(c, error)
    ours = values["raceway"]
    yield row(c, f"UDP cap error, {rate_text(c['rate'])}", "share", values, f"<= {CAP_ERROR}",
              NA if ours is NA else abs(ours) <= CAP_ERROR, 4)


def burst_rows(results, c):
    values = results.figures(c, lambda r: r["streams"][0]["burst_bytes"] * 8e3 / c["rate"])
    ours = values["raceway"]
    yield row(c, f"burst from idle, {rate_text(c['rate'])}", "ms", values, f"<= {BURST_MS} ms",
              NA if ours is NA else ours <= BURST_MS, 2)


def ping_rows(results, c):
    name = f"{rate_text(c['rate'])} full of {c['flows']} TCP flows"
    delay = c["rtt"] if c["rtt"] > DELAY_MIN else 0
    values = results.figures(c, lambda r: r["streams"][1]["p99_ms"] - delay)
    ours, htb = values["raceway"], values["htb"]
    yield row(c, f"ping p99 above {delay:g} ms, {name}", "ms", values,
              f"<= HTB / {PING_RATIO}", NA if NA in (ours, htb) else ours <= htb / PING_RATIO, 2)
    lost = results.figures(c, lambda r: 1 - r["streams"][1]["received"] / r["streams"][1]["sent"])
    yield row(c, f"ping lost, {name}", "share", lost)


def flood_rows(results, c):
    values = results.figures(c, lambda r: tcp_bps(r) / (c["rate"] * PAYLOAD_SHARE))
    yield row(c, f"TCP beside a UDP flood of 3 x {rate_text(c['rate'])}", "share", values)


def guarantee_rows(results, c):
    vnics = GUARANTEE_VNICS
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
    for what, figure, target, good in (
            ("least share of a guarantee", kept, f">= {GUARANTEE}", lambda v: v >= GUARANTEE),
            ("use of the port", lambda r: sum(got(r)) / c["rate"], f">= {PORT_USE}",
             lambda v: v >= PORT_USE),
            ("excess off its weights by", off, f"<= {WEIGHTS}", lambda v: v <= WEIGHTS)):
        values = results.figures(c, figure)
        ours = values["raceway"]
        yield row(c, f"{what}, {name}", "share", values, target, NA if ours is NA else good(ours))


ROWS = {"tcp": tcp_rows, "udp": udp_rows, "burst": burst_rows, "ping": ping_rows,
        "flood": flood_rows, "guarantee": guarantee_rows}


def rows_of(groups, results):
    return [r for g in groups for r in ROWS[g[0]["kind"]](results, g[0])]


def number(value, digits):
    return "n/a" if value is NA else f"{value:.{digits}f}"


def print_rows(rows):
    print(f"{'':<65}" + "".join(f"{s:>9}" for s in SHAPERS) + "         target")
    for r in rows:
        cells = "".join(f"{number(r['values'].get(s), r['digits']):>9}" for s in SHAPERS)
        met = "" if r["met"] is NA else "met" if r["met"] else "missed"
        print(f"rates  {r['what']:<58}{cells}  {r['unit']:<6} {r['target'] or '':<18} {met}")


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
        result.update(target=r["target"], met=r["met"])
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
