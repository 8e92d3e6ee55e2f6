# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from dramatiq.results.errors import ResultMissing  # noqa: F401  (used by the adapter)

URL = os.environ["HARNESS_URL"]
broker = RedisBroker(url=URL)
broker.add_middleware(Results(backend=RedisBackend(url=URL)))
dramatiq.set_broker(broker)
JOB = os.environ["HARNESS_JOB"]


@dramatiq.actor(store_results=True)
def run_job(task_id):
    p = subprocess.run([JOB, task_id], capture_output=True)
    return {"rc": p.returncode, "out": p.stdout.decode()}
