#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures all task runners that are installed here, and Vigil as one more; prints a table, and writes peers.json."""
import argparse
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.dont_write_bytecode = True

from suite.rig import place, real_time_prefix  # noqa: E402

# Vigil first and last, so that a machine that grows slower or quicker shows.
RUNNERS = [
    ("vigil, relaxed", "vigil", ["durability=relaxed"]), ("vigil, full", "vigil", ["durability=full"]),
    *((name, name, []) for name in (
        "direct", "bash_inotify", "tsp", "nq", "incron_table", "watchfiles_loop", "litequeue_loop", "persistqueue_loop",
        "huey_file", "celery_fs", "celery_redis", "rq_redis", "rq_redis_simple", "dramatiq_redis",
    )),
    ("vigil, relaxed, again", "vigil", ["durability=relaxed"]),
]


def row(name, found):
    """What the charts draw of a runner."""
    throughput = found.get("throughput", {}).get("2") or {}
    latency = found.get("latency", {}).get("submit_to_start_ms") or {}
    rate = throughput.get("tasks_per_s") or {}
    return {"name": name, "start_ms": latency.get("p50"), "start_p99_ms": latency.get("p99"), "rate": rate.get("median")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "results", help="where the figures go")
    parser.add_argument("--only", action="append", help="one runner; may be repeated")
    parser.add_argument("--phases", default="latency,throughput,prequeue,idle")
    parser.add_argument("--option", action="append", default=[], help="an option of run.py, such as --option=--burst-n=500")
    options = parser.parse_args()
    details = options.out / "peers"
    details.mkdir(parents=True, exist_ok=True)
    rows = []
    with place() as scratch:
        measure(scratch, details, options, rows)
    (options.out / "peers.json").write_text(json.dumps(rows, indent=1) + "\n")
    subprocess.run([sys.executable, HERE / "table.py", details], check=True)


def measure(scratch, details, options, rows):
    """Measures one runner after the other."""
    for name, peer, settings in RUNNERS:
        if options.only and not any(name.startswith(wanted) for wanted in options.only):
            continue
        report = details / f"{name.replace(', ', '-')}.json"
        words = [*real_time_prefix(), sys.executable, HERE / "run.py", "--peer", peer, "--json", report, "--phases", options.phases]
        words += ["--dir", scratch, "--keep"]
        words += [word for setting in settings for word in ("--opt", setting)] + options.option
        run = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if run.returncode != 0 or not report.exists():
            print(f"{name}: not measured: {(run.stderr.strip() or 'no report').splitlines()[-1]}", file=sys.stderr)
            continue
        found = json.loads(report.read_text())
        rows.append(row(name, found))
        print(json.dumps(rows[-1]), flush=True)


if __name__ == "__main__":
    os.chdir(HERE)
    main()
