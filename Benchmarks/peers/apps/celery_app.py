# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
from celery import Celery

D = os.environ["HARNESS_RUN_DIR"]
JOB = os.environ["HARNESS_JOB"]
if os.environ["HARNESS_TRANSPORT"] == "fs":
    app = Celery("celery_app", broker="filesystem://", backend="file://" + D + "/cr")
    app.conf.broker_transport_options = {
        "data_folder_in": D + "/cq", "data_folder_out": D + "/cq",
        "control_folder": D + "/cc", "polling_interval": 0.01}
else:
    app = Celery("celery_app", broker=os.environ["HARNESS_URL"], backend=os.environ["HARNESS_URL"])
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True,
                worker_prefetch_multiplier=1, task_track_started=False,
                broker_connection_retry_on_startup=True, worker_send_task_events=False,
                task_create_missing_queues=True)


@app.task(name="run_job")
def run_job(task_id):
    p = subprocess.run([JOB, task_id], capture_output=True)
    return {"rc": p.returncode, "out": p.stdout.decode()}
