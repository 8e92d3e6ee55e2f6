// SPDX-License-Identifier: Apache-2.0
// The least an agent can do: it notes when its first instruction ran, and ends.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const char *path = getenv("VIGIL_BENCH_LOG"), *id = getenv("VIGIL_TASK_ID");
    if (path == nullptr) return 0;
    char line[256];
    int length = snprintf(line, sizeof line, "%s %lld\n", id ? id : "?", now.tv_sec * 1000000000LL + now.tv_nsec);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 || write(fd, line, (size_t)length) != length;
}
