# SPDX-License-Identifier: Apache-2.0
"""What the phases share: the job, its log of starts, orphans, and what else keeps the machine busy."""
import contextlib
import fcntl
import os
import shutil
import statistics
import subprocess
import threading
import time

import proctree

HERE = os.path.dirname(os.path.abspath(__file__))
ME = os.getpid()
now = time.monotonic_ns


class Lock:
    def __init__(self, path):
        self.path, self.depth = path, 0

    @contextlib.contextmanager
    def held(self):
        if not self.path or self.depth:
            yield
            return
        with open(self.path, "a") as f:                 # same file as flock(1) would use
            fcntl.flock(f, fcntl.LOCK_EX)
            self.depth = 1
            try:
                yield
            finally:
                self.depth = 0
                fcntl.flock(f, fcntl.LOCK_UN)


def build_job(dest):
    if shutil.which("gcc") is None:
        raise SystemExit("gcc is needed to build job.c")
    subprocess.run(["gcc", "-O2", "-static", "-o", dest, os.path.join(HERE, "job.c")],
                   check=True)


class Starts:
    """Incremental reader of starts.log: id -> list of start_ns."""

    def __init__(self, path):
        self.path, self.pos, self.ids = path, 0, {}

    def poll(self):
        try:
            with open(self.path, "rb") as f:
                f.seek(self.pos)
                data = f.read()
        except OSError:
            return self.ids
        end = data.rfind(b"\n") + 1
        for line in data[:end].splitlines():
            i, t = line.decode().rsplit(" ", 1)
            self.ids.setdefault(i, []).append(int(t))
        self.pos += end
        return self.ids


class Reaper(threading.Thread):
    """Reaps orphans that fell to us, and samples the tree's RSS."""

    def __init__(self, adapter, sample):
        super().__init__(daemon=True)
        self.a, self.sample, self.peak, self.end = adapter, sample, 0, False

    def run(self):
        while not self.end:
            reap(self.a)
            if self.sample:
                self.peak = max(self.peak, proctree.tree_rss(ME))
            time.sleep(0.1 if self.sample else 0.05)

    def finish(self):
        self.end = True
        self.join()
        return self.peak


def reap(adapter):
    """waitpid on zombies that are not one of the adapter's Popen objects."""
    for pid in proctree.children(ME):
        if pid in adapter.popens or pid in getattr(adapter, "own_pids", ()):
            continue
        if proctree.state(pid) == "Z":
            try:
                os.waitpid(pid, os.WNOHANG)
            except OSError:
                pass


def pct(v, p):
    v = sorted(v)
    return v[min(len(v) - 1, int(round(p / 100 * (len(v) - 1))))]


def summary_ms(v):
    if not v:
        return None
    m = [x / 1e6 for x in v]
    return {"n": len(m), "min": round(min(m), 3), "p50": round(pct(m, 50), 3),
            "p90": round(pct(m, 90), 3), "p99": round(pct(m, 99), 3),
            "max": round(max(m), 3), "mean": round(statistics.fmean(m), 3)}


class Foreign:
    """CPU seconds per second used outside our own tree meanwhile (disturbance):
    busy time of the machine less that of the harness, its live descendants and
    everything they or we have reaped."""

    def __init__(self):
        self.t0, self.a = now(), self.scan()

    @staticmethod
    def scan():
        hz = os.sysconf("SC_CLK_TCK")
        f = proctree._read("/proc/stat").split(b"\n", 1)[0].split()[1:]
        busy = (sum(map(int, f[:8])) - int(f[3]) - int(f[4])) / hz
        own = sum(os.times()[:4])
        for p in proctree.descendants(ME):
            s = proctree._read("/proc/%d/stat" % p)
            if s:
                own += sum(map(int, s.rsplit(b")", 1)[1].split()[11:15])) / hz
        return busy - own

    def share(self):
        return round((self.scan() - self.a) / ((now() - self.t0) / 1e9), 2)
