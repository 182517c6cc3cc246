#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Adds and deletes vNICs of a pool at random and keeps book of what racewayd acknowledged.
identity.py run SOCKET BOOK SEED READY   until the daemon is gone; READY is made after 10 to 30
identity.py check SOCKET BOOK            what it has by now against the book; prints what is wrong"""
import http.client
import json
import random
import socket
import sys

POOL = "/v1/pools/m"


class Gone(Exception):
    """The daemon did not answer to the end."""


def call(path, method, target, body=None):
    """Status and answer of one request."""
    connection = http.client.HTTPConnection("raceway", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(path)
        connection.request(method, target, json.dumps(body) if body else None)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Gone from error
    finally:
        connection.close()


def load(book):
    """The book: who has which MAC, the next number, and what was asked and not yet answered."""
    try:
        with open(book, encoding="ascii") as f:
            return json.load(f)
    except FileNotFoundError:
        return {"macs": {}, "next": 0, "asked": None, "adds": 0, "dels": 0}


def save(book, state):
    """Writes the book anew."""
    with open(book, "w", encoding="ascii") as f:
        json.dump(state, f)


def step(path, book, state):
    """One change: noted before it is asked and when it is acknowledged."""
    macs = state["macs"]
    if macs and random.random() < 0.5:
        name = random.choice(sorted(macs))
        state["asked"] = ["del", name]
        save(book, state)
        status, _ = call(path, "DELETE", "/v1/vnics/" + name)
        assert status == 204, status
        del macs[name]
        state["dels"] += 1
    else:
        name = f"{random.choice('pq')}/v{state['next']}"
        state["next"] += 1
        state["asked"] = ["add", name]
        save(book, state)
        status, answer = call(path, "POST", "/v1/vnics",
                              {"name": name, "segment": "s", "pool": "m"})
        if status == 201:
            macs[name] = answer["vnics"][0]["mac"]
            state["adds"] += 1
        else:
            assert status == 409 and "left" in answer["error"]["message"], answer
    state["asked"] = None
    save(book, state)


def run(path, book, seed, ready):
    """Changes until the daemon is gone."""
    random.seed(seed)
    state = load(book)
    left = random.randint(10, 30)
    try:
        while True:
            step(path, book, state)
            left -= 1
            if left == 0:
                with open(ready, "w", encoding="ascii"):
                    pass
    except Gone:
        return


def check(path, book):
    """What is wrong, by the book; what was not answered may be either way."""
    state = load(book)
    macs = state["macs"]
    now = {v["name"]: v["mac"] for v in call(path, "GET", "/v1/vnics")[1]["vnics"]}
    asked, name = state["asked"] or (None, None)
    if asked == "add" and name in now:
        macs[name] = now[name]
    if asked == "del" and name not in now:
        del macs[name]
    state["asked"] = None
    save(book, state)
    wrong = [f"{n}: {now.get(n)}, by the book {macs.get(n)}"
             for n in sorted(set(now) | set(macs)) if now.get(n) != macs.get(n)]
    twice = [m for m in now.values() if list(now.values()).count(m) > 1]
    pool = call(path, "GET", POOL)[1]["pools"][0]
    if twice:
        wrong.append(f"given twice: {sorted(set(twice))}")
    if pool["used"] != len(now) or pool["used"] + pool["free"] + pool["reserved"] != pool["size"]:
        wrong.append(f"the pool counts {pool['used']} used, {pool['free']} free")
    if sorted(h["value"] for h in pool["holders"]) != sorted(now.values()):
        wrong.append(f"the pool's holders: {pool['holders']}")
    if set(pool["reservations"] or []) & set(now.values()):
        wrong.append("a reserved one was given")
    print("\n".join(wrong), end="")


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
    else:
        check(sys.argv[2], sys.argv[3])
