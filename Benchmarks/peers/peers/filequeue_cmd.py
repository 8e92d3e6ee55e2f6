# SPDX-License-Identifier: Apache-2.0
"""Any daemon with the file protocol of the task: JSON renamed into a queue folder, a
result file <id>.json in a result folder.  Options (--opt key=value):
  cmd     command line; {dir} {queue} {results} {job} {n} are filled in       (required)
  ready   text in the daemon's output that says it is up (else 0.5 s sleep)
  queue, results   folders relative to the run folder (default queue, results)
  label   version text for the table"""
import os
import shlex
import time
from base import FileQueue


class Peer(FileQueue):
    def __init__(self, opts):
        super().__init__(opts)
        self.queue_sub = opts.get("queue", "queue")
        self.result_sub = opts.get("results", "results")

    def version(self):
        return self.opts.get("label", "")

    def settings(self):
        return self.opts.get("cmd", "")

    def start(self, d, concurrency):
        argv = [a.format(dir=d, queue=self.q, results=self.r, job=self.job, n=concurrency)
                for a in shlex.split(self.opts["cmd"])]
        text = self.opts.get("ready")
        seen = self.log_text().count(text) if text else 0
        self.spawn(argv)
        if text:
            if not self.wait_log(text, count=seen + 1):
                raise RuntimeError("not ready: " + self.log_text()[-800:])
        else:
            time.sleep(0.5)
