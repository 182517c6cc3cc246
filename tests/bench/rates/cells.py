# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs batches of cells in this kernel: all worlds of a batch stand before its traffic starts.
Prints one line of JSON per cell as soon as it is known; what failed says why."""
import json
import subprocess
import sys

from world import World

TCP_PORT = 7001
UDP_PORT = 7010


def tcp(world, server, flows):
    return f"tcp,{world.servers[server]},{world.far},{world.far_address},{TCP_PORT},{flows}"


def udp(world, server, rate, cap=0, when="now"):
    return (f"udp,{world.servers[server]},{world.far},{world.far_address},{UDP_PORT + server},"
            f"{rate:.0f},{cap},{when}")


def limited(world, cell):
    world.limit(cell["shaper"], cell["rate"])
    world.delay(cell.get("rtt", 0))


def tcp_cell(world, cell):
    limited(world, cell)
    return [tcp(world, 0, cell["flows"])]


def udp_cell(world, cell):
    limited(world, cell)
    return [udp(world, 0, cell["offered"])]


def burst_cell(world, cell):
    limited(world, cell)
    return [udp(world, 0, cell["offered"], cell["rate"], "idle")]


def flood_cell(world, cell):
    limited(world, cell)
    return [tcp(world, 0, 1), udp(world, 0, cell["offered"])]


def ping_cell(world, cell):
    limited(world, cell)
    return [tcp(world, 0, cell["flows"]),
            f"ping,{world.servers[0]},{world.far_address},{cell['interval']}"]


def guarantee_cell(world, cell):
    world.guarantee(cell["shaper"], cell["vnics"], cell["rate"])
    return [udp(world, i, v["demand"]) for i, v in enumerate(cell["vnics"])]


KINDS = {"tcp": tcp_cell, "udp": udp_cell, "burst": burst_cell, "flood": flood_cell,
         "ping": ping_cell, "guarantee": guarantee_cell}


def prepare(index, cell, tools):
    """The world and the traffic in it."""
    world = World(f"w{index}", tools, len(cell.get("vnics", [0])), cell["local"])
    return world, KINDS[cell["kind"]](world, cell)


def tell(cell, **what):
    print(json.dumps({"cell": cell, **what}), flush=True)


def run_batch(batch, tools):
    ready = []
    for index, cell in enumerate(batch):
        try:
            ready.append((cell, *prepare(index, cell, tools)))
        except (RuntimeError, ValueError) as error:
            tell(cell, error=str(error))
    if not ready:
        return
    # One process for all: several would wait for each other on a machine with one CPU.
    command = [tools["flow"], str(batch[0]["warm_up"]), str(batch[0]["seconds"])]
    command += [s for _, _, streams in ready for s in streams]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        results = json.loads(done.stdout)
    except ValueError:
        results = []
    for cell, world, streams in ready:
        if results:
            tell(cell, streams=results[:len(streams)], lost=world.lost())
            results = results[len(streams):]
        else:
            tell(cell, error=f"rates-flow: status {done.returncode}: {done.stderr.strip()}")
        world.remove()


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        spec = json.load(file)
    for batch in spec["batches"]:
        run_batch(batch, spec["tools"])


main()
