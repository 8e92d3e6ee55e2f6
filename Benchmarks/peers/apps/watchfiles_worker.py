# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from watchfiles import Change, watch

d, job, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
q, r = os.path.join(d, "queue"), os.path.join(d, "results")
pool, seen = ThreadPoolExecutor(n), set()


def work(path):
    try:
        with open(path) as f:
            t = json.load(f)
    except (OSError, ValueError):
        return
    p = subprocess.run([job, t["description"]], capture_output=True, text=True)
    tmp = os.path.join(r, "." + t["task_id"])
    with open(tmp, "w") as f:
        json.dump({"task_id": t["task_id"], "exit_code": p.returncode, "stdout": p.stdout}, f)
    os.rename(tmp, os.path.join(r, t["task_id"] + ".json"))
    os.unlink(path)


def take(path):
    if path.endswith(".json") and path not in seen:
        seen.add(path)
        pool.submit(work, path)


def scan():
    import time
    time.sleep(0.3)          # the watch is set by then
    for f in sorted(os.listdir(q)):
        take(os.path.join(q, f))
    print("READY", flush=True)


threading.Thread(target=scan, daemon=True).start()
for changes in watch(q, step=1, debounce=5, recursive=False):
    for kind, path in changes:
        if kind != Change.deleted:
            take(path)
