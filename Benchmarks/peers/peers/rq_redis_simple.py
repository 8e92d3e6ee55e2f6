# SPDX-License-Identifier: Apache-2.0
"""RQ with SimpleWorker: the job runs in the worker process, no fork per job."""
import rq_redis


class Peer(rq_redis.Peer):
    worker_class = "rq.SimpleWorker"
