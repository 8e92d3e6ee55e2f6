#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the built release programs: detection latency, throughput, idle cost.

Figures of one run belong together; the machine decides how large they are. JSON goes to standard output with --json.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
VIGIL = HERE.parent / ".build" / "release" / "vigil"


def build_agent(directory):
    """Compiles the agent statically, so that the loader's time is not measured."""
    agent = directory / "agent"
    subprocess.run(
        ["clang", "-std=c2x", "-D_GNU_SOURCE", "-O2", "-static", "-o", agent, HERE / "agent.c"], check=True
    )
    return agent


class Daemon:
    """A worker on a root of its own."""

    def __init__(self, scratch, agent, concurrency, durability, log=None):
        self.root = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        self.inbox = self.root / "tasks" / "marie"
        self.results = self.root / "results" / "marie"
        self.inbox.mkdir(parents=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "VIGIL_ROOT": str(self.root),
            "CLAUDE_COMMAND": str(agent),
            "MAX_CONCURRENT_TASKS": str(concurrency),
            "DURABILITY": durability,
            "ENABLE_METRICS": "false",
            "LOG_LEVEL": "WARNING",
        }
        (self.root / "vigil.json5").write_text(
            '{ agents: { claude: { environment: ["VIGIL_BENCH_LOG"] } } }\n'
        )
        if log:
            self.environment["VIGIL_BENCH_LOG"] = str(log)

    def start(self):
        self.process = subprocess.Popen(
            [VIGIL, "worker", "marie"], env=self.environment, stderr=subprocess.DEVNULL
        )
        return self

    def drop(self, name):
        """Puts a task in; returns the moment at which it was complete."""
        temporary = self.inbox / f".{name}.tmp"
        temporary.write_text(json.dumps({"task_id": name, "description": "measure"}))
        os.rename(temporary, self.inbox / f"{name}.json")
        return time.monotonic_ns()

    def wait(self, count, limit=300):
        """Waits for results by looking at the directory, seldom enough not to disturb."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if self.results.is_dir():
                have = sum(1 for e in os.scandir(self.results) if e.name.endswith(".json"))
                if have >= count:
                    return time.monotonic()
            time.sleep(0.005)
        raise SystemExit(f"only part of {count} results came within {limit} s")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=30) != 0:
            raise SystemExit("the worker did not stop cleanly")
        shutil.rmtree(self.root)


def detection(scratch, agent, durability, count):
    """File complete to the agent's first instruction, one task at a time, in microseconds."""
    log = scratch / f"starts-{durability}"
    log.write_text("")
    daemon = Daemon(scratch, agent, 1, durability, log).start()
    daemon.drop("warm")
    daemon.wait(1)
    dropped = {}
    for number in range(count):
        name = f"d{number}"
        dropped[name] = daemon.drop(name)
        daemon.wait(number + 2)
    daemon.stop()
    starts = dict(line.split() for line in log.read_text().splitlines())
    delays = sorted((int(starts[name]) - moment) / 1000 for name, moment in dropped.items())
    return {"p50_us": statistics.median(delays), "p99_us": delays[int(len(delays) * 0.99)]}


def throughput(scratch, agent, concurrency, durability, count):
    """No-op tasks a second, with all of them there before the start."""
    daemon = Daemon(scratch, agent, concurrency, durability)
    for number in range(count):
        daemon.drop(f"t{number}")
    begin = time.monotonic()
    daemon.start()
    end = daemon.wait(count)
    daemon.stop()
    return count / (end - begin)


def idle(scratch, agent, seconds):
    """What an idle worker costs."""
    daemon = Daemon(scratch, agent, 3, "full").start()
    daemon.drop("warm")
    daemon.wait(1)
    time.sleep(1)

    def reading():
        base = pathlib.Path(f"/proc/{daemon.process.pid}")
        switches = 0
        for status in base.glob("task/*/status"):
            for line in status.read_text().splitlines():
                if "ctxt_switches" in line:
                    switches += int(line.split()[1])
        fields = (base / "stat").read_text().rsplit(")", 1)[1].split()
        ticks = int(fields[11]) + int(fields[12])
        resident = next(
            int(line.split()[1]) for line in (base / "status").read_text().splitlines() if line.startswith("VmRSS")
        )
        return switches, ticks / os.sysconf("SC_CLK_TCK"), resident

    before = reading()
    time.sleep(seconds)
    after = reading()
    daemon.stop()
    return {
        "seconds": seconds,
        "context_switches": after[0] - before[0],
        "cpu_seconds": round(after[1] - before[1], 3),
        "resident_kib": after[2],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000, help="tasks for each throughput figure")
    parser.add_argument("--samples", type=int, default=200, help="tasks for each latency figure")
    parser.add_argument("--idle", type=int, default=30, help="seconds of idleness to watch")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if not VIGIL.exists():
        raise SystemExit(f"{VIGIL} is missing; run make build first")
    report = {"detection": {}, "throughput": {}}
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as name:
        scratch = pathlib.Path(name)
        agent = build_agent(scratch)
        for durability in ("relaxed", "full"):
            report["detection"][durability] = detection(scratch, agent, durability, options.samples)
            for concurrency in (1, 2, 8):
                rate = throughput(scratch, agent, concurrency, durability, options.tasks)
                report["throughput"][f"{durability} {concurrency}"] = round(rate, 1)
        report["idle"] = idle(scratch, agent, options.idle)
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for durability, figures in report["detection"].items():
        print(f"detection, {durability}: p50 {figures['p50_us']:.0f} us, p99 {figures['p99_us']:.0f} us")
    for case, rate in report["throughput"].items():
        print(f"throughput, {case} at once: {rate} tasks/s")
    figures = report["idle"]
    print(
        f"idle {figures['seconds']} s: {figures['context_switches']} context switches, "
        f"{figures['cpu_seconds']} s CPU, {figures['resident_kib']} KiB resident"
    )


main()
