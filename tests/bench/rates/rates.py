# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The rates part of the benchmark: docs/bench.md says what its rows mean. Without options all of
it; --only KIND,... some cells, with every stream's figures."""
import argparse
import json
import os
import sys

import goals
import kernels
import report
import suite

HERE = os.path.dirname(os.path.abspath(__file__))
LONG = ("seconds", "failed", "busy", "stalled", "by_second", "late")
UNITS = [("gbit", 10**9), ("mbit", 10**6), ("kbit", 10**3), ("ms", 1), ("", 1)]


def number(text):
    for unit, factor in UNITS:
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(text)


def matches(group, words):
    """KIND,RATE,ROUND-TRIP,FLOWS,DIRECTION from the left, `*` or nothing: any."""
    c = group[0]
    for word, key in zip(words, ("kind", "rate", "rtt", "flows", "direction")):
        if word == "*":
            continue
        if (word if key in ("kind", "direction") else number(word)) != c.get(key):
            return False
    return True


def choose(args):
    """Groups of cells, and a TCP cell also where the suite has none like it."""
    words = args.only.split(",")
    groups = [g for g in suite.everything(args.seconds) if matches(g, words)
              and ("native" if args.native else "uml") == g[0]["kernel"]]
    if words[0] == "tcp" and len(words) == 4 and "*" not in words and not groups:
        rate, rtt, flows = number(words[1]), number(words[2]), number(words[3])
        groups = [[suite.cell("tcp", s, int(rate), args.seconds, rtt=rtt, flows=int(flows),
                              warm_up=suite.warm_up(rtt),
                              kernel="native" if args.native else "uml")
                   for s in suite.SHAPERS]]
    if not groups:
        raise SystemExit(f"rates: no such cells: {args.only}")
    for group in groups:
        if args.shaper:
            pattern = group[0]
            group[:] = [dict(pattern, shaper=s) for s in args.shaper]
        for c in group:
            if args.at:
                c["local"] = args.at == "guest"
            if args.only:
                c["seconds"] = args.seconds if c["kind"] != "burst" else c["seconds"]
            if args.no_fq:
                c["fq"] = False
            if args.warm_up is not None:
                c["warm_up"] = args.warm_up
    return groups


def details(result):
    c = result["cell"]
    texts = []
    for s in result["streams"]:
        if s["kind"] == "tcp":
            ceiling = c["rate"] * report.PAYLOAD_SHARE
            share = f"share {s['bps'] / ceiling:.3f}  " if ceiling else ""
            texts.append(f"tcp {s['bps'] / 1e6:.2f} Mbit/s  {share}"
                         f"retransmits {s['retransmits']}  rtt {s['rtt_ms']:.2f} ms  "
                         f"jain {report.jain(s['flows']):.3f}")
        else:
            texts.append(" ".join(f"{k} {v}" for k, v in s.items()
                                  if k not in LONG))
    print(f"{c['shaper']:8} {report.place(c):6} {c['kind']}: {'; '.join(texts)}; "
          f"lost before {result['before']}, behind {result['lost']}, stalled {result['streams'][0]['stalled']:.2f} s")


def arguments():
    parser = argparse.ArgumentParser(prog="bench rates")
    parser.add_argument("--only", metavar="KIND,RATE,RTT,FLOWS,tx|rx",
                        help="cells like tcp,100mbit,10ms,1; kinds: " + " ".join(report.ROWS))
    parser.add_argument("--shaper", action="append", choices=suite.SHAPERS + ["none"])
    parser.add_argument("--at", choices=["port", "guest"],
                        help="where the sender is: behind a fabric port, or a local vNIC")
    parser.add_argument("--no-fq", action="store_true",
                        help="nothing paces at the port by which Raceway's guests leave")
    parser.add_argument("--native", action="store_true", help="in this kernel (only --only)")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--warm-up", type=float)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1),
                        help="how many User-mode Linux at once")
    parser.add_argument("--tree", default=f"{HERE}/../../..",
                        help="the checkout to be measured (default: this one)")
    parser.add_argument("--build", help="its build directory (default: build in it)")
    parser.add_argument("--json", help="rows are added to this file")
    return parser.parse_args()


def write(path, rows, raw, valid):
    if not path:
        return
    report.write_json(path, [report.to_json(r) for r in rows], valid)
    with open(f"{path}.raw", "w", encoding="utf-8") as file:
        json.dump(raw, file, indent=1)


def main():
    args = arguments()
    groups = choose(args) if args.only else suite.everything(args.seconds)
    tools = kernels.build_tools(os.path.abspath(args.tree), args.build)
    batches = suite.batches(groups)
    raw = kernels.run_all(batches, tools, args.jobs)
    results = report.Results(raw)
    rows = report.rows_of(groups, results)
    if args.only:
        for result in raw:
            if "error" not in result:
                details(result)
        report.print_rows(rows)
    else:
        report.print_rows(rows)
        goals.print_goals(goals.meter_rows(args.json) + report.goal_rows(rows))
        write(args.json, rows, raw, not results.invalid)
    for text in sorted(results.disturbed):
        print(f"bench: n/a, the machine stood still: {text}", file=sys.stderr)
    for text in results.invalid:
        print(f"bench: invalid: {text}", file=sys.stderr)
    missing = sum(map(len, batches)) - len(raw)
    if missing:
        print(f"bench: invalid: {missing} cells gave nothing", file=sys.stderr)
    return 1 if results.invalid or missing else 0


if __name__ == "__main__":
    sys.exit(main())
