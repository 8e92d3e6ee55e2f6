// SPDX-License-Identifier: Apache-2.0
// The attempt's own control group, when one can be made: killed as a whole, removed at the end.
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { REMOVE_TRIES = 20, REMOVE_PAUSE_MS = 5, NESTED_MOST = 16 };

void make_cgroup(struct cgroup *cgroup, const char *parent, const char *run_id) {
    cgroup->fd = -1;
    cgroup->path[0] = 0;
    if (parent[0] != '/') return;
    int length = snprintf(cgroup->path, sizeof cgroup->path, "%s/vigil-%s", parent, run_id);
    if (length <= 0 || (size_t)length >= sizeof cgroup->path) return;
    if (mkdir(cgroup->path, 0755) < 0 && errno != EEXIST) return;
    cgroup->fd = open(cgroup->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (cgroup->fd < 0) rmdir(cgroup->path);
}

void kill_cgroup(const struct cgroup *cgroup) {
    if (cgroup->fd < 0) return;
    int fd = openat(cgroup->fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    while (write(fd, "1", 1) < 0 && errno == EINTR) {}
    close(fd);
}

bool cgroup_is_populated(const struct cgroup *cgroup) {
    if (cgroup->fd < 0) return false;
    int fd = openat(cgroup->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    char text[128];
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    return strstr(text, "populated 1") != nullptr;
}

// An agent with the right to may have made groups below its own; they go first.
static void remove_groups_below(int parent, int depth) {
    alignas(struct directory_entry) char buffer[2048];
    for (long n; (n = syscall(SYS_getdents64, parent, buffer, sizeof buffer)) > 0;) {
        for (long at = 0; at < n;) {
            struct directory_entry *entry = (struct directory_entry *)(buffer + at);
            at += entry->length;
            if (entry->type != DIRECTORY_TYPE || entry->name[0] == '.') continue;
            int fd = openat(parent, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (fd < 0) continue;
            if (depth < NESTED_MOST) remove_groups_below(fd, depth + 1);
            close(fd);
            unlinkat(parent, entry->name, AT_REMOVEDIR);
        }
    }
}

void remove_cgroup(struct cgroup *cgroup) {
    if (cgroup->fd < 0) return;
    for (int i = 0; i < REMOVE_TRIES && rmdir(cgroup->path) < 0 && errno == EBUSY; i++) {
        if (i > 0) pause_for(-1, REMOVE_PAUSE_MS);
        lseek(cgroup->fd, 0, SEEK_SET);
        remove_groups_below(cgroup->fd, 1);
    }
    drop(&cgroup->fd);
}
