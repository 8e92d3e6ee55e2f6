# SPDX-License-Identifier: Apache-2.0
"""The phases that measure: latency, bursts, rest."""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import traceback

import proctree
from common import ME, Foreign, Lock, Reaper, Starts, build_job, now, reap, summary_ms


class Bench:
    def __init__(self, args, make):
        self.args, self.make = args, make
        self.lock = Lock(args.lock)
        self.root = tempfile.mkdtemp(prefix="peer-", dir=args.dir)
        # +T: every run folder below gets its own block group
        subprocess.run(["chattr", "+T", self.root], stderr=subprocess.DEVNULL)
        self.jobsrc = os.path.join(self.root, "job.bin")
        build_job(self.jobsrc)
        self.n = 0
        self.logs = {}

    def fresh(self):
        self.n += 1
        d = os.path.join(self.root, "run%d" % self.n)
        os.makedirs(os.path.join(d, "bin"))
        a = self.make()
        a.dir = d
        a.job = os.path.join(d, "bin", "job")
        shutil.copy(self.jobsrc, a.job)
        a.starts = Starts(os.path.join(d, "bin", "starts.log"))
        a.prepare(d)
        return a, d

    def drop(self, a, phase):
        try:
            a.stop()
        except Exception:
            traceback.print_exc()
        a.close()
        left = proctree.descendants(ME)
        for p in left:
            with contextlib.suppress(OSError):
                os.kill(p, signal.SIGKILL)
        time.sleep(0.1)
        a.popens = {k: v for k, v in a.popens.items() if v.poll() is None}
        for _ in range(3):
            reap(a)
            time.sleep(0.02)
        t = a.log_text()
        self.logs[phase] = t[-1500:]
        # the run folder stays until the end: on ext4, creating files soon after many
        # deletions in the same block group is 10-30 times slower (recently_deleted)

    def warm(self, a, n=5, prefix="warm", timeout=8.0):
        """n tasks one after another; returns how many gave a result."""
        ok = 0
        for i in range(n):
            tid = "%s%04d" % (prefix, i)
            a.submit(tid, {})
            end = time.monotonic() + timeout
            while time.monotonic() < end:
                if a.done(tid):
                    ok += 1
                    break
                time.sleep(0.002)
            else:
                break
        return ok

    def latency(self):
        a, d = self.fresh()
        rnd = random.Random(1)
        N = self.args.latency_n
        try:
            a.start(d, 1)
            w = self.warm(a)
            if w < 5:
                return {"error": "warm-up: %d of 5 tasks gave a result" % w,
                        "started": len(a.starts.poll()), "log_tail": a.log_text()[-1500:]}
            r = Reaper(a, False)
            r.start()
            sub, e2e, t0s, missing = [], [], {}, 0
            with self.lock.held():
                fo = Foreign()
                for i in range(N):
                    time.sleep(rnd.uniform(0.020, 0.080))
                    tid = "lat%05d" % i
                    t0 = now()
                    a.submit(tid, {})
                    t1 = now()
                    t0s[tid] = t0
                    end = t0 + 10_000_000_000
                    ok = False
                    while now() < end:
                        if a.done(tid):
                            ok = True
                            break
                        time.sleep(0.0002)
                    if ok:
                        e2e.append(now() - t0)
                    else:
                        missing += 1
                    sub.append(t1 - t0)
                    if missing > 3:
                        break
                fo = fo.share()
            r.finish()
            st = a.starts.poll()
            lat = [st[t][0] - t0 for t, t0 in t0s.items() if t in st]
            return {"submit_to_start_ms": summary_ms(lat), "submit_to_result_ms": summary_ms(e2e),
                    "submit_call_ms": summary_ms(sub), "no_result": missing,
                    "foreign_cpu": fo, "sent": len(t0s), "never_started": sum(1 for t in t0s if t not in st)}
        finally:
            self.drop(a, "latency")

    def await_all(self, a, ids, quiet, cap):
        """Wait until every id has a result; stops after `quiet` seconds without
        progress or `cap` seconds in all.  Returns (t_last_ns, pending)."""
        pend, t_last, t_begin, t_scan = list(reversed(ids)), now(), now(), 0
        last_started = 0
        while pend:
            progressed = False
            while pend and a.done(pend[-1]):
                pend.pop()
                progressed = True
            if not pend:
                t_last = now()
                break
            k = len(a.starts.poll())
            if k > last_started:
                last_started, progressed = k, True
            t = now()
            if progressed:
                t_last = t
            elif t - t_last > 300_000_000 and t - t_scan > 300_000_000:
                t_scan = t
                before = len(pend)
                pend = [i for i in pend if not a.done(i)]
                if len(pend) < before:
                    t_last = t
            if t - t_last > quiet * 1e9 or t - t_begin > cap * 1e9:
                pend = [i for i in pend if not a.done(i)]
                break
            time.sleep(0.01)
        return t_last, pend

    def counts(self, a, ids, pend):
        st = a.starts.poll()
        return {"n": len(ids), "never_started": sum(1 for i in ids if i not in st),
                "run_twice": sum(1 for i in ids if len(st.get(i, ())) > 1),
                "no_result": len(pend)}

    def burst(self, conc, prequeue=False):
        a, d = self.fresh()
        N = self.args.burst_n
        quiet = self.args.quiet
        ids = ["b%05d" % i for i in range(N)]
        try:
            if prequeue:
                if not a.offline_submit:
                    return {"skipped": "no queue while the daemon is down"}
                for t in ids:
                    a.submit(t, {})
            if not prequeue:
                a.start(d, conc)
                w = self.warm(a, 3)
                if w < 3:
                    return {"error": "warm-up: %d of 3 tasks gave a result" % w}
                a.starts.poll()
            r = Reaper(a, True)
            with self.lock.held():
                r.start()
                fo = Foreign()
                c0 = os.times()
                t0 = now()
                if prequeue:
                    a.start(d, conc)
                else:
                    for t in ids:
                        a.submit(t, {})
                t1 = now()
                t_last, pend = self.await_all(a, ids, max(quiet, 6.0) if prequeue else quiet,
                                              self.args.cap)
                c1 = os.times()
                fo = fo.share()
            peak = r.finish()
            st = a.starts.poll()
            s = sorted(st[i][0] for i in ids if i in st)
            res = self.counts(a, ids, pend)
            res.update(concurrency=conc, peak_rss_mb=round(peak / 1e6, 1),
                       submit_s=round((t1 - t0) / 1e9, 3), foreign_cpu=fo,
                       harness_cpu_s=round(c1[0] + c1[1] - c0[0] - c0[1], 3))
            if len(s) > 1:
                done_n = N - len(pend)
                res["exec_per_s"] = round((len(s) - 1) / ((s[-1] - s[0]) / 1e9), 1)
                t_from = s[0] if prequeue else t0
                if t_last > t_from and done_n:
                    res["tasks_per_s"] = round(done_n / ((t_last - t_from) / 1e9), 1)
                if prequeue:
                    res["first_start_after_boot_s"] = round((s[0] - t0) / 1e9, 3)
            if prequeue and not s:
                res["ran_after_nudge"] = self.nudge(a, ids)
            return res
        finally:
            self.drop(a, "prequeue" if prequeue else "burst%d" % conc)

    def nudge(self, a, ids):
        """Does a later task wake the daemon for the tasks that lay there before?"""
        a.submit("nudge", {})
        time.sleep(3)
        st = a.starts.poll()
        return {"nudge_ran": "nudge" in st, "old_ran": sum(1 for i in ids if i in st)}

    def idle(self):
        a, d = self.fresh()
        try:
            a.start(d, 1)
            w = self.warm(a, 20, timeout=4.0)
            time.sleep(3)
            reap(a)
            p0 = [p for p in proctree.descendants(ME) if proctree.state(p) != "Z"]
            u0 = proctree.usage(p0)
            t0 = now()
            time.sleep(self.args.idle_s)
            p1 = [p for p in proctree.descendants(ME) if proctree.state(p) != "Z"]
            u1 = proctree.usage(p1)
            res = proctree.usage_delta(u0, u1)
            res.update(seconds=round((now() - t0) / 1e9, 2), warm_results=w,
                       rss_mb=round(sum(map(proctree.rss, p1)) / 1e6, 1),
                       pss_mb=round(sum(map(proctree.pss, p1)) / 1e6, 1),
                       tree=["%s %.1f" % (proctree.comm(p), proctree.rss(p) / 1e6) for p in p1])
            return res
        finally:
            self.drop(a, "idle")
