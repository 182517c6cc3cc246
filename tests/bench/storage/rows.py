# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Rows of the storage part: the table beside the reference, and build/bench.json's form."""
from statistics import median


def row(what, unit, ours, reference=None, reference_what=None, ratio=None, target=None, met=None,
        note=""):
    result = {"part": "storage", "what": what, "unit": unit, "ours": ours}
    if reference is not None:
        result.update(reference=reference, reference_what=reference_what,
                      ratio=ours / reference if ratio is None else ratio)
    if target is not None:
        result.update(target=target, met=met)
    if note:
        result["note"] = note
    return result


def paired(what, unit, ours, reference, reference_what, limit=None, least=True, note=""):
    """Figures of runs that alternated: the median of the ratios, pair by pair."""
    ratio = median(a / b for a, b in zip(ours, reference))
    target = met = None
    if limit is not None:
        target = f"{'>=' if least else '<='} {limit} x {reference_what}"
        met = ratio >= limit if least else ratio <= limit
    return row(what, unit, median(ours), median(reference), reference_what, ratio, target, met,
               note)


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"


def print_rows(rows):
    print(f"{'storage':<56}{'ours':>9}  {'':<8}{'reference':>10}  {'':<26}{'ratio':>6}  target")
    for r in rows:
        reference = ratio = what = ""
        if "reference" in r:
            reference, ratio = number(r["reference"]), f"{r['ratio']:.2f}"
            what = r["reference_what"]
        met = {None: "", True: "met", False: "missed"}[r.get("met")]
        line = (f"{r['what']:<56}{number(r['ours']):>9}  {r['unit']:<8}{reference:>10}  "
                f"{what:<26}{ratio:>6}  {r.get('target', ''):<16}{met:<8}{r.get('note', '')}")
        print(line.rstrip())
