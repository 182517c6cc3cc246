# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Servers, a director and a host on the LAN, each a namespace, with one of the shapers between.

  sN e0 ---- fN  director  up0 ---- e0 far

The frames are those of a wire: whole, with their checksums, no GSO packets. The delay is at the
far host's egress, on the way of the acknowledgements: the director stands beside the sender.
Runs in whatever kernel it is started in, natively in a namespace or in User-mode Linux."""
import json
import shutil
import subprocess

from suite import DELAY_MIN

MTU = 1500
HEAD = 14
PORT_RATE = 40_000_000_000  # of the leaving port where it is not what is measured
TBF_LATENCY = "50ms"
BURST_MIN = 32 * 1024
TICKS = 250  # the classic advice: a burst of one timer tick of the rate
NETEM_LIMIT = 1_000_000  # packets: it must never be full
VNICS_MAX = 64
BUFFERS = "4096 131072 67108864"


def run(*words, netns=None, text=None):
    """A command, in a namespace of ours; an error tells all of it."""
    command = [str(w) for w in words]
    if netns:
        command = ["nsenter", f"--net=/run/netns/{netns}", "--"] + command
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()} {text or ''}")
    return done.stdout


def depth(rate, milliseconds):
    return int(rate / 8 * milliseconds / 1000)


class World:
    """One director with its servers."""

    def __init__(self, name, tools, servers=1, local=False):
        self.name, self.tools, self.count, self.local = name, tools, servers, local
        self.servers = [f"{name}s{i}" for i in range(servers)]
        self.dir, self.far = f"{name}d", f"{name}r"
        self.pins = f"/sys/fs/bpf/{name}"
        self.build()

    @staticmethod
    def address(server):
        return f"10.0.0.{server + 1}"

    far_address = "10.0.0.250"

    @staticmethod
    def mac(server):
        return f"02:00:00:00:00:{server + 1:02x}"

    far_mac = "02:00:00:00:01:00"

    def build(self):
        ends = [(ns, f"f{i}", self.mac(i), self.address(i)) for i, ns in enumerate(self.servers)]
        ends.append((self.far, "up0", self.far_mac, self.far_address))
        hosts = [(self.mac(i), self.address(i)) for i in range(self.count)]
        hosts.append((self.far_mac, self.far_address))
        lines = [f"netns add {ns}" for ns in [self.dir] + [e[0] for e in ends]]
        for ns, port, mac, _ in ends:
            lines.append(f"link add {port} netns {self.dir} mtu {MTU} type veth "
                         f"peer name e0 netns {ns} mtu {MTU} address {mac}")
        run("ip", "-batch", "-", text="\n".join(lines))
        run("ip", "-n", self.dir, "-batch", "-",
            text="\n".join(f"link set {port} up" for _, port, _, _ in ends))
        for ns, _, mac, address in ends:
            lines = ["link set lo up", "link set e0 up", f"addr add {address}/24 dev e0"]
            lines += [f"neigh replace {a} lladdr {m} dev e0 nud permanent"
                      for m, a in hosts if a != address]
            run("ip", "-n", ns, "-batch", "-", text="\n".join(lines))
            offload = "" if self.local else "tx off"
            run("sh", "-c", f"ethtool -K e0 {offload} txvlan off gro on && "
                f"sysctl -qw net.ipv4.tcp_rmem='{BUFFERS}' net.ipv4.tcp_wmem='{BUFFERS}'",
                netns=ns)

    def delay(self, milliseconds):
        if milliseconds > DELAY_MIN:
            run("tc", "-n", self.far, "qdisc", "add", "dev", "e0", "root", "netem", "delay",
                f"{milliseconds}ms", "limit", NETEM_LIMIT)

    def pass_frames(self, port):
        """Frames that arrive here forget their socket, as on a wire."""
        run("ip", "-n", self.dir, "link", "set", port, "xdpdrv", "obj", self.tools["pass_object"],
            "sec", "xdp")

    def bridge(self, leaving):
        lines = ["link add name br0 type bridge mcast_snooping 0", "link set br0 up"]
        fabric = [f"f{i}" for i in range(self.count)]
        lines += [f"link set {port} master br0" for port in fabric + ["up0"]]
        run("ip", "-n", self.dir, "-batch", "-", text="\n".join(lines))
        run("ethtool", "-K", leaving, "tx", "off", "gro", "on", netns=self.dir)
        if self.local:
            return
        for port in fabric if leaving == "up0" else ["up0"]:
            self.pass_frames(port)

    def tc(self, netns, *words):
        run("tc", "-n", netns, *words)

    @staticmethod
    def burst(rate):
        return max(BURST_MIN, rate // 8 // TICKS)

    def limit(self, cell):
        """Server 0 may send (direction "tx") `rate` bit/s to the LAN, or receive ("rx") from it.
        With "burst_ms" every shaper has that depth."""
        leaving = "up0" if cell["direction"] == "tx" else "f0"
        if cell["shaper"] == "raceway":
            if self.local and leaving == "up0" and cell.get("fq", True):
                # Paced, where a guest's frames may wait; the others have their qdisc, too.
                self.tc(self.dir, "qdisc", "add", "dev", "up0", "root", "fq")
            self.raceway([self.rates(cell)])
        else:
            self.bridge(leaving)
            if cell["rate"]:
                self.put(cell, leaving)
        if self.local:
            # As a NIC that segments by itself: nothing behind the shaper looks at frames.
            run("ethtool", "-K", leaving, "tx", "on", netns=self.dir)
            # As one that merges: a port on a veth had that turned off at the other end.
            run("ethtool", "-K", "e0", "tx", "on", netns=self.far)

    @staticmethod
    def rates(cell):
        rate, way = cell["rate"], cell["direction"]
        if not rate:
            return {}
        burst = cell.get("burst_ms")
        return {f"{way}_pir": rate, **({f"{way}_pbs": depth(rate, burst)} if burst else {})}

    def put(self, cell, leaving):
        shaper, rate = cell["shaper"], cell["rate"]
        burst = depth(rate, cell["burst_ms"]) if cell.get("burst_ms") else self.burst(rate)
        if shaper == "htb":
            self.tc(self.dir, "qdisc", "add", "dev", leaving, "root", "handle", "1:", "htb",
                    "default", 10)
            self.tc(self.dir, "class", "add", "dev", leaving, "parent", "1:", "classid", "1:10",
                    "htb", "rate", rate, "burst", burst, "cburst", burst)
        elif shaper == "tbf":
            self.tc(self.dir, "qdisc", "add", "dev", leaving, "root", "tbf", "rate", rate,
                    "burst", burst, "latency", TBF_LATENCY)
        elif shaper == "edt" and leaving == "up0":
            self.tc(self.servers[0], "qdisc", "add", "dev", "e0", "root", "fq")
            run(self.tools["edt"], self.tools["edt_object"], "e0", rate, netns=self.servers[0])
        elif shaper != "none":
            raise ValueError(f"no such shaper: {shaper}")

    def guarantee(self, cell):
        """Server i may send vnics[i]["cir"] to the LAN whatever the others do, the rest of the
        port is shared by weight."""
        vnics, port_rate = cell["vnics"], cell["rate"]
        if cell["shaper"] == "raceway":
            self.raceway([{"tx_cir": v["cir"], "weight": v["weight"]} for v in vnics], port_rate)
            return
        if cell["shaper"] != "htb":
            raise ValueError(f"{cell['shaper']} has no guarantees")
        self.bridge("up0")
        self.tc(self.dir, "qdisc", "add", "dev", "up0", "root", "handle", "1:", "htb")
        self.tc(self.dir, "class", "add", "dev", "up0", "parent", "1:", "classid", "1:1", "htb",
                "rate", port_rate, "burst", self.burst(port_rate), "cburst",
                self.burst(port_rate))
        for i, v in enumerate(vnics):
            self.tc(self.dir, "class", "add", "dev", "up0", "parent", "1:1", "classid",
                    f"1:1{i}", "htb", "rate", v["cir"], "ceil", port_rate,
                    "quantum", v["weight"] * (MTU + HEAD), "burst", BURST_MIN,
                    "cburst", BURST_MIN)
            self.tc(self.dir, "filter", "add", "dev", "up0", "parent", "1:", "protocol", "ip",
                    "u32", "match", "ip", "src", f"{self.address(i)}/32", "flowid", f"1:1{i}")

    def raceway(self, vnics, port_rate=PORT_RATE):
        """One vNIC per server, each with the rates of its entry."""
        config = {
            "schema": 1,
            "ports": [{"name": f"f{i}", "dev": f"f{i}", "role": "fabric", "native_segment": 10,
                       "rate": PORT_RATE} for i in range(0 if self.local else self.count)]
            + [{"name": "up0", "dev": "up0", "role": "uplink", "rate": port_rate}],
            "segments": [{"number": 10, "uplink": "up0"}],
            "vnics": [{"name": f"v{i}/0", "mac": self.mac(i), "segment": 10,
                       "dev" if self.local else "port": f"f{i}", **rates}
                      for i, rates in enumerate(vnics)],
        }
        path = f"{self.tools['run']}/{self.name}.json"
        with open(path, "w", encoding="ascii") as file:
            json.dump(config, file)
        run(self.tools["loader"], "attach", "--pin-dir", self.pins, "--maps", path,
            "--max-vnics", VNICS_MAX, netns=self.dir)

    def lost(self, cell):
        """Frames that passed the shaper and found no room at the receiver."""
        leaving = "up0" if cell["direction"] == "tx" else "f0"
        return self.dropped(self.dir, leaving)

    def lost_before(self, cell):
        """Frames that did not even get to the director: a veth takes 256 at once."""
        senders = self.servers if cell["direction"] == "tx" else [self.far]
        return sum(self.dropped(ns, "e0") for ns in senders)

    @staticmethod
    def dropped(ns, device):
        out = run("ip", "-n", ns, "-s", "-j", "link", "show", device)
        return json.loads(out)[0]["stats64"]["tx"]["dropped"]

    def remove(self):
        shutil.rmtree(self.pins, ignore_errors=True)
        lines = [f"netns del {ns}" for ns in self.servers + [self.far, self.dir]]
        run("ip", "-batch", "-", text="\n".join(lines))
