#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what a long history costs: the reading commands, and the orchestrator for one more result.

Writes results as a worker leaves them, first few, then many. A time on a machine that does something else says little;
the CPU time beside it, of user and system together, says what the program itself needed. TMPDIR=/dev/shm keeps the disk out of it.
"""
import argparse
import json
import os
import pathlib
import select
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
VIGIL = HERE.parent / ".build" / "release" / "vigil"
WORKERS = ("marie", "anga", "fabien")
# So far apart lie the ends of the tasks; a history is as old as it is long.
SPACING = 60


def stamp(moment):
    """A time as in a record."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03d}Z"


class Queue:
    """A root with results in it, as after many tasks."""

    def __init__(self, scratch):
        self.root = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "VIGIL_ROOT": str(self.root),
            "WORKERS": ",".join(WORKERS),
            "ENABLE_METRICS": "false",
            "LOG_FORMAT": "json",
        }
        subprocess.run([VIGIL, "setup"], env=self.environment, check=True, stdout=subprocess.DEVNULL)
        self.count = 0

    def add(self, moment):
        """Writes what finishing a task leaves: its output, its task file, and last its result; returns the id."""
        worker = WORKERS[self.count % len(WORKERS)]
        name = f"task-{self.count:07d}"
        succeeded = self.count % 50 != 7
        self.count += 1
        results = self.root / "results" / worker
        output = results / name
        output.mkdir()
        answer = f"{name} is done\n"
        (output / "stdout.log").write_text(answer)
        (output / "stderr.log").touch()
        task = json.dumps({"task_id": name, "description": "say hello", "worker": worker})
        (output / "task.json").write_text(task)
        attempt = {"number": 1, "started_at": stamp(moment - 2), "finished_at": stamp(moment), "duration_seconds": 2}
        if not succeeded:
            attempt |= {"exit_code": 3, "reason": "exit_code", "message": "exit code 3"}
        record = {
            "task_id": name,
            "worker": worker,
            "status": "completed" if succeeded else "failed",
            "exit_code": 0 if succeeded else 3,
            "stdout": answer,
            "stderr": "",
            "failure": None if succeeded else {"reason": "exit_code", "message": "exit code 3", "permanent": False},
            "duration_seconds": 2,
            "timestamp": stamp(moment),
            "retry_count": 0,
            "queued_at": stamp(moment - 3),
            "started_at": stamp(moment - 2),
            "finished_at": stamp(moment),
            "queue_seconds": 1,
            "attempts": [attempt],
        }
        record = {key: value for key, value in record.items() if value is not None}
        temporary = results / f".tmp-{os.getpid()}-{self.count}"
        temporary.write_text(json.dumps(record, separators=(",", ":")))
        os.utime(temporary, (moment, moment))
        os.rename(temporary, results / f"{name}.json")
        return name

    def fill(self, count):
        """Adds results until there are so many, the last of them a minute old."""
        end = time.time() - SPACING
        for left in range(count - self.count, 0, -1):
            self.last = self.add(end - SPACING * left)

    def run(self, *arguments, times=7):
        """Runs a command several times; the median of wall and CPU time in milliseconds."""
        walls, costs = [], []
        for _ in range(times):
            begin = time.monotonic()
            child = subprocess.Popen(
                [VIGIL, *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            with child.stdout:
                child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode != 0:
                raise SystemExit(f"vigil {' '.join(arguments)} exits with {child.returncode}")
            walls.append((time.monotonic() - begin) * 1000)
            costs.append((usage.ru_utime + usage.ru_stime) * 1000)
        return {"wall_ms": round(statistics.median(walls), 1), "cpu_ms": round(statistics.median(costs), 1)}

    def reading(self):
        """The figures of the reading commands."""
        commands = {
            "list": ("list",),
            "list --state failed": ("list", "--state", "failed"),
            "list --state cancelled": ("list", "--state", "cancelled"),
            "show": ("show", self.last),
            "status": ("status",),
            "why": ("why", self.last),
            "complete": ("complete", "--", "show", ""),
        }
        return {name: self.run(*words) for name, words in commands.items()}


class Orchestrator:
    """An orchestrator, and the pipe that it tells through."""

    def __init__(self, queue):
        self.queue = queue
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [VIGIL, "orchestrator"], env=queue.environment, stderr=subprocess.PIPE, text=True
        )
        for line in self.process.stderr:
            if json.loads(line).get("message") == "ready":
                break
        else:
            raise SystemExit("the orchestrator does not become ready")
        self.ready_seconds = round(time.monotonic() - begin, 1)
        self.pipe = os.open(queue.root / "pipes" / "orchestrator", os.O_RDONLY | os.O_NONBLOCK)
        self.settle()
        self.drain()
        self.filled_cpu_seconds = round(self.cpu(), 1)

    def cpu(self):
        """Seconds of CPU time, to the nanosecond, of all threads."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def resident(self):
        """KiB of resident memory."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    def settle(self):
        """Waits until it has not used the CPU for a second."""
        before = -1.0
        while (now := self.cpu()) - before > 0.0005:
            before = now
            time.sleep(1)

    def drain(self):
        """Empties the pipe: what is told while it is full is missed."""
        while select.select([self.pipe], [], [], 0)[0] and os.read(self.pipe, 1 << 20):
            pass

    def hear(self, name, limit=300):
        """Waits for the line about a task; returns the moment."""
        deadline = time.monotonic() + limit
        text = ""
        while name not in text:
            ready, _, _ = select.select([self.pipe], [], [], deadline - time.monotonic())
            if not ready:
                raise SystemExit(f"nothing was told of {name} within {limit} s")
            text += os.read(self.pipe, 65536).decode()
        return time.monotonic()

    def one_more(self, samples):
        """What one more result costs, one at a time."""
        delays = []
        before = self.cpu()
        for _ in range(samples):
            name = self.queue.add(time.time())
            begin = time.monotonic()
            delays.append((self.hear(name) - begin) * 1000)
        # With the snapshot that follows.
        self.settle()
        cost = (self.cpu() - before) * 1000 / samples
        delays.sort()
        return {
            "cpu_ms": round(cost, 2),
            "delay_p50_ms": round(statistics.median(delays), 2),
            "delay_max_ms": round(delays[-1], 2),
            "resident_kib": self.resident(),
        }

    def stop(self):
        """Ends it cleanly."""
        os.close(self.pipe)
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        if self.process.wait(timeout=60) != 0:
            raise SystemExit("the orchestrator did not stop cleanly")


def measure(queue, count, samples):
    """All figures with so many results."""
    queue.fill(count)
    figures = {"files": queue.reading()}
    orchestrator = Orchestrator(queue)
    figures["start"] = {"ready_s": orchestrator.ready_seconds, "cpu_s": orchestrator.filled_cpu_seconds}
    figures["orchestrator"] = queue.reading()
    figures["one more"] = orchestrator.one_more(samples)
    orchestrator.stop()
    again = Orchestrator(queue)
    figures["start again"] = {"ready_s": again.ready_seconds, "cpu_s": again.filled_cpu_seconds}
    again.stop()
    return figures


def text(count, parts):
    """The figures for people."""
    lines = [f"{count} results"]
    for part, figures in parts.items():
        nested = {name: value for name, value in figures.items() if isinstance(value, dict)} or {"": figures}
        for name, values in nested.items():
            words = ", ".join(f"{key} {value}" for key, value in values.items())
            lines.append(f"  {part}{': ' + name if name else ''}: {words}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=100_000, help="how long the long history is")
    parser.add_argument("--few", type=int, default=100, help="how long the short one is")
    parser.add_argument("--samples", type=int, default=50, help="how many results are added one at a time")
    parser.add_argument("--keep", action="store_true", help="keep the root directory, and name it")
    parser.add_argument("--json", action="store_true", help="print JSON, a line for each history")
    options = parser.parse_args()
    if not VIGIL.exists():
        raise SystemExit(f"{VIGIL} is missing; run make build first")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="vigil-history-"))
    try:
        for count in (options.few, options.results):
            figures = measure(Queue(scratch), count, options.samples)
            # At once, since removing so many files may take minutes.
            print(json.dumps({str(count): figures}) if options.json else text(count, figures), flush=True)
    finally:
        if options.keep:
            print(f"kept: {scratch}")
        else:
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
