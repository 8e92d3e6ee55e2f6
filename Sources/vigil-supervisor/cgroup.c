// SPDX-License-Identifier: Apache-2.0
// The supervisor's own control group, when one can be made: its agents live in it, one attempt after the other.
//
// It is named after this process, and locked as long as this process lives. Whoever finds one that is not locked may
// kill all that is in it, and remove it.
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { REMOVE_TRIES = 20, REMOVE_PAUSE_MS = 5, NESTED_MOST = 16, PATH_SIZE = 1024 };

static struct {
    int fd, events, kill, usage; // -1: none
    char parent[PATH_SIZE], path[PATH_SIZE];
    int64_t usage_us;        // the processor time of earlier attempts
    bool populated, at_rest; // at the last look; at rest it is neither populated nor frozen
    bool once;               // it is for no further attempt
    bool unsupported;        // the kernel starts no process in a group
} group = {.fd = -1, .events = -1, .kill = -1, .usage = -1};

static void forget(void) {
    drop(&group.usage);
    drop(&group.kill);
    drop(&group.events);
    drop(&group.fd);
}

// Reads from the start of an open file of the group. Returns how many bytes there are, not counting the final zero.
static size_t read_text(int fd, char *text, size_t size) {
    ssize_t n = fd < 0 ? 0 : pread(fd, text, size - 1, 0);
    text[n > 0 ? n : 0] = 0;
    return n > 0 ? (size_t)n : 0;
}

static int open_file(const char *name, int mode) { return openat(group.fd, name, mode | O_CLOEXEC); }

static void look(void) {
    char text[128];
    read_text(group.events, text, sizeof text);
    group.populated = strstr(text, "populated 1") != nullptr;
    group.at_rest = strstr(text, "populated 0") != nullptr && strstr(text, "frozen 1") == nullptr;
}

static bool has_groups_below(void) {
    struct stat status;
    return fstat(group.fd, &status) < 0 || status.st_nlink > 2;
}

// Whether controllers act on the group, by limits that its agents could change.
static bool has_controllers(void) {
    char text[256];
    int fd = open_file("cgroup.controllers", O_RDONLY);
    size_t length = read_text(fd, text, sizeof text);
    bool known = fd >= 0;
    drop(&fd);
    return !known || length > 1;
}

static int64_t usage_us(void) {
    char text[1024];
    read_text(group.usage, text, sizeof text);
    const char *line = strstr(text, "usage_usec ");
    return line != nullptr ? strtoll(line + strlen("usage_usec "), nullptr, 10) : 0;
}

// A name that no other process has for as long as the machine runs: number and start, as /proc/<pid>/stat has them.
static const char *own_name(void) {
    static char name[64];
    if (name[0] != 0) return name;
    char text[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    read_text(fd, text, sizeof text);
    drop(&fd);
    const char *at = strrchr(text, ')');
    for (int field = 2; at != nullptr && field < 22; field++) at = strchr(at + 1, ' ');
    if (at != nullptr) snprintf(name, sizeof name, "vigil.%ld.%llu", strtol(text, nullptr, 10), strtoull(at, nullptr, 10));
    return name;
}

// A directory that somebody removed before it was locked has no files.
static bool open_group(bool is_new) {
    group.fd = open(group.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (group.fd < 0 || flock(group.fd, LOCK_EX | LOCK_NB) < 0) return false;
    group.events = open_file("cgroup.events", O_RDONLY);
    group.kill = open_file("cgroup.kill", O_WRONLY);
    group.usage = open_file("cpu.stat", O_RDONLY);
    look();
    // One that could not be removed may have become empty.
    if (!group.at_rest || (!is_new && has_groups_below())) return false;
    // Agents could set limits, which are not for the next one.
    group.once = has_controllers();
    group.usage_us = is_new ? 0 : usage_us();
    return true;
}

static void make(void) {
    if (group.unsupported || own_name()[0] == 0) return;
    int length = snprintf(group.path, sizeof group.path, "%s/%s", group.parent, own_name());
    if (length <= 0 || (size_t)length >= sizeof group.path) return;
    for (int tries = 0; tries < 2 && group.fd < 0; tries++) {
        bool is_new = mkdir(group.path, 0755) == 0;
        if (!is_new && errno != EEXIST) return;
        if (open_group(is_new)) return;
        forget();
        if (is_new) rmdir(group.path);
    }
}

int use_cgroup(const char *parent) {
    if (parent[0] != '/' || strlen(parent) >= PATH_SIZE) return -1;
    if (strcmp(parent, group.parent) != 0) {
        remove_cgroup();
        strcpy(group.parent, parent);
    }
    if (group.fd < 0) make();
    return group.fd;
}

int present_cgroup(void) { return group.fd; }

bool is_present_cgroup(const char *parent) {
    return group.fd < 0 ? parent[0] == 0 || group.unsupported : strcmp(parent, group.parent) == 0;
}

int renew_cgroup(void) {
    remove_cgroup();
    make();
    return group.fd;
}

void give_up_cgroups(void) {
    remove_cgroup();
    group.unsupported = true;
}

int64_t earlier_cgroup_usage_us(void) { return group.usage_us; }

// Some kernels (6.18 is one) kill whatever is started in a group that was killed before.
void kill_cgroup(void) {
    group.once = true;
    while (group.kill >= 0 && write(group.kill, "1", 1) < 0 && errno == EINTR) {}
}

bool cgroup_is_populated(void) {
    if (group.fd < 0) return false;
    look();
    return group.populated;
}

void tidy_cgroup(void) {
    if (group.fd < 0) return;
    if (!group.once && group.at_rest && !has_groups_below())
        group.usage_us = usage_us();
    else
        renew_cgroup();
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

void remove_cgroup(void) {
    if (group.fd < 0) return;
    for (int i = 0; i < REMOVE_TRIES && rmdir(group.path) < 0 && errno == EBUSY; i++) {
        if (i > 0) pause_for(-1, REMOVE_PAUSE_MS);
        lseek(group.fd, 0, SEEK_SET);
        remove_groups_below(group.fd, 1);
    }
    forget();
}
