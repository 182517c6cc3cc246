# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The rates part of the benchmark: docs/bench.md says what its rows mean."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY = "1200M"
BOOT_S = 60
PRIORITY = -10  # other work on the machine is noise
PAYLOAD_SHARE = 1448 / 1514  # of a frame at MTU 1500, with TCP timestamps
SHAPERS = ["raceway", "htb", "tbf", "edt"]


def number(text, units):
    for unit, factor in units:
        if text.endswith(unit):
            return float(text[:-len(unit)]) * factor
    raise argparse.ArgumentTypeError(f"no unit: {text}")


def rate_of(text):
    return int(number(text, [("gbit", 1e9), ("mbit", 1e6), ("kbit", 1e3)]))


def rtt_of(text):
    return number(text, [("ms", 1)])


def only(text):
    """tcp,RATE,RTT,FLOWS"""
    kind, rate, rtt, flows = text.split(",")
    return {"kind": kind, "rate": rate_of(rate), "rtt": rtt_of(rtt), "flows": int(flows)}


def uml(batches, tools, timeout):
    """All batches in one User-mode Linux; returns the results."""
    run = tempfile.mkdtemp(prefix="rates.", dir="/tmp")
    spec = {"batches": batches, "tools": dict(tools, run=run)}
    with open(f"{run}/cells.json", "w", encoding="ascii") as file:
        json.dump(spec, file)
    command = ["nice", "-n", str(PRIORITY), "linux.uml", f"mem={MEMORY}", "root=none", "rootfstype=hostfs", "rootflags=/", "rw",
               f"init={HERE}/guest.sh", f"rates_run={run}", f"uml_dir={run}/", "con=null",
               "con0=null,fd:1", "con1=null", "ssl=null"]
    with open(f"{run}/log", "w", encoding="ascii") as log:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
                       timeout=timeout)
    with open(f"{run}/out", encoding="ascii") as file:
        results = [json.loads(line) for line in file]
    with open(f"{run}/err", encoding="utf-8") as file:
        sys.stderr.write(file.read())
    shutil.rmtree(run, ignore_errors=True)
    return results


def build_tools(tree, build):
    build = os.path.abspath(build or f"{tree}/build")
    subprocess.run(["make", "-s", "-C", tree, "-f", "Makefile", "-f", f"{HERE}/rates.mk",
                    f"BUILD={build}", f"RATES={HERE}", "rates"], check=True, stdout=sys.stderr)
    out = f"{build}/tests/rates"
    return {"flow": f"{out}/flow", "edt": f"{out}/edt", "edt_object": f"{out}/edt.bpf.o",
            "loader": f"{out}/raceway-loader", "native_loader": f"{build}/raceway-loader"}


def main():
    parser = argparse.ArgumentParser(prog="bench rates")
    parser.add_argument("--only", type=only, metavar="tcp,RATE,RTT,FLOWS", required=True)
    parser.add_argument("--shaper", action="append")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm-up", type=float, default=3)
    parser.add_argument("--local", action="store_true",
                        help="the server is a guest on the director: GSO packets, TC")
    parser.add_argument("--tree", default=f"{HERE}/../../..",
                        help="the checkout to be measured (default: this one)")
    parser.add_argument("--build", help="its build directory (default: build in it)")
    parser.add_argument("--json", help="rows are added to this file")
    args = parser.parse_args()
    tools = build_tools(os.path.abspath(args.tree), args.build)
    batches = [[dict(args.only, shaper=s, local=args.local, seconds=args.seconds, warm_up=args.warm_up)]
               for s in args.shaper or SHAPERS]
    timeout = BOOT_S + len(batches) * (args.seconds + args.warm_up + 5)
    for result in uml(batches, tools, timeout):
        cell = result["cell"]
        if result["status"]:
            print(f"{cell['shaper']:8} invalid: {result}")
            continue
        tcp = result["streams"][0]
        ceiling = cell["rate"] * PAYLOAD_SHARE if cell["rate"] else 1
        flows = tcp["flows"]
        jain = sum(flows) ** 2 / (len(flows) * sum(f * f for f in flows) or 1)
        print(f"{cell['shaper']:8} {tcp['bps'] / 1e6:9.2f} Mbit/s  share {tcp['bps'] / ceiling:.3f}"
              f"  retransmits {tcp['retransmits']:6}  rtt {tcp['rtt_ms']:8.2f} ms"
              f"  jain {jain:.3f}  cpu {tcp['cpu'] / tcp['seconds']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
