#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures one task runner:  run.py --peer NAME --json OUT

Phases: latency, throughput, prequeue, idle, kill (see README.md). A runner that needs Python packages has venv=True and
is run with the interpreter given by --venv (or $HARNESS_VENV, or ./venv).
"""
import argparse
import contextlib
import importlib
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(1, os.path.join(HERE, "peers"))
sys.dont_write_bytecode = True

import proctree  # noqa: E402
from common import ME  # noqa: E402
from crash import Crash  # noqa: E402


def environment(d):
    cpu = ""
    with contextlib.suppress(OSError):
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    fs = ""
    with contextlib.suppress(Exception):
        fs = subprocess.run(["stat", "-f", "-c", "%T", d], capture_output=True,
                            text=True).stdout.strip()
    return {"cpu": cpu, "cores": os.cpu_count(), "kernel": platform.release(),
            "python": platform.python_version(), "filesystem": fs,
            "loadavg": os.getloadavg()}


def med(rows, key):
    v = [r[key] for r in rows if isinstance(r.get(key), (int, float))]
    return {"median": statistics.median(v), "min": min(v), "max": max(v), "k": len(v)} if v else None


def arguments():
    """What the command line says."""
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--peer", required=True)
    ap.add_argument("--json", required=True)
    ap.add_argument("--phases", default="latency,throughput,prequeue,idle,kill")
    ap.add_argument("--dir", default=None, help="where run folders are made (default: $TMPDIR)")
    ap.add_argument("--venv", default=os.environ.get("HARNESS_VENV", os.path.join(HERE, "venv")))
    ap.add_argument("--lock", default=os.environ.get("HARNESS_LOCK"),
                    help="file to flock around timed sections")
    ap.add_argument("--opt", action="append", default=[], help="key=value for the adapter")
    ap.add_argument("--latency-n", type=int, default=300)
    ap.add_argument("--burst-n", type=int, default=2000)
    ap.add_argument("--kill-n", type=int, default=200)
    ap.add_argument("--concurrency", default="1,2,8")
    ap.add_argument("--repeat", type=int, default=3)
    ap.add_argument("--budget", type=float, default=60.0,
                    help="no further throughput round starts after this many seconds")
    ap.add_argument("--idle-s", type=float, default=30.0)
    ap.add_argument("--quiet", type=float, default=5.0)
    ap.add_argument("--cap", type=float, default=90.0)
    ap.add_argument("--keep", action="store_true")
    return ap.parse_args()


def adapter(args):
    """The runner's class; goes over to the interpreter that has its packages."""
    cls = importlib.import_module(args.peer.replace("-", "_")).Peer
    vpy = os.path.join(args.venv, "bin", "python3")
    if cls.venv and os.path.abspath(sys.prefix) != os.path.abspath(args.venv):
        if not os.path.exists(vpy):
            raise SystemExit("peer %s needs packages: make a venv at %s and install "
                             "requirements.txt into it (or give --venv)" % (args.peer, args.venv))
        os.execv(vpy, [vpy, os.path.abspath(__file__)] + sys.argv[1:])
    return cls


def guard(f, *a):
    """What a phase gives, or why it gave nothing."""
    try:
        return f(*a)
    except Exception as e:
        traceback.print_exc()
        return {"error": "%s: %s" % (type(e).__name__, e)}


def throughput(args, cls, b, note):
    """Bursts in rounds over the concurrencies, so that repeats are interleaved."""
    tp, rows, t_begin = {}, {}, time.monotonic()
    for rnd in range(args.repeat):
        for c in map(int, args.concurrency.split(",")):
            if c > cls.max_concurrency:
                tp[str(c)] = {"skipped": "no concurrency above %d" % cls.max_concurrency}
                continue
            mine = rows.setdefault(c, [])
            is_late = time.monotonic() - t_begin > args.budget
            if rnd and (is_late or (mine and "error" in mine[-1])):
                continue
            mine.append(guard(b.burst, c))
            tp[str(c)] = {"tasks_per_s": med(mine, "tasks_per_s"),
                          "exec_per_s": med(mine, "exec_per_s"),
                          "peak_rss_mb": med(mine, "peak_rss_mb"), "runs": mine}
        note("throughput", tp)


def run_phases(args, cls, b, note):
    """All phases that were asked for."""
    phases = args.phases.split(",")
    works = True
    with b.lock.held():                        # one hold for all timed phases
        if "latency" in phases:
            res = guard(b.latency)
            note("latency", res)
            works = "error" not in res
        if "throughput" in phases and (works or args.opt):
            throughput(args, cls, b, note)
        if "prequeue" in phases and cls.offline_submit:
            note("prequeue", guard(b.burst, min(2, cls.max_concurrency), True))
    if "kill" in phases and works and cls.name != "direct":
        note("kill", {how: guard(b.kill, how) for how in ("main", "tree")})
    if "idle" in phases:
        note("idle", guard(b.idle))


def main():
    args = arguments()
    cls = adapter(args)
    opts = dict(o.split("=", 1) for o in args.opt)
    opts.setdefault("venv", args.venv)
    proctree.become_subreaper()
    signal.signal(signal.SIGTERM, lambda *a: sys.exit(143))
    b = Crash(args, lambda: cls(opts))
    out = {}
    if os.path.exists(args.json):
        with contextlib.suppress(Exception):
            out = json.load(open(args.json))
    out.update(peer=args.peer, version=cls(opts).version(), settings=cls(opts).settings(),
               options={k: v for k, v in opts.items() if k != "venv"},
               environment=environment(b.root))

    def note(k, v):
        out[k] = v
        print(k, json.dumps(v)[-700:], flush=True)
        with open(args.json + ".tmp", "w") as f:
            json.dump(out, f, indent=1)
        os.replace(args.json + ".tmp", args.json)

    try:
        run_phases(args, cls, b, note)
        out.setdefault("log_tails", {}).update(b.logs)
        note("finished", time.strftime("%Y-%m-%dT%H:%M:%S"))
    finally:
        for p in proctree.descendants(ME):
            with contextlib.suppress(OSError):
                os.kill(p, signal.SIGKILL)
        if not args.keep:
            shutil.rmtree(b.root, ignore_errors=True)


if __name__ == "__main__":
    main()
