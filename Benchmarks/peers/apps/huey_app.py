# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
from huey import FileHuey

huey = FileHuey("peer", path=os.path.join(os.environ["HARNESS_RUN_DIR"], "huey"))
JOB = os.environ["HARNESS_JOB"]


@huey.task()
def run_job(task_id):
    p = subprocess.run([JOB, task_id], capture_output=True)
    return {"id": task_id, "rc": p.returncode, "out": p.stdout.decode()}
