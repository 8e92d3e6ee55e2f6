# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
import threading
import time
import persistqueue

d, job, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
r = os.path.join(d, "results")
q = persistqueue.SQLiteAckQueue(os.path.join(d, "pq"), multithreading=True, auto_commit=True,
                                auto_resume=True)
lock = threading.Lock()


def loop():
    while True:
        try:
            with lock:
                i = q.get(block=False)
        except persistqueue.Empty:
            time.sleep(0.01)
            continue
        p = subprocess.run([job, i], capture_output=True, text=True)
        tmp = os.path.join(r, "." + i)
        with open(tmp, "w") as f:
            json.dump({"task_id": i, "exit_code": p.returncode, "stdout": p.stdout}, f)
        os.rename(tmp, os.path.join(r, i + ".json"))
        q.ack(i)


threads = [threading.Thread(target=loop, daemon=True) for _ in range(n)]
for t in threads:
    t.start()
print("READY", flush=True)
for t in threads:
    t.join()
