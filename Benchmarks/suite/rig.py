# SPDX-License-Identifier: Apache-2.0
"""The programs that are measured and those that measure, and the machine they run on."""
import contextlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = BENCHMARKS.parent / ".build" / "release"
# Two names for one thing in all tables: what is measured, and what it is measured by.
VIGIL, YARDSTICK = "vigil", "yardstick"


class Rig:
    """Where things are, and how measured programs are started."""

    def __init__(self, scratch, programs=PROGRAMS, isolated=True):
        self.scratch = pathlib.Path(scratch)
        self.vigil = pathlib.Path(programs) / "vigil"
        if not self.vigil.exists():
            raise SystemExit(f"{self.vigil} is missing; run make build first")
        self.tools = self.scratch / "tools"
        subprocess.run(["make", "-s", "-C", BENCHMARKS / "reference", f"BIN={self.tools}"], check=True)
        self.yardstick, self.child, self.http = (self.tools / name for name in ("yardstick", "child", "http"))
        self.prefix = real_time_prefix() if isolated else []

    def root(self):
        """A new, empty directory."""
        return pathlib.Path(tempfile.mkdtemp(dir=self.scratch))

    def command(self, *words):
        """A command that other work on the machine cannot keep waiting, where that is allowed."""
        return [*self.prefix, *map(str, words)]

    def environment(self, root, **settings):
        """All that a daemon is told; settings of whoever measures play no part."""
        values = {
            "PATH": os.environ["PATH"],
            "HOME": root,
            "VIGIL_ROOT": root,
            "CLAUDE_COMMAND": self.child,
            "ENABLE_METRICS": "false",
            "LOG_LEVEL": "WARNING",
        }
        return {key: str(value) for key, value in (values | settings).items()}

    def drive(self, engine, durability, *options, concurrency=1, root=None):
        """Has the driver measure Vigil or the yardstick's own engine; the same driver for both."""
        root = root or self.root()
        words = [self.yardstick, "drive", "--dir", root, "--child", self.child, "--concurrency", concurrency, *options]
        environment = None
        if engine == VIGIL:
            words += ["--engine", f"{self.vigil} worker marie", "--inbox", "tasks/marie", "--outbox", "results/marie"]
            words += ["--ready", "heartbeats/marie.json"]
            environment = self.environment(root, MAX_CONCURRENT_TASKS=concurrency, DURABILITY=durability)
        else:
            words += ["--syncs", 2 if durability == "full" else 0]
        run = subprocess.run(
            self.command(*words), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False
        )
        if run.returncode != 0:
            raise SystemExit(f"{engine} could not be measured: {run.stderr or run.stdout}")
        return json.loads(run.stdout)

    def fill(self, root, count, *options, inbox="tasks/marie"):
        """Puts tasks into an inbox; the seconds that took."""
        words = [self.yardstick, "fill", "--dir", root, "--inbox", inbox, "--count", count, *options]
        run = subprocess.run(self.command(*words), check=True, stdout=subprocess.PIPE, text=True)
        return float(run.stdout)

    def run(self, root, *words, **settings):
        """Runs a command of Vigil to its end; its output."""
        return subprocess.run(
            self.command(self.vigil, *words), env=self.environment(root, **settings), check=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ).stdout

    @contextlib.contextmanager
    def daemon(self, root, *words, **settings):
        """A daemon of Vigil, ended at the end."""
        process = subprocess.Popen(
            self.command(self.vigil, *words), env=self.environment(root, **settings), stderr=subprocess.PIPE
        )
        try:
            yield process
        except BaseException:
            process.kill()
            print(process.stderr.read().decode(errors="replace"), file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.stderr.read()
            process.wait(timeout=60)


@contextlib.contextmanager
def place():
    """A directory on a file system made for this run, where one can be mounted; else any temporary directory.

    It is ext4 as Debian makes it. What others have written and deleted on the disk then plays no part: ext4 without a
    journal, for example, looks at every inode that was freed within the last minutes before it takes one.
    """
    with tempfile.TemporaryDirectory(prefix="vigil-bench-", ignore_cleanup_errors=True) as directory:
        image, mounted = pathlib.Path(directory, "image"), pathlib.Path(directory, "mounted")
        mounted.mkdir()
        # A sparse file: what is not written takes no room. A million tasks and their results need more inodes than usual.
        # They are made at once: the kernel would go on making them beside what is measured.
        image.touch()
        os.truncate(image, 32 << 30)
        made = all(
            shutil.which(words[0]) and subprocess.run(words, capture_output=True, check=False).returncode == 0
            for words in (
                ["mkfs.ext4", "-q", "-N", "4000000", "-E", "lazy_itable_init=0,lazy_journal_init=0", image],
                ["mount", "-o", "loop", image, mounted],
            )
        )
        scratch = mounted if made else pathlib.Path(directory)
        if not made:
            image.unlink()
        # Every directory made here gets a block group of its own: ext4 without a journal, where no other can be mounted,
        # is slow to create files where many were deleted in the last minutes.
        subprocess.run(["chattr", "+T", scratch], stderr=subprocess.DEVNULL, check=False)
        try:
            yield scratch
        finally:
            if made:
                subprocess.run(["umount", "--lazy", mounted], check=False)


def real_time_prefix():
    """`chrt`, where this user may use it: work that others do on the machine then falls on neither side."""
    words = ["chrt", "--rr", "10"]
    if shutil.which("chrt") is None:
        return []
    tried = subprocess.run([*words, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return words if tried.returncode == 0 else []


def wait_until(condition, limit=120, pause=0.001):
    """Waits for something that becomes true; the moment at which it was seen."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"not true within {limit} s: {condition.__doc__ or condition}")
        time.sleep(pause)
    return time.monotonic()


def family(pid):
    """A process and all its descendants."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += family(int(child))
    return found


def cpu_seconds(pids):
    """CPU time of all threads of processes, to the nanosecond."""
    total = 0
    for pid in pids:
        for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(file.read_text().split()[0])
    return total / 1e9


def field(pid, name, file="status"):
    """A number of a file in /proc, in the unit it has there; 0 when the process has ended."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


def machine(scratch):
    """What the figures depend on."""
    model = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    kind = subprocess.run(
        ["stat", "-f", "-c", "%T", scratch], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    if os.path.ismount(scratch):
        kind = "ext4 with a journal, made for the run"
    commit = subprocess.run(
        ["git", "-C", BENCHMARKS, "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True, check=False
    ).stdout.strip()
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9),
        "kernel": platform.release(),
        "file_system": kind,
        "load_average": os.getloadavg(),
        "commit": commit or "unknown",
    }
