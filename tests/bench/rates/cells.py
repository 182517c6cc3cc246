# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs batches of cells in this kernel: all worlds of a batch stand before its traffic starts.
Prints one line of JSON per cell as soon as it is known; what failed says why."""
import json
import subprocess
import sys

from world import World

TCP_PORT = 7001
UDP_PORT = 7010


def ends(world, cell, server):
    """From where to where the data goes."""
    there = (world.servers[server], world.far, world.far_address)
    back = (world.far, world.servers[server], world.address(server))
    return ",".join(there if cell["direction"] == "tx" else back)


def tcp(world, cell, flows):
    return f"tcp,{ends(world, cell, 0)},{TCP_PORT},{flows}"


def udp(world, cell, when="now"):
    return (f"udp,{ends(world, cell, 0)},{UDP_PORT},{cell['offered']:.0f},{cell['rate']:.0f},"
            f"{when}")


def limited(world, cell):
    world.limit(cell)
    world.delay(cell["rtt"])


def tcp_cell(world, cell):
    limited(world, cell)
    return [tcp(world, cell, cell["flows"])]


def udp_cell(world, cell):
    limited(world, cell)
    return [udp(world, cell)]


def burst_cell(world, cell):
    limited(world, cell)
    return [udp(world, cell, "idle")]


def flood_cell(world, cell):
    limited(world, cell)
    return [tcp(world, cell, 1), udp(world, cell)]


def ping_cell(world, cell):
    limited(world, cell)
    return [tcp(world, cell, cell["flows"]),
            f"ping,{world.servers[0]},{world.far_address},{cell['interval']}"]


def guarantee_cell(world, cell):
    world.guarantee(cell)
    return [f"udp,{ends(world, cell, i)},{UDP_PORT + i},{v['demand']:.0f},0,now"
            for i, v in enumerate(cell["vnics"])]


def turn_cell(world, cell):
    """The first vNIC's guarantee is asked for in every other turn and lent in between."""
    world.guarantee(cell)
    return [f"turn,{ends(world, cell, i)},{UDP_PORT + i},{v['even']:.0f},{v['odd']:.0f},"
            f"{v['even_promise']:.0f},{v['odd_promise']:.0f},{cell['turn_ms']}"
            for i, v in enumerate(cell["vnics"])]


KINDS = {"tcp": tcp_cell, "udp": udp_cell, "burst": burst_cell, "flood": flood_cell,
         "cap": udp_cell, "ping": ping_cell, "guarantee": guarantee_cell, "turn": turn_cell}


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
            tell(cell, streams=results[:len(streams)], lost=world.lost(cell),
                 before=world.lost_before(cell), alone=len(ready) == 1)
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
