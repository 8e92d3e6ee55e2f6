#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Markdown table from the harness's result files:  table.py DIR [peer ...]"""
import glob
import json
import os
import sys


def g(d, *ks):
    for k in ks:
        if not isinstance(d, dict) or d.get(k) is None:
            return None
        d = d[k]
    return d


def num(v, f="%.1f"):
    return "-" if v is None else f % v


def mm(t, f="%.0f"):
    if not t:
        return "-"
    if t["k"] == 1:
        return f % t["median"]
    return ("%s (%s-%s)" % (f, f, f)) % (t["median"], t["min"], t["max"])


def killcell(k):
    if not k:
        return "-"
    if "error" in k:
        return "error"
    s = "none lost" if not k["no_result"] else \
        "%d without result (%d never ran)" % (k["no_result"], k["never_started"])
    return s + ", %d twice" % k["run_twice"]


def fcell(d):
    out = [g(d, "latency", "foreign_cpu")]
    for c in ("1", "2", "8"):
        v = [r["foreign_cpu"] for r in (g(d, "throughput", c, "runs") or []) if "foreign_cpu" in r]
        out.append(sum(v) / len(v) if v else None)
    return " / ".join("-" if v is None else "%.1f" % max(0, v) for v in out)


def row(d):
    lat, e2e = g(d, "latency", "submit_to_start_ms"), g(d, "latency", "submit_to_result_ms")
    tp = d.get("throughput", {})
    peak = [g(t, "peak_rss_mb", "max") for t in tp.values() if g(t, "peak_rss_mb", "max")]
    runs = [r for t in tp.values() for r in t.get("runs", []) if "n" in r]
    lost = sum(r["no_result"] for r in runs)
    dup = sum(r["run_twice"] for r in runs)
    pq = d.get("prequeue")
    pqc = "n/a" if pq is None else ("error" if "error" in pq else "%d of %d ran%s" % (
        pq["n"] - pq["never_started"], pq["n"],
        ", %.0f/s" % pq["tasks_per_s"] if pq.get("tasks_per_s") else ""))
    idle = d.get("idle") or {}
    return [d["peer"],
            "/".join(num(g(lat, x)) for x in ("p50", "p90", "p99", "max")) if lat else "no task ran",
            "/".join(num(g(e2e, x)) for x in ("p50", "p90", "p99", "max")) if e2e else "-",
            mm(g(tp, "1", "tasks_per_s")), mm(g(tp, "2", "tasks_per_s")), mm(g(tp, "8", "tasks_per_s")),
            "%s / %s" % (num(idle.get("cpu_s"), "%.3f"), idle.get("voluntary_switches", "-")),
            "%s / %s" % (num(idle.get("rss_mb")), num(max(peak) if peak else None)),
            "%d / %d of %d" % (lost, dup, sum(r["n"] for r in runs)) if runs else "-",
            pqc, fcell(d), killcell(g(d, "kill", "main")), killcell(g(d, "kill", "tree"))]


HEAD = ["peer", "submit->start ms p50/p90/p99/max", "submit->result ms p50/p90/p99/max",
        "tasks/s c=1", "c=2", "c=8", "idle 30 s: CPU s / vol. switches",
        "RSS MB idle / peak", "lost / twice", "queued before start",
        "foreign CPU, cores: latency / c=1 / 2 / 8", "kill -9 main", "kill -9 tree"]


def main():
    rows = {}
    for f in sorted(glob.glob(os.path.join(sys.argv[1], "*.json"))):
        d = json.load(open(f))
        rows[os.path.basename(f)[:-5]] = d
    names = sys.argv[2:] or sorted(rows)
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for n in names:
        if n in rows:
            r = row(rows[n])
            r[0] = n
            print("| " + " | ".join(r) + " |")
    print()
    for n in names:
        if n in rows:
            d = rows[n]
            print("- **%s**: %s; %s" % (n, d.get("version"), d.get("settings")))


if __name__ == "__main__":
    main()
