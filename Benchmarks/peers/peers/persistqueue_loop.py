# SPDX-License-Identifier: Apache-2.0
"""persist-queue SQLiteAckQueue: N worker threads, blocking get, ack after the result."""
import os
import sys
from base import Adapter, pkg, APPS


class Peer(Adapter):
    venv = True

    def version(self):
        import sqlite3
        return pkg("persist-queue") + ", sqlite " + sqlite3.sqlite_version

    def settings(self):
        return ("SQLiteAckQueue(multithreading, auto_resume), get(block=False) with 10 ms sleep when "
                "empty, ack after a result file (temp + rename)")

    def prepare(self, d):
        import persistqueue
        self.r = os.path.join(d, "results")
        os.makedirs(self.r, exist_ok=True)
        self.q = persistqueue.SQLiteAckQueue(os.path.join(d, "pq"), multithreading=True,
                                             auto_commit=True, auto_resume=False)

    def start(self, d, concurrency):
        seen = self.log_text().count("READY")
        self.spawn([sys.executable, os.path.join(APPS, "persistqueue_worker.py"), d, self.job,
                    str(concurrency)])
        if not self.wait_log("READY", count=seen + 1):
            raise RuntimeError("not ready: " + self.log_text()[-800:])

    def submit(self, task_id, payload):
        self.q.put(task_id)

    def done(self, task_id):
        return os.path.exists(os.path.join(self.r, task_id + ".json"))
