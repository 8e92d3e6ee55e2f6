# SPDX-License-Identifier: Apache-2.0
"""incron: one table line; incrond starts a shell script per event (no limit on how many)."""
import os
from base import FileQueue, deb_version


class Peer(FileQueue):
    def version(self):
        return "incron " + deb_version("incron")

    def settings(self):
        return ("system table, IN_MOVED_TO -> a dash script per event that reads the JSON with sed-free "
                "shell code, runs the job, writes the result, mv; no concurrency limit exists, so "
                "1/2/8 are the same run")

    def prepare(self, d):
        super().prepare(d)
        for x in ("sys", "users", "finished"):
            os.makedirs(os.path.join(d, x))
        s = os.path.join(d, "bin", "one.sh")
        with open(s, "w") as f:
            f.write("#!/bin/sh\nb=; IFS= read -r b < %s/\"$1\"\n"
                    "id=${b##*\\\"task_id\\\": \\\"}; id=${id%%%%\\\"*}\n"
                    "o=$(%s \"$id\"); rc=$?\n"
                    "printf '{\"task_id\":\"%%s\",\"exit_code\":%%d}' \"$id\" $rc > %s/\"$id.json\"\n"
                    "mv %s/\"$1\" %s/finished/\n" % (self.q, self.job, self.r, self.q, d))
        os.chmod(s, 0o755)
        with open(os.path.join(d, "sys", "t"), "w") as f:
            f.write("%s IN_MOVED_TO %s $#\n" % (self.q, s))
        with open(os.path.join(d, "incron.conf"), "w") as f:
            f.write("system_table_dir = %s/sys\nuser_table_dir = %s/users\nlockfile_dir = %s\n"
                    "lockfile_name = incrond\nallowed_users = %s/none\n" % (d, d, d, d))

    def start(self, d, concurrency):
        try:
            os.unlink(os.path.join(d, "incrond.pid"))
        except OSError:
            pass
        self.spawn(["incrond", "-n", "-f", os.path.join(d, "incron.conf")])
        import time
        time.sleep(0.7)
        if self.main[-1].poll() is not None:
            raise RuntimeError("incrond ended: " + self.log_text()[-500:])
