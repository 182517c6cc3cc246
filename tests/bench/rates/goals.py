# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Which of the targets that were set were met: the list at the end of the rates part."""
import json
import os

# What the rows' `goal` names, in the order in which it is printed.
GOALS = {
    "cap": "cap error <= 1 % from the second second on",
    "window": "never above PIR x t + PBS in any window",
    "idle": "a burst from idle <= 20 ms of the rate",
    "guarantee": "every vNIC gets >= 99 % of min(demand, CIR)",
    "use": "use of the port's rate >= 98 %",
    "weights": "excess within 5 % of the weights",
    "turn": "an idle guarantee lent at once, taken back within 10 ms",
    "tcp": "TCP >= 0.97 of its ceiling where HTB or TBF is, >= 0.98 of the better",
    "jain": "Jain's index of 16 flows >= 0.95",
    "ping": "p99 ping at least 5 times lower than HTB's",
    "meters": "all meters of a frame <= 100 ns, whatever the number of vNICs",
}
METERS_PART = "e"


def meter_rows(path):
    """What raceway-bench has measured of the meters' cost in the same run."""
    if not path or not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)["rows"]
    return [{"goal": "meters", "what": r["what"], "met": r["met"], "target": r["target"],
             "ours": f"{r['ours']:.1f} {r['unit']}"}
            for r in rows if r["part"] == METERS_PART and "met" in r]


def print_goals(rows):
    print("\ntargets")
    for goal, text in GOALS.items():
        of = [r for r in rows if r["goal"] == goal]
        said = [r for r in of if r["met"] is not None]
        missed = [r for r in said if not r["met"]]
        verdict = "missed" if missed else "met" if said else "n/a"
        unsaid = f", {len(of) - len(said)} n/a" if len(of) > len(said) else ""
        print(f"{verdict:<7} {text}: {len(said) - len(missed)} of {len(said)} rows{unsaid}")
        for r in missed:
            print(f"          {r['what']}: {r['ours']}, not {r['target']}")
