# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Where cells run: several User-mode Linux at once, or this kernel in namespaces of its own."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = "/usr/lib/uml/modules"
MEMORY = "1200M"
BOOT_S = 60
SETUP_S = 4  # per cell, at most three times as long
# Other work on the machine is noise; where sessions are scheduled as groups, a process's own
# priority says nothing.
FIRST = "echo -10 >/proc/self/autogroup; exec nice -n -10 \"$@\""


children = []


def build_tools(tree, build):
    """The programs of a checkout, its own and those for User-mode Linux."""
    build = os.path.abspath(build or f"{tree}/build")
    # As `make` names it: what depends on which header is noted under that name.
    subprocess.run(["make", "-s", "-C", tree, "-f", "Makefile", "-f", f"{HERE}/rates.mk",
                    f"BUILD={os.path.relpath(build, tree)}", f"RATES={HERE}", "rates"], check=True, stdout=sys.stderr)
    out = f"{build}/tests/rates"
    return {"flow": f"{out}/flow", "edt": f"{out}/edt", "edt_object": f"{out}/edt.bpf.o",
            "pass_object": f"{out}/pass.bpf.o",
            "loader": {"uml": f"{out}/raceway-loader", "native": f"{build}/raceway-loader"}}


def command(kernel, run):
    if kernel == "native":
        return ["env", f"rates_run={run}", "unshare", "--net", "--mount", "--propagation",
                "private", "--", f"{HERE}/guest.sh"]
    return ["linux.uml", f"mem={MEMORY}", "root=none", "rootfstype=hostfs", "rootflags=/", "rw",
            f"init={HERE}/guest.sh", f"rates_run={run}", f"uml_dir={run}/", "con=null",
            "con0=null,fd:1", "con1=null", "ssl=null"]


def time_limit(batches):
    return BOOT_S + sum(b[0]["warm_up"] + b[0]["seconds"] + SETUP_S * len(b) for b in batches)


def end_children():
    for child in children:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)


def on_signal(*_):
    end_children()
    os._exit(1)


def wait_for(words, log_path, timeout):
    """A command in a session of its own, of which nothing is left."""
    with open(log_path, "w", encoding="ascii") as log:
        child = subprocess.Popen(["sh", "-c", FIRST, "first"] + words, start_new_session=True,
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    children.append(child)
    try:
        child.wait(timeout)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        children.remove(child)


def run_batches(kernel, batches, tools):
    """All batches one after the other in one kernel; what is missing in the result has failed."""
    run = tempfile.mkdtemp(prefix="rates.", dir=os.environ.get("TMPDIR", "/tmp"))
    spec = {"batches": batches, "tools": dict(tools, run=run, loader=tools["loader"][kernel])}
    with open(f"{run}/cells.json", "w", encoding="ascii") as file:
        json.dump(spec, file)
    try:
        wait_for(command(kernel, run), f"{run}/log", 3 * time_limit(batches))
    except subprocess.TimeoutExpired:
        print(f"rates: {kernel} took too long", file=sys.stderr)
    results = []
    for name in ("out", "err"):
        if not os.path.exists(f"{run}/{name}"):
            continue
        with open(f"{run}/{name}", encoding="utf-8", errors="replace") as file:
            if name == "out":
                results = [json.loads(line) for line in file if line.endswith("\n")]
            else:
                sys.stderr.write(file.read())
    if not results:
        print(f"rates: {kernel} gave nothing, see {run}/log", file=sys.stderr)
    else:
        shutil.rmtree(run, ignore_errors=True)
    return results


def prepare_uml():
    """modprobe in there looks where the host's modules are."""
    if not shutil.which("linux.uml"):
        raise SystemExit("rates: linux.uml is missing: tools/deps installs user-mode-linux")
    os.makedirs("/lib/modules", exist_ok=True)
    for version in os.listdir(MODULES):
        if not os.path.lexists(f"/lib/modules/{version}"):
            os.symlink(f"{MODULES}/{version}", f"/lib/modules/{version}")


def split(batches, jobs):
    """Among several kernels, the shapers of one comparison in the same, the longest first."""
    groups, parts = {}, [[] for _ in range(jobs)]
    for batch in batches:
        c = batch[0]
        key = (c["kind"], c["rate"], c["rtt"], c.get("flows"), c["local"], c["direction"])
        groups.setdefault(key, []).append(batch)
    for group in sorted(groups.values(), key=time_limit, reverse=True):
        min(parts, key=time_limit).extend(group)
    return [p for p in parts if p]


def run_all(batches, tools, jobs):
    """User-mode Linux side by side, then natively."""
    uml = [b for b in batches if b[0]["kernel"] == "uml"]
    native = [b for b in batches if b[0]["kernel"] == "native"]
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    results = []
    if uml:
        prepare_uml()
        parts = split(uml, jobs)
        with ThreadPoolExecutor(len(parts)) as pool:
            for part in pool.map(lambda p: run_batches("uml", p, tools), parts):
                results += part
    if native:
        results += run_batches("native", native, tools)
    return results
