# SPDX-License-Identifier: Apache-2.0
import os
import subprocess

JOB = os.environ["HARNESS_JOB"]


def run_job(task_id):
    p = subprocess.run([JOB, task_id], capture_output=True)
    return {"rc": p.returncode, "out": p.stdout.decode()}
