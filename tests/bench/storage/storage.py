# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The storage part of the benchmark: docs/bench.md says what its rows mean."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from statistics import median

import clients
import overload
import rows
import targets

sys.path.insert(0, f"{targets.HERE}/../rates")
import report  # noqa: E402

FOLDER = "/dev/shm"
FILE_MIB = 256
DEPTHS = [1, 32]
ROUNDS_FEW = 3  # where no goal is about a ratio
QEMU_IOS = {1: 10_000, 32: 40_000}
TGT_LEAST = {1: 1.1, 32: 1.5}
CPU_MOST = 0.6
LIMIT_DEPTH = 32
LIMIT_ERROR = 0.01
GUARANTEE_LEAST = 0.99
LIMIT_REACH = 1.3  # times the limit must the path carry without it, or the row says nothing
MANY = 1000
MANY_SECONDS = 4
MANY_MIB = 100
MANY_LEAST = 0.5  # of the mean has the least favoured one


def alternate(rounds, subjects):
    """Each subject once a round, in turn from the front and from the back, so that a machine whose
    speed drifts is the same for all. Lists of results, by name."""
    results = {name: [] for name, _ in subjects}
    for i in range(rounds):
        for name, measure in subjects if i % 2 == 0 else reversed(subjects):
            results[name].append(measure())
    return results


def with_cpu(target, measure):
    """What the target's process took for it, beside the client's figures."""
    before = target.cpu_s()
    result = measure()
    result["target_us"] = (target.cpu_s() - before) * 1e6 / result["ios"]
    return result


def values(results, key="iops"):
    return [r[key] for r in results]


def clients_share(results, ours, reference):
    """Where the client's core was full, the target was not what was measured."""
    shares = [median(values(results[name], "client")) for name in (ours, reference)]
    return f"client's CPU {shares[0]:.2f} / {shares[1]:.2f} of a core"


def compared(what, results, peers, least=None):
    """Rows of one load: ours beside each peer's; the goals are about tgt."""
    for peer in peers:
        limit = least if peer.name == "tgt" else None
        yield rows.paired(what, "IOPS", values(results["Raceway"]), values(results[peer.name]),
                          peer.name + peer.marked, limit,
                          note=clients_share(results, "Raceway", peer.name))


def reads(args, ours, peers):
    for depth in DEPTHS:
        def subject(target, depth=depth):
            return target.name, lambda: with_cpu(
                target, lambda: clients.iscsi_perf(
                    target.url(), targets.INITIATOR, depth, args.seconds))
        results = alternate(args.rounds, [subject(t) for t in [ours, *peers]])
        what = f"random reads of 4 KiB, depth {depth}"
        yield from compared(what, results, peers, TGT_LEAST[depth])
        for peer in [p for p in peers if p.name == "tgt"]:
            yield rows.paired(f"target's CPU per read, depth {depth}", "us",
                              values(results["Raceway"], "target_us"),
                              values(results[peer.name], "target_us"), peer.name, CPU_MOST,
                              least=False)


def qemu(args, ours, peers):
    for write in (False, True):
        for depth in DEPTHS:
            def subject(target, depth=depth, write=write):
                return target.name, lambda: clients.qemu_bench(target.url(), depth,
                                                               QEMU_IOS[depth], write)
            results = alternate(args.rounds, [subject(t) for t in [ours, *peers]])
            what = f"qemu-img bench, {'writes' if write else 'reads'} of 4 KiB, depth {depth}"
            yield from compared(what, results, peers)


def raw(args, ours):
    """Without a store: what iSCSI and SCSI cost on top of the bytes."""
    for depth in DEPTHS:
        results = alternate(min(args.rounds, ROUNDS_FEW), [
            ("Raceway", lambda depth=depth: clients.iscsi_perf(
                ours.url(), targets.INITIATOR_NULL, depth, args.seconds)),
            ("TCP", lambda depth=depth: clients.echo(args.echo, depth, args.seconds))])
        yield rows.paired(f"null store, reads of 4 KiB, depth {depth}", "IOPS",
                          values(results["Raceway"]), values(results["TCP"]),
                          "TCP echo of these sizes",
                          note=clients_share(results, "Raceway", "TCP"))


def limits(args, ours):
    """How far off its limit a vHBA is that asks for all it can get."""
    free = clients.iscsi_perf(ours.url(), targets.INITIATOR_NULL, LIMIT_DEPTH, args.seconds)
    for limit in targets.LIMITS:
        got = values([clients.iscsi_perf(ours.url(), targets.limited_initiator(limit),
                                         LIMIT_DEPTH, args.seconds)
                      for _ in range(min(args.rounds, ROUNDS_FEW))])
        error = max(abs(g / limit - 1) for g in got)
        enough = free["iops"] >= LIMIT_REACH * limit
        yield rows.row(f"limit of {limit:,} IOPS, furthest off", "", error,
                       target=f"<= {LIMIT_ERROR}", met=error <= LIMIT_ERROR if enough else None,
                       note="" if enough else f"n/a: without a limit {free['iops']:,}")


