# SPDX-License-Identifier: Apache-2.0
"""nq: no daemon; each task is a waiting nq process; N queues (NQDIR), round robin."""
import fcntl
import os
import subprocess
from base import Adapter, deb_version


class Peer(Adapter):
    offline_submit = False
    has_daemon = False

    def version(self):
        return "nq " + deb_version("nq")

    def settings(self):
        return "N queue folders (NQDIR), tasks dealt round robin; result = lock on the job file released"

    def prepare(self, d):
        self.files, self.i = {}, 0

    def start(self, d, concurrency):
        self.envs = []
        for k in range(concurrency):
            q = "%s/nq%d" % (d, k)
            os.makedirs(q, exist_ok=True)
            self.envs.append((q, dict(os.environ, NQDIR=q)))

    def submit(self, task_id, payload):
        q, env = self.envs[self.i % len(self.envs)]
        self.i += 1
        p = subprocess.run(["nq", self.job, task_id], env=env, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60)
        if p.returncode:
            raise RuntimeError("nq exit %d: %s" % (p.returncode, p.stderr.decode()[-200:]))
        self.files[task_id] = os.path.join(q, p.stdout.decode().strip())

    def done(self, task_id):
        f = self.files.get(task_id)
        if not f:
            return False
        try:
            fd = os.open(f, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return os.fstat(fd).st_size > 0 and b"\nok" in os.read(fd, 4096)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)

    def kill_pids(self, tree):
        import proctree
        t = sorted(p for p in tree if proctree.comm(p) == "nq")
        return t[:len(self.envs)]        # the oldest: those whose job is running

    def stop(self):
        pass
