# SPDX-License-Identifier: Apache-2.0
"""What a whole installation costs at rest, and what its orchestrator and its API can do."""
import json
import os
import select
import subprocess
import time

from .backlog import free_port
from .rig import VIGIL, YARDSTICK, cpu_seconds, family, field, wait_until

WORKERS = ("marie", "anga", "fabien")


def at_rest(rig, report, seconds):
    """`vigil up` with three workers, warm supervisors and the orchestrator, when there is nothing to do."""
    # A heartbeat must not pay for what others have left to write.
    os.sync()
    root = rig.root()
    with rig.daemon(root, "up", WORKERS=",".join(WORKERS), API_PORT=free_port(), HEARTBEAT_INTERVAL="1m") as daemon:
        for worker in WORKERS:
            wait_until((root / "heartbeats" / f"{worker}.json").exists)
            rig.fill(root, 1, "--prefix", worker, inbox=f"tasks/{worker}")
            wait_until((root / "results" / worker / f"{worker}00000000.json").exists)
        # The clean-up after the last task is not rest.
        time.sleep(2)
        pids = family(daemon.pid)
        before = cpu_seconds(pids)
        time.sleep(seconds)
        used = (cpu_seconds(pids) - before) * 30 / seconds
        report.add("CPU at rest in 30 s", "s", VIGIL, round(used, 4), limit=0.005)
        resident = sum(field(pid, "VmRSS") for pid in pids) / 1024
        report.add("memory at rest", "MiB", VIGIL, resident, limit=38)
        shared = sum(field(pid, "Pss", "smaps_rollup") for pid in pids) / 1024
        report.add("memory at rest, shared pages counted once", "MiB", VIGIL, shared)
    found = rig.drive(YARDSTICK, "relaxed", "--count", 1, "--warmup", 5, "--idle", min(seconds, 5))
    report.add("CPU at rest in 30 s", "s", YARDSTICK, found["idle"]["cpu_us"] / 1e6)
    report.add("memory at rest", "MiB", YARDSTICK, found["idle"]["rss_kb"] / 1024)


def orchestrator(rig, report, scale):
    """Results that appear all at once: how many the orchestrator tells of in a second, and what one costs it."""
    count = 1000 * scale
    root = rig.root()
    rig.run(root, "setup", WORKERS=",".join(WORKERS))
    with rig.daemon(root, "orchestrator", WORKERS=",".join(WORKERS)) as daemon:
        pipe = root / "pipes" / "orchestrator"
        wait_until(pipe.exists)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        put_result(root, -1)
        hear(reader, 1)
        before = cpu_seconds([daemon.pid])
        began = time.monotonic()
        for number in range(count):
            put_result(root, number)
        # A full pipe loses lines, so the files of the notifications are counted, not the lines.
        told = root / "triggers" / "orchestrator"
        end = wait_until(lambda: sum(1 for _ in os.scandir(told)) > count, pause=0.02)
        report.add("results told of", "/s", VIGIL, count / (end - began))
        report.add("CPU of the orchestrator for a result", "ms", VIGIL, (cpu_seconds([daemon.pid]) - before) * 1000 / count)
        os.close(reader)


def put_result(root, number):
    """Writes a result as a worker leaves it."""
    name = f"task-{number + 1:07d}"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    record = {
        "task_id": name, "worker": "marie", "status": "completed", "exit_code": 0, "stdout": "done\n", "stderr": "",
        "duration_seconds": 2, "timestamp": stamp, "retry_count": 0, "queued_at": stamp, "started_at": stamp,
        "finished_at": stamp, "queue_seconds": 0,
        "attempts": [{"number": 1, "started_at": stamp, "finished_at": stamp, "duration_seconds": 2}],
    }
    results = root / "results" / "marie"
    temporary = results / f".tmp-{os.getpid()}-{number}"
    temporary.write_text(json.dumps(record, separators=(",", ":")))
    os.rename(temporary, results / f"{name}.json")


def hear(reader, lines, limit=60):
    """Waits for so many lines in the pipe."""
    deadline = time.monotonic() + limit
    while lines > 0:
        if not select.select([reader], [], [], max(0, deadline - time.monotonic()))[0]:
            raise SystemExit(f"the orchestrator told nothing within {limit} s")
        lines -= os.read(reader, 65536).count(b"\n")


def requests(rig, report, scale):
    """API requests a second over eight connections, against a server in C that can say one thing only."""
    count, connections, root, port = 2000 * scale, 8, rig.root(), free_port()
    server = subprocess.Popen(rig.command(rig.http, "serve"), stdout=subprocess.PIPE, text=True)
    least = ask(rig, server.stdout.readline().strip(), connections, count, "/")
    server.kill()
    server.wait()
    with rig.daemon(root, "up", WORKERS="marie", API_PORT=port):
        wait_until((root / "heartbeats" / "marie.json").exists)
        token = rig.run(root, "token", "create", "bench", "--scope", "read").split()[-1]
        rig.fill(root, 20)
        wait_until(lambda: len(list((root / "results" / "marie").glob("*.json"))) == 20)
        for name, path in (("a task", "tasks/00000001"), ("the list of tasks", "tasks"), ("stats", "stats")):
            rate = ask(rig, port, connections, count // 4, f"/api/v1/{path}", f"Authorization: Bearer {token}")
            report.add(f"API requests, {name}", "/s", VIGIL, rate)
            report.add(f"API requests, {name}", "/s", YARDSTICK, least)


def ask(rig, port, connections, count, path, *header):
    """Requests a second."""
    run = subprocess.run(
        rig.command(rig.http, "ask", port, connections, count, path, *header), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, check=False,
    )
    if run.returncode != 0:
        raise SystemExit(f"{path}: {run.stderr}")
    return float(run.stdout)
