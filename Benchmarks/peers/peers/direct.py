# SPDX-License-Identifier: Apache-2.0
"""Floor: the harness itself spawns the job; no queue, no daemon."""
import os
from base import Adapter


class Peer(Adapter):
    name = "direct"
    has_daemon = False
    offline_submit = False

    def __init__(self, opts):
        super().__init__(opts)
        self.own_pids = {}
        self.conc = 1

    def version(self):
        return "posix_spawn"

    def settings(self):
        return "harness calls posix_spawn(job) itself, at most N alive, waitpid = result"

    def start(self, d, concurrency):
        self.conc = concurrency
        self.null = os.open(os.devnull, os.O_RDWR)
        self.byid, self.fin = {}, set()

    def _collect(self, block=False):
        for pid in list(self.own_pids):
            try:
                p, _ = os.waitpid(pid, 0 if block else os.WNOHANG)
            except ChildProcessError:
                p = pid
            if p:
                self.fin.add(self.own_pids.pop(pid))
                if block:
                    return

    def submit(self, task_id, payload):
        while len(self.own_pids) >= self.conc:
            self._collect(True)
        pid = os.posix_spawn(self.job, [self.job, task_id], {},
                             file_actions=[(os.POSIX_SPAWN_DUP2, self.null, 1)])
        self.own_pids[pid] = task_id

    def done(self, task_id):
        if task_id not in self.fin:
            self._collect()
        return task_id in self.fin

    def kill_pids(self, tree):
        return []
