# SPDX-License-Identifier: Apache-2.0
"""litequeue (SQLite, WAL): N worker threads, own connection each, polling."""
import os
import sys
from base import Adapter, pkg, APPS


class Peer(Adapter):
    venv = True

    def version(self):
        import sqlite3
        return pkg("litequeue") + ", sqlite " + sqlite3.sqlite_version

    def settings(self):
        return "WAL, synchronous NORMAL (its defaults); pop(), 10 ms sleep when empty; result = row done, seen through a result file (temp + rename)"

    def prepare(self, d):
        from litequeue import LiteQueue
        self.db = os.path.join(d, "q.sqlite3")
        self.r = os.path.join(d, "results")
        os.makedirs(self.r, exist_ok=True)
        self.q = LiteQueue(self.db)
        self.q.conn.execute("PRAGMA busy_timeout=10000")

    def start(self, d, concurrency):
        seen = self.log_text().count("READY")
        self.spawn([sys.executable, os.path.join(APPS, "litequeue_worker.py"), d, self.job,
                    str(concurrency)])
        if not self.wait_log("READY", count=seen + 1):
            raise RuntimeError("not ready: " + self.log_text()[-800:])

    def submit(self, task_id, payload):
        self.q.put(task_id)

    def done(self, task_id):
        return os.path.exists(os.path.join(self.r, task_id + ".json"))
