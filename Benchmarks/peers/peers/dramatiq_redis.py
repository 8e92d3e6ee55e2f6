# SPDX-License-Identifier: Apache-2.0
"""Dramatiq with Redis broker and results."""
import os
import sys
from base import Adapter, RedisMixin, cmd_version, pkg, venv_bin, APPS


class Peer(RedisMixin, Adapter):
    venv = True
    recovery_wait = 75.0

    def version(self):
        return pkg("dramatiq", "redis") + ", " + cmd_version(["redis-server", "--version"])[:21]

    def settings(self):
        return ("dramatiq -p 1 -t N --use-spawn off, Redis broker (heartbeat_timeout default 60 s), "
                "Results middleware on Redis, own redis-server (AOF every second)")

    def prepare(self, d):
        self.start_redis(d)
        os.environ.update(HARNESS_JOB=self.job, HARNESS_URL=self.url)
        if APPS not in sys.path:
            sys.path.insert(0, APPS)
        sys.modules.pop("dramatiq_app", None)
        import dramatiq_app
        self.app, self.msg = dramatiq_app, {}

    def start(self, d, concurrency):
        seen = self.log_text().count("is ready for action")
        self.spawn([venv_bin("dramatiq"), "dramatiq_app", "-p", "1", "-t", str(concurrency)],
                   cwd=APPS, env={"PYTHONPATH": APPS})
        if not self.wait_log("is ready for action", count=seen + 1):
            raise RuntimeError("not ready: " + self.log_text()[-1200:])

    def submit(self, task_id, payload):
        self.msg[task_id] = self.app.run_job.send(task_id)

    def done(self, task_id):
        m = self.msg.get(task_id)
        if m is None:
            return False
        try:
            m.get_result(block=False)
            return True
        except self.app.ResultMissing:
            return False
