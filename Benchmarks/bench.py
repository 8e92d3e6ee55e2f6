#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the built release programs beside a yardstick in C that does the same job and nothing else.

Vigil and the yardstick take turns in every round, so that both see the same machine; what counts is the ratio of the
medians. `--only` runs a part. JSON goes to the file of --json, from which charts.py draws.
"""
import argparse
import json
import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True

from suite import backlog, daemons, figures, rig, tasks  # noqa: E402


def parts(bench, report, options):
    """The parts of the measurement by name; each is a function of nothing."""
    counts = [10_000, 100_000] + ([1_000_000] if options.million else [])
    return {
        "detection": lambda: tasks.detection(bench, report, options.scale),
        "throughput": lambda: tasks.throughput(bench, report, options.scale),
        "submission": lambda: tasks.submission(bench, report, options.scale),
        "state": lambda: backlog.state_change(bench, report, options.scale),
        "orchestrator": lambda: daemons.orchestrator(bench, report, options.scale),
        "requests": lambda: daemons.requests(bench, report, options.scale),
        # Once is enough for these, at the end: they take long, nothing of them lies near its limit, and a million files
        # keep the disk busy for minutes.
        "rest": lambda: daemons.at_rest(bench, report, options.rest),
        "backlog": lambda: backlog.backlog(bench, report, counts),
    }


ONCE = ("rest", "backlog")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each of the two is measured")
    parser.add_argument("--scale", type=int, default=1, help="so many times the usual number of tasks")
    parser.add_argument("--rest", type=int, default=30, help="seconds of rest to watch")
    parser.add_argument("--million", action="store_true", help="also with a million queued tasks, which takes minutes")
    parser.add_argument("--only", action="append", help="one part: detection, throughput, submission, …")
    parser.add_argument("--not-isolated", action="store_true", help="share the processors with whatever else runs")
    parser.add_argument("--programs", type=pathlib.Path, default=rig.PROGRAMS, help="where the built programs are")
    parser.add_argument("--json", type=pathlib.Path, help="write the report to this file")
    options = parser.parse_args()
    with rig.place() as scratch:
        bench = rig.Rig(scratch, options.programs, isolated=not options.not_isolated)
        report, load = figures.Report(), []
        known = parts(bench, report, options)
        chosen = options.only or list(known)
        if unknown := [name for name in chosen if name not in known]:
            parser.error(f"no part named {unknown[0]}; there are {', '.join(known)}")
        began = time.time()
        for number in range(options.rounds):
            for name in chosen:
                if number == options.rounds - 1 or name not in ONCE:
                    print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
                    known[name]()
                    load.append(os.getloadavg()[0])
        document = {
            "machine": rig.machine(scratch), "rounds": options.rounds, "isolated": bool(bench.prefix),
            "load_average": {"least": min(load), "most": max(load)}, "seconds": round(time.time() - began),
            "date": time.strftime("%Y-%m-%d", time.gmtime(began)), "figures": report.json(),
        }
        # Before the clean-up, which can take minutes after a million files.
        if options.json:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(json.dumps(document, indent=1) + "\n")
        for figure in report.figures.values():
            print(figures.line(figure))


main()