def guarantee(args, run):
    """What a vHBA gets of its guarantee from a store that all ask for more than it carries."""
    found = overload.measure(f"{run}/overload", min(args.rounds, ROUNDS_FEW), args.seconds)
    least = min(found["kept"])
    short = found["carried"] >= overload.GUARANTEED * LIMIT_REACH
    yield rows.row(f"guarantee of {overload.GUARANTEED:,} IOPS under overload, least kept", "share",
                   least, target=f">= {GUARANTEE_LEAST}",
                   met=least >= GUARANTEE_LEAST if short else None,
                   note=f"the store carries {found['carried']:,.0f} in all, "
                        f"{found['together']:,.0f} with it; by weight {found['by_weight']:,.0f}")


def crowd(args, run, path, peer):
    """A thousand at once, at targets that have served nobody yet."""
    found, memory = {}, {}
    for make in [targets.Raceway] + ([targets.Tgt] if peer else []):
        folder = f"{run}/crowd-{make.name}"
        os.mkdir(folder)
        target = make(folder, path, MANY)
        try:
            found[make.name] = clients.many(args.many, MANY, MANY_SECONDS, targets.FIRST_WWPN,
                                            target.url())
            memory[make.name] = target.memory_mib()
        finally:
            target.stop()
    ours, theirs = found["Raceway"], found.get("tgt", {})
    share = ours["least"] * MANY / max(ours["ios"], 1)
    note = f"logged in after {ours['login_s']:.2f} s, {ours['failed']} reads failed"
    yield rows.row(f"{MANY:,} vHBAs at once, logged in", "", ours["sessions"],
                   theirs.get("sessions"), "tgt", target=f"all {MANY:,}",
                   met=ours["sessions"] == MANY and not ours["failed"], note=note)
    yield rows.row("their memory", "MiB", memory["Raceway"], memory.get("tgt"), "tgt",
                   target=f"< {MANY_MIB} MiB", met=memory["Raceway"] < MANY_MIB)
    yield rows.row("their reads together", "IOPS", ours["ios"] / ours["seconds"],
                   theirs["ios"] / theirs["seconds"] if theirs else None, "tgt")
    yield rows.row("reads of the least favoured one, of the mean", "share", share,
                   theirs["least"] * MANY / max(theirs["ios"], 1) if theirs else None, "tgt",
                   target=f">= {MANY_LEAST}", met=share >= MANY_LEAST)


def measure(args, run, path):
    started = []
    try:
        for make in [targets.Raceway] + [p for p in targets.PEERS if p.name in args.peers]:
            started.append(make(run, path))
            clients.compare(path, started[-1].url())
        ours, *peers = started
        yield from reads(args, ours, peers)
        yield from qemu(args, ours, peers)
        yield from raw(args, ours)
        yield from limits(args, ours)
    finally:
        for target in started:
            target.stop()
    yield from guarantee(args, run)
    yield from crowd(args, run, path, "tgt" in args.peers)


def arguments():
    parser = argparse.ArgumentParser(prog="bench storage")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of one run of iscsi-perf")
    parser.add_argument("--peers", nargs="*", default=[p.name for p in targets.PEERS],
                        choices=[p.name for p in targets.PEERS])
    parser.add_argument("--build", default="build")
    parser.add_argument("--json", help="rows are added to this file")
    args = parser.parse_args()
    args.echo = f"{args.build}/tests/storage-echo"
    args.many = f"{args.build}/tests/storage-many"
    targets.Raceway.program = os.path.abspath(f"{args.build}/raceway-vhba")
    return args


def main():
    if "storage_ns" not in os.environ:  # addresses and a tap of its own
        os.execvpe("unshare", ["unshare", "--net", sys.executable, "-B", *sys.argv],
                   dict(os.environ, storage_ns="1"))
    args = arguments()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    run = tempfile.mkdtemp(prefix="bench.", dir=os.environ.get("TMPDIR", "/tmp"))
    path = f"{FOLDER}/{os.path.basename(run)}.raw"
    found, valid = [], True
    try:
        with open(path, "wb") as file:
            for _ in range(FILE_MIB):
                file.write(os.urandom(1 << 20))
        for row in measure(args, run, path):
            found.append(row)
    except (clients.Failed, RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: invalid: {error}", file=sys.stderr)
        valid = False
    finally:
        if os.path.exists(path):
            os.unlink(path)
    rows.print_rows(found)
    if args.json:
        report.write_json(args.json, found, valid)
    if valid:
        shutil.rmtree(run)
    else:
        print(f"bench: see {run}", file=sys.stderr)
    return 0 if valid else 1


if __name__ == "__main__":
    sys.exit(main())
