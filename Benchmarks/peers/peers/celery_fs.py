# SPDX-License-Identifier: Apache-2.0
"""Celery, kombu's filesystem transport, file result backend."""
import os
import sys
from base import Adapter, pkg, venv_bin, APPS


class Peer(Adapter):
    venv = True
    transport = "fs"
    pool = "prefork"

    def version(self):
        return pkg("celery", "kombu", "billiard")

    def settings(self):
        return ("filesystem transport with polling_interval 0.01 s, file results, --pool %s -c N, "
                "acks_late, prefetch multiplier 1, no gossip/mingle/heartbeat" % self.opts.get("pool", self.pool))

    def prepare(self, d):
        for x in ("cq", "cc", "cr"):
            os.makedirs(os.path.join(d, x), exist_ok=True)
        self.load(d)

    def load(self, d):
        os.environ["HARNESS_RUN_DIR"] = d
        os.environ["HARNESS_JOB"] = self.job
        os.environ["HARNESS_TRANSPORT"] = self.transport
        os.environ["HARNESS_URL"] = getattr(self, "url", "")
        if APPS not in sys.path:
            sys.path.insert(0, APPS)
        sys.modules.pop("celery_app", None)
        import celery_app
        self.app = celery_app

    def start(self, d, concurrency):
        seen = self.log_text().count(" ready.")
        self.spawn([venv_bin("celery"), "-A", "celery_app", "worker", "--pool",
                    self.opts.get("pool", self.pool), "-c", str(concurrency), "--without-gossip",
                    "--without-mingle", "--without-heartbeat", "-l", "INFO", "-n", "w@localhost"],
                   cwd=APPS, env={"PYTHONPATH": APPS})
        if not self.wait_log(" ready.", count=seen + 1):
            raise RuntimeError("not ready: " + self.log_text()[-1200:])

    def submit(self, task_id, payload):
        self.app.run_job.apply_async((task_id,), task_id=task_id)

    def done(self, task_id):
        b = self.app.app.backend
        return bool(b.get(b.get_key_for_task(task_id)))
