# SPDX-License-Identifier: Apache-2.0
"""Vigil, as it was built; --opt durability=full syncs everything, which no other runner here does."""
import os
import time
from base import FileQueue

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


class Peer(FileQueue):
    name = "vigil"
    queue_sub, result_sub = "tasks/w", "results/w"

    def program(self):
        return os.path.join(self.opts.get("programs", os.path.join(ROOT, ".build", "release")), "vigil")

    def durability(self):
        return self.opts.get("durability", "relaxed")

    def version(self):
        return "vigil as built, DURABILITY=" + self.durability()

    def settings(self):
        return "worker with MAX_CONCURRENT_TASKS=N, defaults else"

    def start(self, d, concurrency):
        beat = os.path.join(d, "heartbeats", "w.json")
        if os.path.exists(beat):
            os.remove(beat)
        self.spawn([self.program(), "worker", "w"], env={
            "VIGIL_ROOT": d, "CLAUDE_COMMAND": self.job, "MAX_CONCURRENT_TASKS": str(concurrency),
            "DURABILITY": self.durability(), "ENABLE_METRICS": "false", "LOG_LEVEL": "WARNING"})
        self.wait_file(beat)

    def wait_file(self, path):
        end = time.monotonic() + self.boot_wait
        while not os.path.exists(path):
            if time.monotonic() > end or self.main[-1].poll() is not None:
                raise RuntimeError("not ready: " + self.log_text()[-800:])
            time.sleep(0.002)
