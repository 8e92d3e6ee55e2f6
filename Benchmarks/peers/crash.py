# SPDX-License-Identifier: Apache-2.0
"""The phase that kills: what is lost, and what runs twice."""
import contextlib
import os
import signal
import time

import proctree
from common import Reaper, now
from phases import Bench


class Crash(Bench):
    """Kills a runner in the middle of its work, and starts it again."""

    def processes_to_kill(self, a, how):
        """The runner's main process, or all of its tree; and that tree."""
        keep = set()
        for p in a.helpers:
            keep.add(p.pid)
            keep.update(proctree.descendants(p.pid))
        tree = [p for p in proctree.descendants(os.getpid()) if p not in keep]
        if how != "main":
            return tree, tree
        if hasattr(a, "kill_pids"):
            return a.kill_pids(tree), tree
        return [p.pid for p in a.main if p.poll() is None], tree

    def await_recovery(self, a, ids):
        """Waits for the results after the restart."""
        t_last, pend = self.await_all(a, ids, 5.0, 60)
        if pend and a.recovery_wait > 5:
            t2, pend2 = self.await_all(a, pend, a.recovery_wait - 5, 200)
            if len(pend2) < len(pend):
                t_last = t2
            pend = pend2
        return t_last, pend

    def kill(self, how):
        """200 tasks of 20 ms, SIGKILL after 60 starts, restart 0.5 s later."""
        a, d = self.fresh()
        ids = ["k%04d-w20" % i for i in range(self.args.kill_n)]
        try:
            conc = min(2, a.max_concurrency)
            a.start(d, conc)
            if (w := self.warm(a, 3)) < 3:
                return {"error": "warm-up: %d of 3 tasks gave a result" % w}
            base = len(a.starts.poll())
            r = Reaper(a, False)
            for t in ids:
                a.submit(t, {})
            end = time.monotonic() + 30
            while len(a.starts.poll()) - base < 60 and time.monotonic() < end:
                time.sleep(0.002)
            pids, tree = self.processes_to_kill(a, how)
            at_kill = len(a.starts.poll()) - base
            for p in pids:
                with contextlib.suppress(OSError):
                    os.kill(p, signal.SIGKILL)
            for p in a.main:
                with contextlib.suppress(Exception):
                    p.wait(2)
            r.start()
            time.sleep(0.5)
            alive = [proctree.comm(p) for p in tree if proctree.state(p) not in ("", "Z")]
            a.main = []
            a.start(d, conc)
            t_up = now()
            t_last, pend = self.await_recovery(a, ids)
            r.finish()
            st = a.starts.poll()
            res = self.counts(a, ids, pend)
            res.update(how=how, killed=len(pids), started_at_kill=at_kill,
                       survivors_after_kill=sorted(set(alive)),
                       started_no_result=sum(1 for i in pend if i in st),
                       last_result_after_restart_s=round((t_last - t_up) / 1e9, 2),
                       waited_without_progress_s=a.recovery_wait if pend else 0)
            return res
        finally:
            self.drop(a, "kill_" + how)
