# SPDX-License-Identifier: Apache-2.0
"""task-spooler: every task is one `tsp` command; TS_SLOTS is the concurrency."""
import os
import shutil
import subprocess
from base import Adapter, deb_version


class Peer(Adapter):
    offline_submit = False

    def version(self):
        return "task-spooler " + deb_version("task-spooler")

    def settings(self):
        return ("TS_SLOTS=N, TS_MAXCONN=%s, TS_MAXFINISHED=5000, output kept in files, result = "
                "file made by a static C program as TS_ONFINISH" % self.opts.get("maxconn", "900"))

    def prepare(self, d):
        os.makedirs(d + "/out")
        os.makedirs(d + "/bin/done")
        shutil.copy(self.job, d + "/bin/onfinish")
        self.jid, self.before = {}, set()

    def start(self, d, concurrency):
        self.env = dict(os.environ, TS_SOCKET=d + "/s", TMPDIR=d + "/out",
                        TS_SLOTS=str(concurrency), TS_MAXFINISHED="5000",
                        TS_MAXCONN=self.opts.get("maxconn", "900"),
                        TS_ONFINISH=d + "/bin/onfinish")
        self.done_dir = d + "/bin/done"
        self.before |= {t for t in self.jid if self.done(t)}   # job numbers start anew
        self.jid = {}
        shutil.rmtree(self.done_dir)
        os.makedirs(self.done_dir)
        subprocess.run(["tsp", "-S", str(concurrency)], env=self.env, check=True,
                       stdout=subprocess.DEVNULL)

    def submit(self, task_id, payload):
        p = subprocess.run(["tsp", self.job, task_id], env=self.env, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=30)
        if p.returncode:
            raise RuntimeError("tsp exit %d: %s" % (p.returncode, p.stderr.decode()[-200:]))
        self.jid[task_id] = p.stdout.decode().strip()

    def done(self, task_id):
        if task_id in self.before:
            return True
        j = self.jid.get(task_id)
        return j is not None and os.path.exists(os.path.join(self.done_dir, j))

    def kill_pids(self, tree):
        # the server is the tsp process that has lived longest
        import proctree
        t = [p for p in tree if proctree.comm(p) == "tsp"]
        return [min(t)] if t else []

    def stop(self):
        if not hasattr(self, "env"):
            return
        subprocess.run(["tsp", "-K"], env=self.env, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=10)
