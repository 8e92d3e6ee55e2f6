# SPDX-License-Identifier: Apache-2.0
"""inotifywait -m | while read: a plain bash loop, N at once by wait -n."""
import os
from base import FileQueue, cmd_version, deb_version, APPS


class Peer(FileQueue):
    def version(self):
        return "inotify-tools %s, %s" % (deb_version("inotify-tools"), cmd_version(["bash", "--version"])[:30])

    def settings(self):
        return ("inotifywait -m -q -e moved_to; JSON read by a bash regex; result file written by "
                "printf, then one mv takes the task file out of the queue; files that lay there "
                "before are scanned after the watch is set")

    def prepare(self, d):
        super().prepare(d)
        os.makedirs(os.path.join(d, "finished"), exist_ok=True)

    def start(self, d, concurrency):
        seen = self.log_text().count("READY")
        self.spawn(["bash", os.path.join(APPS, "inotify_loop.sh"), d, self.job, str(concurrency)])
        if not self.wait_log("READY", count=seen + 1):
            raise RuntimeError("not ready: " + self.log_text()[-800:])
