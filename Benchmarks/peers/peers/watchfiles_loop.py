# SPDX-License-Identifier: Apache-2.0
"""A Python loop over watchfiles.watch() with a thread pool (watchexec-like)."""
import os
import sys
from base import FileQueue, pkg, APPS


class Peer(FileQueue):
    venv = True

    def version(self):
        return pkg("watchfiles")

    def settings(self):
        return ("watch(step=1 ms, debounce=5 ms, rust_timeout default), ThreadPoolExecutor(N), "
                "subprocess.run; result by temp file and rename, then unlink of the task; scan at start")

    def start(self, d, concurrency):
        seen = self.log_text().count("READY")
        self.spawn([sys.executable, os.path.join(APPS, "watchfiles_worker.py"), d, self.job,
                    str(concurrency)])
        if not self.wait_log("READY", count=seen + 1):
            raise RuntimeError("not ready: " + self.log_text()[-800:])
