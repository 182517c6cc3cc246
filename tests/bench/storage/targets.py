# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The targets that are compared. Each serves the same files, at addresses of a network namespace
that is this benchmark's own, and is gone when it is stopped."""
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("../rates", "../../net"):
    sys.path.insert(0, f"{HERE}/{folder}")
import kernels  # noqa: E402
import vhba_control  # noqa: E402

TARGET = "iqn.2026-11.local.raceway:bench"
START_S = 20
TICKS = os.sysconf("SC_CLK_TCK")
TGT_CONTROL = 4711
LUN = 1
FIRST_WWPN = 0x3000000000001000
# qemu-img has this name unless it is told another one.
INITIATOR = "iqn.2008-11.org.linux-kvm"
INITIATOR_NULL = "iqn.2026-11.local.raceway:null"
LIMITS = [1_000, 10_000, 50_000]  # IOPS


def limited_initiator(iops):
    return f"{INITIATOR_NULL}-{iops}"


def wait_until(what, ready, child, seconds=START_S):
    end = time.monotonic() + seconds
    while not ready():
        if child.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{what} does not start")
        time.sleep(0.02)


class Target:
    """A process that serves the file."""
    marked = ""  # what a reader must know beside the name

    def __init__(self):
        self.child = None
        self.pid = None

    def url(self):
        return f"iscsi://{self.address}/{TARGET}/{LUN}"

    def cpu_s(self):
        """Of all its threads, in user mode and in the kernel."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mib(self):
        """The most that it ever had resident."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        raise RuntimeError("no VmHWM")

    def stop(self):
        if self.child and self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


class Raceway(Target):
    """The engine alone, configured as racewayd would. The file is INITIATOR's and, beside it, that
    of `crowd` vHBAs more; INITIATOR_NULL has a store that keeps nothing, and so have those whose IOPS
    are limited."""
    name = "Raceway"
    address = "127.0.0.1:3260"
    program = None

    def __init__(self, run, path, crowd=0):
        super().__init__()
        with open(f"{run}/raceway.log", "w", encoding="ascii") as log:
            self.child = subprocess.Popen(
                [self.program, "--foreground", "--run-dir", run, "--state-dir", f"{run}/state"],
                stdout=log, stderr=log, start_new_session=True)
        self.pid = self.child.pid
        socket = f"{run}/vhba.sock"
        wait_until("raceway-vhba", lambda: os.path.exists(socket), self.child)
        control = vhba_control.Control(socket)
        control.hello()
        answers = [control.ask("configure", **self.configuration(path, crowd)),
                   control.listen("bench", self.address)]
        control.close()
        if any(a.get("error") or a.get("problems") for a in answers):
            raise RuntimeError(f"raceway-vhba: {answers}")

    @staticmethod
    def vhba(number, initiator, san, volume):
        wwpn = FIRST_WWPN + number
        return {"name": f"bench/v{number}", "wwpn": f"{wwpn:016x}", "wwnn": f"{wwpn:016x}",
                "initiator": initiator or f"naa.{wwpn:016x}", "san": san, "auth": "none",
                "luns": [{"lun": LUN, "volume": f"{san}/{volume}"}]}

    def configuration(self, path, crowd):
        folder, _, file = path.rpartition("/")
        volume = file.removesuffix(".raw")
        size = os.path.getsize(path)
        vhbas = [self.vhba(i, None, "file", volume) for i in range(crowd)]
        vhbas.append(self.vhba(crowd, INITIATOR, "file", volume))
        vhbas.append(self.vhba(crowd + 1, INITIATOR_NULL, "null", "null"))
        for i, iops in enumerate(LIMITS, crowd + 2):
            vhbas.append(dict(self.vhba(i, limited_initiator(iops), "null", "null"),
                              iops_pir=iops))
        return {
            "target": TARGET,
            "sans": [{"name": "file", "type": "pool", "path": folder},
                     {"name": "null", "type": "null"}],
            "volumes": [{"name": f"file/{volume}", "size": size, "id": f"{1:016x}"},
                        {"name": "null/null", "size": size, "id": f"{2:016x}"}],
            "portals": [{"name": "bench", "address": self.address, "transport": "iscsi"}],
            "vhbas": vhbas,
        }


class Tgt(Target):
    name = "tgt"
    address = "127.0.0.1:3261"

    def __init__(self, run, path, crowd=0):
        super().__init__()
        with open(f"{run}/tgt.log", "w", encoding="ascii") as log:
            self.child = subprocess.Popen(
                ["tgtd", "-f", "-C", str(TGT_CONTROL), "--iscsi", f"portal={self.address}"],
                stdout=log, stderr=log, start_new_session=True)
        self.pid = self.child.pid
        wait_until("tgtd", lambda: self.adm("system", "show", check=False), self.child)
        self.adm("target", "new", "--tid", "1", "-T", TARGET)
        self.adm("logicalunit", "new", "--tid", "1", "--lun", str(LUN), "-b", path)
        self.adm("target", "bind", "--tid", "1", "-I", "ALL")

    @staticmethod
    def adm(mode, operation, *words, check=True):
        done = subprocess.run(["tgtadm", "-C", str(TGT_CONTROL), "--lld", "iscsi", "--mode", mode,
                               "--op", operation, *words], check=check, capture_output=True)
        return done.returncode == 0


class Lio(Target):
    """The kernel's target, in User-mode Linux behind a tap; the file is its host's."""
    name = "LIO"
    marked = ", in User-mode Linux"
    address = "10.9.1.2:3260"

    def __init__(self, run, path, crowd=0):
        super().__init__()
        kernels.prepare_uml()
        for words in ("tuntap add dev lio0 mode tap", "addr add 10.9.1.1/24 dev lio0",
                      "link set lio0 up"):
            subprocess.run(["ip", *words.split()], check=True)
        with open(f"{run}/lio.log", "w", encoding="ascii") as log:
            self.child = subprocess.Popen(
                ["linux.uml", "mem=512M", "root=none", "rootfstype=hostfs", "rootflags=/", "rw",
                 f"init={HERE}/lio.sh", f"uml_dir={run}/", "con=null", "con0=null,fd:1",
                 "con1=null", "ssl=null", "vec0:transport=tap,ifname=lio0,depth=128,gro=1",
                 f"lio_run={run}", f"lio_target={TARGET}", f"lio_file={path}",
                 f"lio_lun={LUN}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.pid = self.child.pid
        wait_until("LIO", lambda: os.path.exists(f"{run}/lio.ready"), self.child)


PEERS = [Tgt, Lio]
