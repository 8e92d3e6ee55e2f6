// SPDX-License-Identifier: Apache-2.0
// What a process and its children have used, from /proc.
#include "yardstick.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static bool read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    size_t n = 0;
    for (ssize_t k; n < size - 1 && (k = read(fd, text + n, size - 1 - n)) > 0;) n += (size_t)k;
    text[n] = 0;
    close(fd);
    return true;
}

static int64_t field(const char *text, const char *name) {
    const char *p = strstr(text, name);
    return p ? strtoll(p + strlen(name), NULL, 10) : 0;
}

// Adds up one process and its children; grandchildren are agents, which are not the engine's cost.
static void add(struct usage *u, int pid, int depth) {
    char path[PATH_MAX], text[16384];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *d = opendir(path);
    if (d == NULL) return;
    u->processes++;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        u->threads++;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, e->d_name);
        if (read_text(path, text, sizeof text)) u->cpu_ns += strtoll(text, NULL, 10);
        snprintf(path, sizeof path, "/proc/%d/task/%s/status", pid, e->d_name);
        if (read_text(path, text, sizeof text)) {
            u->voluntary += field(text, "\nvoluntary_ctxt_switches:");
            u->involuntary += field(text, "\nnonvoluntary_ctxt_switches:");
        }
        snprintf(path, sizeof path, "/proc/%d/task/%s/children", pid, e->d_name);
        if (depth > 0 && read_text(path, text, sizeof text))
            for (char *at = text; *at >= '0' && *at <= '9'; at += *at == ' ') add(u, (int)strtol(at, &at, 10), depth - 1);
    }
    closedir(d);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (read_text(path, text, sizeof text)) {
        u->rss_kb += field(text, "VmRSS:");
        u->peak_kb += field(text, "VmHWM:");
    }
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    if (read_text(path, text, sizeof text)) u->pss_kb += field(text, "\nPss:");
}

struct usage usage_of(int pid) {
    struct usage u = {0};
    add(&u, pid, 1);
    return u;
}
