# SPDX-License-Identifier: Apache-2.0
"""Celery with a Redis broker and result backend."""
import celery_fs
from base import RedisMixin, cmd_version, pkg


class Peer(RedisMixin, celery_fs.Peer):
    transport = "redis"

    def version(self):
        return pkg("celery", "kombu", "redis") + ", " + cmd_version(["redis-server", "--version"])[:21]

    def settings(self):
        return ("Redis broker and results (own redis-server, AOF every second), --pool %s -c N, "
                "acks_late, prefetch multiplier 1, no gossip/mingle/heartbeat, visibility timeout "
                "left at 1 h" % self.opts.get("pool", self.pool))

    def prepare(self, d):
        self.start_redis(d)
        self.load(d)
