# SPDX-License-Identifier: Apache-2.0
"""A task's way from its file to its result: how soon it starts, how many of them a second."""
import time

from .rig import VIGIL, YARDSTICK

# How many tasks come one at a time, and how many together; those that are durable go as the disk does, which is slow. Few
# would not say how many a second go on being done.
ALONE = {"relaxed": 500, "full": 150}
TOGETHER = {"relaxed": 4000, "full": 300}
# What is demanded: latency at most, rate at least so many times the yardstick's.
DETECTION = {"p50": 1.5, "p99": 2.0}
RATE = {"relaxed": 0.6, "full": 0.8}
PAUSE_US = 3000


def detection(rig, report, scale):
    """One task at a time: file complete to the agent's first instruction, and to the visible result."""
    for durability, count in ALONE.items():
        for who in (VIGIL, YARDSTICK):
            found = rig.drive(who, durability, "--count", count * scale, "--pause-us", PAUSE_US)
            for point, most in DETECTION.items():
                report.add(f"detection {point}, {durability}", "µs", who, found["start_us"][point], most=most)
            for point in DETECTION:
                report.add(f"submit to result {point}, {durability}", "µs", who, found["result_us"][point])
            report.add(f"CPU of a task alone, {durability}", "µs", who, found["per_task"]["cpu_us"])


def throughput(rig, report, scale):
    """All tasks put there at once, with the engine running; then before it starts."""
    for durability, count in TOGETHER.items():
        for concurrency in (1, 2, 8):
            for who in (VIGIL, YARDSTICK):
                found = rig.drive(
                    who, durability, "--count", count * scale, "--backlog", 1, concurrency=concurrency
                )
                name = f"tasks a second, {durability}, {concurrency} at once"
                report.add(name, "/s", who, found["tasks_per_second"], least=RATE[durability])
                name = f"CPU of a task among many, {durability}, {concurrency} at once"
                report.add(name, "µs", who, found["per_task"]["cpu_us"])
                if concurrency == 8:
                    report.add(f"peak memory, {durability}", "KiB", who, found["per_task"]["peak_rss_kb"])
    for who in (VIGIL, YARDSTICK):
        found = rig.drive(
            who, "relaxed", "--count", TOGETHER["relaxed"] * scale, "--first", 1, "--warmup", 0, concurrency=2
        )
        report.add("tasks a second, there before the start", "/s", who, found["tasks_per_second"])


def submission(rig, report, scale):
    """`vigil submit --batch` of a thousand against a loop in C that writes and syncs the same files."""
    count = 1000 * scale
    root = rig.root()
    lines = root / "batch"
    lines.write_text("".join(f'{{"task_id":"{n:08d}","description":"{"p" * 160}"}}\n' for n in range(count)))
    began = time.monotonic()
    rig.run(root, "submit", "marie", "--batch", lines)
    report.add("a thousand submitted durably", "s", VIGIL, (time.monotonic() - began) / scale, most=2)
    report.add("a thousand submitted durably", "s", YARDSTICK, rig.fill(rig.root(), count, "--syncs", 1) / scale)

