# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
import threading
import time
from litequeue import LiteQueue

d, job, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
r = os.path.join(d, "results")


def loop():
    q = LiteQueue(os.path.join(d, "q.sqlite3"))
    q.conn.execute("PRAGMA busy_timeout=10000")
    while True:
        m = q.pop()
        if m is None:
            time.sleep(0.01)
            continue
        p = subprocess.run([job, m.data], capture_output=True, text=True)
        tmp = os.path.join(r, "." + m.data)
        with open(tmp, "w") as f:
            json.dump({"task_id": m.data, "exit_code": p.returncode, "stdout": p.stdout}, f)
        os.rename(tmp, os.path.join(r, m.data + ".json"))
        q.done(m.message_id)


threads = [threading.Thread(target=loop, daemon=True) for _ in range(n)]
for t in threads:
    t.start()
print("READY", flush=True)
for t in threads:
    t.join()
