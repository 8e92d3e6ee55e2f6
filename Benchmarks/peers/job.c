// SPDX-License-Identifier: Apache-2.0
/* Tiny job: appends "task-id start_ns" (CLOCK_MONOTONIC) to starts.log that
 * lies beside the path it was executed by, prints "ok", exits 0.
 * The task id is the last argument.  An id ending in "-wN" makes it stay
 * alive for N milliseconds after the line is written. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const char *self = (const char *)getauxval(AT_EXECFN);
    const char *slash = self ? strrchr(self, '/') : 0;
    const char *base = slash ? slash + 1 : (self ? self : "");
    int dir = slash ? (int)(slash - self) + 1 : 0;
    char path[4096], line[512];

    if (argc >= 5 && strcmp(base, "onfinish") == 0) {
        /* hook form: JOBID ERRORLEVEL OUTPUT COMMAND -> done/JOBID */
        snprintf(path, sizeof path, "%.*sdone/%s", dir, self, argv[1]);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) return 3;
        int n = snprintf(line, sizeof line, "%s %s\n", argv[2], argv[3]);
        return write(fd, line, n) == n ? 0 : 4;
    }

    const char *id = argc > 1 ? argv[argc - 1] : "none";
    snprintf(path, sizeof path, "%.*sstarts.log", dir, self);
    int n = snprintf(line, sizeof line, "%.400s %lld\n", id,
                     (long long)t.tv_sec * 1000000000LL + t.tv_nsec);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, line, n) != n) return 2;
    close(fd);
    const char *w = strrchr(id, 'w');
    if (w && w > id && w[-1] == '-') {
        long ms = atol(w + 1);
        struct timespec s = { ms / 1000, (ms % 1000) * 1000000L };
        nanosleep(&s, 0);
    }
    return write(1, "ok\n", 3) == 3 ? 0 : 5;
}
