# SPDX-License-Identifier: Apache-2.0
"""What a peer adapter offers to the harness."""
import json
import os
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
APPS = os.path.join(HERE, "apps")


def free_port():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    p = s.getsockname()[1]
    s.close()
    return p


class Adapter:
    name = "?"
    venv = False              # True: the harness re-executes itself under the venv
    offline_submit = True     # tasks can be queued while the daemon is down
    has_daemon = True
    max_concurrency = 10 ** 6
    recovery_wait = 12.0      # seconds without progress that end the kill phase
    boot_wait = 20.0
    fsync_note = ""

    def __init__(self, opts):
        self.opts = opts
        self.job = None
        self.dir = None
        self.popens = {}
        self.main = []        # Popen objects of the daemon proper
        self.helpers = []     # Popen objects of servers that survive a kill

    # -- to override ---------------------------------------------------
    def version(self):
        return ""

    def settings(self):
        return ""

    def prepare(self, d):
        """Once per fresh directory: make folders, start helper servers."""

    def start(self, d, concurrency):
        raise NotImplementedError

    def ready(self):
        return True

    def submit(self, task_id, payload):
        raise NotImplementedError

    def done(self, task_id):
        raise NotImplementedError

    def still_queued(self, task_id):
        return None

    # -- common --------------------------------------------------------
    def spawn(self, argv, helper=False, env=None, log="daemon.log", **kw):
        e = dict(os.environ, PYTHONUNBUFFERED="1", PYTHONDONTWRITEBYTECODE="1")
        e.update(env or {})
        out = open(os.path.join(self.dir, log), "ab")
        p = subprocess.Popen(argv, env=e, stdin=subprocess.DEVNULL, stdout=out,
                             stderr=subprocess.STDOUT, start_new_session=True, **kw)
        out.close()
        self.popens[p.pid] = p
        (self.helpers if helper else self.main).append(p)
        return p

    def log_text(self, log="daemon.log"):
        try:
            with open(os.path.join(self.dir, log), errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def wait_log(self, text, log="daemon.log", timeout=None, count=1):
        end = time.monotonic() + (timeout or self.boot_wait)
        while time.monotonic() < end:
            if self.log_text(log).count(text) >= count:
                return True
            if self.main and self.main[-1].poll() is not None:
                return False
            time.sleep(0.02)
        return False

    def stop(self):
        for p in self.main:
            if p.poll() is None:
                try:
                    p.send_signal(signal.SIGTERM)
                except OSError:
                    pass
        end = time.monotonic() + 3
        for p in self.main:
            while p.poll() is None and time.monotonic() < end:
                time.sleep(0.02)
            if p.poll() is None:
                p.kill()
                p.wait()
        self.main = []

    def close(self):
        for p in self.helpers:
            if p.poll() is None:
                p.terminate()
                try:
                    p.wait(5)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
        self.helpers = []


class FileQueue(Adapter):
    """Peers fed by JSON files: rename from a staging folder into the queue."""
    queue_sub = "queue"
    result_sub = "results"
    staged_sub = "staging"

    def prepare(self, d):
        self.q = os.path.join(d, self.queue_sub)
        self.r = os.path.join(d, self.result_sub)
        self.s = os.path.join(d, self.staged_sub)
        for x in (self.q, self.r, self.s):
            os.makedirs(x, exist_ok=True)

    def submit(self, task_id, payload):
        body = json.dumps(dict(payload, task_id=task_id, description=task_id)).encode()
        direct = self.opts.get("submit") == "direct"
        path = os.path.join(self.q if direct else self.s, task_id + ".json")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(fd, body)
        os.close(fd)
        if not direct:
            os.rename(path, os.path.join(self.q, task_id + ".json"))

    def done(self, task_id):
        return os.path.exists(os.path.join(self.r, task_id + ".json"))

    def still_queued(self, task_id):
        return os.path.exists(os.path.join(self.q, task_id + ".json"))


class RedisMixin:
    """An own redis-server on a free loopback port, AOF with fsync every second."""

    def start_redis(self, d):
        self.port = free_port()
        self.url = "redis://127.0.0.1:%d/0" % self.port
        rd = os.path.join(d, "redis")
        os.makedirs(rd, exist_ok=True)
        self.spawn(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                    "--dir", rd, "--save", "", "--appendonly", "yes",
                    "--appendfsync", "everysec"], helper=True, log="redis.log")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("redis-server did not come up")


def venv_bin(name):
    return os.path.join(os.path.dirname(sys.executable), name)


def pkg(*names):
    from importlib import metadata
    out = []
    for n in names:
        try:
            out.append("%s %s" % (n, metadata.version(n)))
        except Exception:
            out.append(n + " ?")
    return ", ".join(out)


def cmd_version(argv, line=0):
    try:
        p = subprocess.run(argv, capture_output=True, text=True, timeout=5)
        return (p.stdout + p.stderr).strip().splitlines()[line]
    except Exception as e:
        return "? (%s)" % e


def deb_version(package):
    try:
        p = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                           capture_output=True, text=True, timeout=5)
        return p.stdout.strip()
    except Exception:
        return "?"
