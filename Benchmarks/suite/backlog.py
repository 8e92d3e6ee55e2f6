# SPDX-License-Identifier: Apache-2.0
"""What a long queue costs: at the start, after a crash, in memory, and for each change of state."""
import os
import re
import signal
import socket
import time
import urllib.error
import urllib.request

from .rig import VIGIL, YARDSTICK, family, field, wait_until

# So many seconds to the first start and until all is known, and MiB at most (150 MB, 1 GB), for so many queued tasks.
DEMANDS = {10_000: (1, 5, 143), 100_000: (1, 5, 143), 1_000_000: (None, None, 953)}


def free_port():
    """A port that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def known_tasks(port):
    """How many tasks the daemon knows, queued or running; none before it answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0
    return sum(
        float(value) for value in re.findall(r"^watcher_(?:task_queue_size|active_tasks)\{[^}]*\} (\S+)$", text, re.MULTILINE)
    )


def first_start(root):
    """The clock's time at an agent's first instruction, in seconds; None when none has begun."""
    results = root / "results" / "marie"
    moments = []
    for entry in os.scandir(results) if results.is_dir() else ():
        log = results / entry.name / "stdout.log"
        if entry.is_dir() and log.exists() and (text := log.read_text()).startswith("t_child="):
            moments.append(int(text.split("=")[1]) / 1e9)
    return max(moments, default=None)


def start_with(rig, report, count):
    """Starts a worker with so many tasks queued; kills it, and starts it once more."""
    root = rig.root()
    rig.fill(root, count, "--description", "hold", "--task-bytes", 0)
    start, index, memory = DEMANDS[count]
    name = f"{count:,} queued"
    for round_name, limits in ((name, (start, index, memory)), (f"{name}, after a crash", (start, index, None))):
        port = free_port()
        settings = {"MAX_CONCURRENT_TASKS": 4, "ENABLE_METRICS": "true", "METRICS_PORT": port}
        before = first_start(root)
        began = time.monotonic()
        # With one slot for each agent that waits for the earlier daemon's end, so that there is always a free one.
        with rig.daemon(root, "worker", "marie", **settings) as daemon:
            wait_until(lambda: first_start(root) != before, pause=0.02)
            report.add(f"{round_name}: first start", "s", VIGIL, first_start(root) - began, limit=limits[0])
            known = wait_until(lambda: known_tasks(port) >= count, pause=0.02)
            report.add(f"{round_name}: all known", "s", VIGIL, known - began, limit=limits[1])
            peak = field(daemon.pid, "VmHWM") / 1024
            report.add(f"{round_name}: memory", "MiB", VIGIL, peak, limit=limits[2])
            for pid in family(daemon.pid):
                os.kill(pid, signal.SIGKILL)


def backlog(rig, report, counts):
    """Start-up and recovery with long queues."""
    for count in counts:
        start_with(rig, report, count)
    if 10_000 in counts:
        found = rig.drive(YARDSTICK, "relaxed", "--count", 10_000, "--first", 1, "--warmup", 0)
        report.add("10,000 queued: first start", "s", YARDSTICK, found["first_start_ms"] / 1000)


def state_change(rig, report, scale):
    """The same tasks with few and with many others queued behind them, which are not due."""
    for count in (100, 100_000):
        root = rig.root()
        rig.fill(root, count, "--prefix", "later", "--members", '"not_before":"2099-01-01T00:00:00Z",')
        found = rig.drive(VIGIL, "relaxed", "--count", 300 * scale, root=root)
        who = VIGIL if count > 100 else YARDSTICK
        report.add("a task with 100,000 queued, by the same with 100", "µs", who, found["result_us"]["p50"], most=1.2)
        report.add("its CPU, by the same with 100", "µs", who, found["per_task"]["cpu_us"], most=1.2)
