# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs batches of cells in this kernel: all worlds of a batch stand and work at the same time.
Prints one line of JSON per cell, as soon as it is known."""
import json
import subprocess
import sys

from world import World


def start_tcp(world, cell, tools):
    world.limit(cell["shaper"], cell["rate"])
    world.delay(cell["rtt"])
    return subprocess.Popen(
        [tools["flow"], str(cell["warm_up"]), str(cell["seconds"]),
         f"tcp,{world.servers[0]},{world.far},{world.far_address},7001,{cell['flows']}"],
        stdout=subprocess.PIPE, text=True)


STARTS = {"tcp": start_tcp}


def run_batch(batch, tools):
    worlds = [World(f"w{i}", tools, cell.get("servers", 1), cell.get("local", False)) for i, cell in enumerate(batch)]
    children = []
    for world, cell in zip(worlds, batch):
        children.append(STARTS[cell["kind"]](world, cell, tools))
    for world, cell, child in zip(worlds, batch, children):
        out, _ = child.communicate()
        result = {"cell": cell, "status": child.returncode}
        try:
            result["streams"] = json.loads(out)
        except ValueError:
            result["status"] = result["status"] or 1
        print(json.dumps(result), flush=True)
    for world in worlds:
        world.remove()


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        spec = json.load(file)
    for batch in spec["batches"]:
        run_batch(batch, spec["tools"])


main()
