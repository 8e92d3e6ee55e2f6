# SPDX-License-Identifier: Apache-2.0
"""Huey with its file storage."""
import os
import subprocess
import sys
from base import Adapter, pkg, venv_bin, APPS


class Peer(Adapter):
    venv = True
    flags = ["-k", "thread", "-d", "0.01", "-m", "0.01", "-b", "1.0", "-n"]

    def version(self):
        return pkg("huey")

    def settings(self):
        return "FileHuey, huey_consumer -w N " + " ".join(self.flags)

    def prepare(self, d):
        os.environ["HARNESS_RUN_DIR"] = d
        os.environ["HARNESS_JOB"] = self.job
        if APPS not in sys.path:
            sys.path.insert(0, APPS)
        sys.modules.pop("huey_app", None)
        import huey_app
        self.app = huey_app
        self.res = {}

    def start(self, d, concurrency):
        seen = self.log_text().count("Huey consumer started")
        self.spawn([venv_bin("huey_consumer"), "huey_app.huey", "-w", str(concurrency)] + self.flags,
                   cwd=APPS, env={"PYTHONPATH": APPS})
        if not self.wait_log("Huey consumer started", count=seen + 1):
            raise RuntimeError("not ready: " + self.log_text()[-800:])

    def submit(self, task_id, payload):
        self.res[task_id] = self.app.run_job(task_id)

    def done(self, task_id):
        r = self.res.get(task_id)
        return r is not None and os.path.exists(self.app.huey.storage.path_for_key(r.id))
