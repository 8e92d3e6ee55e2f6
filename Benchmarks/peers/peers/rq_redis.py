# SPDX-License-Identifier: Apache-2.0
"""RQ with Redis; worker-pool of N workers."""
import os
import sys
from base import Adapter, RedisMixin, cmd_version, pkg, venv_bin, APPS


class Peer(RedisMixin, Adapter):
    venv = True
    worker_class = None

    def version(self):
        return pkg("rq", "redis") + ", " + cmd_version(["redis-server", "--version"])[:21]

    def settings(self):
        return ("rq worker-pool -n N%s, own redis-server (AOF every second), results kept in the job "
                "hash" % (" -w " + self.worker_class if self.worker_class else
                          " (default worker: a fork per job)"))

    def prepare(self, d):
        self.start_redis(d)
        os.environ["HARNESS_JOB"] = self.job
        if APPS not in sys.path:
            sys.path.insert(0, APPS)
        import redis
        import rq
        self.conn = redis.Redis("127.0.0.1", self.port)
        self.queue = rq.Queue("default", connection=self.conn)

    def start(self, d, concurrency):
        seen = self.log_text().count("istening on")
        cmd = [venv_bin("rq"), "worker-pool", "default", "-n", str(concurrency), "-u", self.url,
               "-P", APPS]
        if self.worker_class:
            cmd += ["-w", self.worker_class]
        self.spawn(cmd, cwd=APPS, env={"PYTHONPATH": APPS})
        if not self.wait_log("istening on", count=seen + concurrency):
            raise RuntimeError("not ready: " + self.log_text()[-1200:])

    def submit(self, task_id, payload):
        self.queue.enqueue("rq_app.run_job", task_id, job_id=task_id)

    def done(self, task_id):
        return self.conn.hget("rq:job:" + task_id, "status") == b"finished"
