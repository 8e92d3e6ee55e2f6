# SPDX-License-Identifier: Apache-2.0
# `vigil up` in a directory of its own, with an agent that does what the task's description says.
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile

HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VIGIL = os.path.join(HOME, ".build", "debug", "vigil")
AGENT = '#!/bin/sh\nexec sh -c "$2"\n'


def free_port():
    """A port that nobody listens on; the daemon gets it again after a restart."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Daemon:
    """A queue with its daemon."""

    def __init__(self, workers="marie", **settings):
        self.root = tempfile.mkdtemp(prefix="vigil-")
        agent = os.path.join(self.root, "agent.sh")
        with open(agent, "w", encoding="utf-8") as file:
            file.write(AGENT)
        os.chmod(agent, 0o755)
        self.port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.root, "LANG": "C.UTF-8", "TMPDIR": self.root,
            "VIGIL_ROOT": self.root, "CLAUDE_COMMAND": agent, "WORKERS": workers, "API_PORT": str(self.port),
            "METRICS_PORT": "0", "HEARTBEAT_INTERVAL": "1", "MAX_RETRIES": "0", "MAX_CONCURRENT_TASKS": "2",
            "CIRCUIT_BREAKER_THRESHOLD": "100", **settings,
        }
        self.environment = {name: value for name, value in self.environment.items() if value is not None}
        self.process = None
        self.run("setup")

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def run(self, *words):
        """Runs a command of the program, and gives what it prints."""
        done = subprocess.run([VIGIL, *words], env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"vigil {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def token(self, name, scope):
        return self.run("token", "create", name, "--scope", scope)

    def start(self):
        """Starts the daemon, and waits until it says that it serves the API."""
        self.process = subprocess.Popen(
            [VIGIL, "up"], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            if "API ready" in line:
                break
        else:
            raise AssertionError("the daemon ends: " + "".join(seen))
        # What it says later is kept in a file, so that it never waits for a reader.
        subprocess.Popen(["sh", "-c", 'exec cat >>"$0"', os.path.join(self.root, "daemon.log")], stdin=self.process.stdout)
        self.process.stdout.close()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        """Cancels what runs, since agents outlive their daemon; stops the daemon, and removes the directory."""
        if self.process and self.process.poll() is None:
            for worker in self.environment["WORKERS"].split(","):
                self.run("pause", worker)
            rows = self.run("list", "--json", "--limit", "0", "--state", "running").splitlines()
            names = [json.loads(row)["task_id"] for row in rows]
            for name in names:
                # It may have ended by itself.
                subprocess.run([VIGIL, "cancel", name], env=self.environment, capture_output=True, check=False)
            self.wait(*names)
            self.process.terminate()
            self.process.wait(60)
        shutil.rmtree(self.root, ignore_errors=True)

    def submit(self, name, description, worker="marie", **fields):
        """Puts a task into an inbox as any program may: written aside, and renamed."""
        inbox = os.path.join(self.root, "tasks", worker)
        path = os.path.join(inbox, f".{name}")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"task_id": name, "description": description, **fields}, file)
        os.rename(path, os.path.join(inbox, f"{name}.json"))

    def remember(self, name, worker, good, queued, begin, end):
        """Puts a result where the worker would have put it."""
        stamp = lambda time: time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"
        took = round((end - begin).total_seconds(), 3)
        attempt = {
            "number": 1, "started_at": stamp(begin), "finished_at": stamp(end), "exit_code": 0 if good else 3,
            "reason": None if good else "exit_code", "duration_seconds": took,
        }
        result = {
            "task_id": name, "worker": worker, "status": "completed" if good else "failed",
            "exit_code": attempt["exit_code"], "stdout": "", "stderr": "", "duration_seconds": took,
            "timestamp": stamp(end), "retry_count": 0, "queued_at": stamp(queued), "started_at": stamp(begin),
            "finished_at": stamp(end), "attempts": [attempt],
        }
        if not good:
            failure = {"reason": "exit_code", "message": "exit code 3", "permanent": False, "class": "task"}
            result["failure"] = failure
        directory = os.path.join(self.root, "results", worker)
        path = os.path.join(directory, f".{name}")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(result, file)
        os.rename(path, os.path.join(directory, f"{name}.json"))

    def gate(self, name):
        """A pipe that an agent waits at, with `cat "$VIGIL_ROOT/NAME"`, until the test lets it pass."""
        path = os.path.join(self.root, name)
        os.mkfifo(path)
        return Gate(path)

    def wait(self, *names):
        """Waits until tasks have ended, however."""
        if names:
            command = [VIGIL, "wait", "--timeout", "60", *names]
            subprocess.run(command, env=self.environment, capture_output=True, check=False)

    def log(self):
        with open(os.path.join(self.root, "daemon.log"), encoding="utf-8", errors="replace") as file:
            return file.read()


class Gate:
    """A pipe that somebody waits at."""

    def __init__(self, path):
        self.path = path

    def open(self):
        """Lets one pass; waits until it is there."""
        with open(self.path, "w", encoding="utf-8"):
            pass
