// SPDX-License-Identifier: Apache-2.0
// Finds and signals every descendant, also one that left its session, its group or its parent.
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct process {
    pid_t pid, parent;
};

// More processes than this are met in further rounds.
enum { TABLE_SIZE = 4096, STOP_ROUNDS = 16 };
static struct process table[TABLE_SIZE];
static size_t table_count;

static void add(pid_t pid, pid_t parent) {
    if (pid > 1 && table_count < TABLE_SIZE) table[table_count++] = (struct process){pid, parent};
}

// proc_pid_task_children(5): the pids, each followed by a space. Returns false when the file is not there.
static bool add_children_of_thread(pid_t parent, const char *thread) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)parent, thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    char text[1024];
    long value = 0;
    for (ssize_t n; (n = read(fd, text, sizeof text)) > 0;) {
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                value = value * 10 + (text[i] - '0');
            } else if (value > 0) {
                add((pid_t)value, parent);
                value = 0;
            }
        }
    }
    close(fd);
    return true;
}

// Calls `body` for each entry of `path` whose name is a number.
static bool for_each_number(const char *path, void (*body)(const char *name, void *), void *context) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    alignas(struct directory_entry) char buffer[2048];
    for (long n; (n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0;) {
        for (long at = 0; at < n;) {
            struct directory_entry *entry = (struct directory_entry *)(buffer + at);
            if (entry->name[0] >= '1' && entry->name[0] <= '9') body(entry->name, context);
            at += entry->length;
        }
    }
    close(fd);
    return true;
}

static void add_children_of_listed_thread(const char *name, void *context) {
    add_children_of_thread(*(pid_t *)context, name);
}

// The parent as /proc/<pid>/stat has it, or 0. The name in parentheses may itself contain any character.
static pid_t parent_of(pid_t pid) {
    char path[32], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return 0;
    text[n] = 0;
    const char *after = strrchr(text, ')');
    return after != nullptr && strlen(after) > 4 ? (pid_t)strtol(after + 4, nullptr, 10) : 0;
}

static bool is_listed(pid_t pid) {
    for (size_t i = 0; i < table_count; i++)
        if (table[i].pid == pid) return true;
    return false;
}

static void add_if_child(const char *name, void *context) {
    pid_t pid = (pid_t)strtol(name, nullptr, 10), self = *(pid_t *)context;
    pid_t parent = parent_of(pid);
    if (pid != self && (parent == self || is_listed(parent)) && !is_listed(pid)) add(pid, parent);
}

static void collect(void) {
    pid_t self = getpid();
    char own[24];
    snprintf(own, sizeof own, "%d", (int)self);
    table_count = 0;
    if (add_children_of_thread(self, own)) {
        for (size_t i = 0; i < table_count; i++) {
            char path[32];
            snprintf(path, sizeof path, "/proc/%d/task", (int)table[i].pid);
            for_each_number(path, add_children_of_listed_thread, &table[i].pid);
        }
        return;
    }
    // Kernels without that file: repeat over all processes until no further descendant turns up.
    for (size_t before = 1; before != table_count;) {
        before = table_count;
        if (!for_each_number("/proc", add_if_child, &self)) return;
    }
}

// A child of ours keeps its pid until we reap it. The pid of a deeper one may be another's by now, so it is held by a
// pidfd while its parent is compared.
static void signal_one(const struct process *process, const int *signal_list) {
    pid_t self = getpid();
    if (process->parent == self) {
        for (; *signal_list != 0; signal_list++) kill(process->pid, *signal_list);
        return;
    }
    int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (fd < 0 && errno != ENOSYS && errno != EPERM) return;
    pid_t parent = parent_of(process->pid);
    if (parent == process->parent || parent == self)
        for (; *signal_list != 0; signal_list++) {
            if (fd >= 0)
                syscall(SYS_pidfd_send_signal, fd, *signal_list, nullptr, 0);
            else
                kill(process->pid, *signal_list);
        }
    drop(&fd);
}

size_t signal_descendants(const int *signal_list) {
    collect();
    for (size_t i = 0; i < table_count; i++) signal_one(&table[i], signal_list);
    return table_count;
}

void kill_descendants(void) {
    static const int stop[] = {SIGSTOP, 0}, kill_list[] = {SIGKILL, 0};
    size_t before = 0;
    for (int round = 0; round < STOP_ROUNDS; round++) {
        size_t count = signal_descendants(stop);
        if (count == before) break;
        before = count;
    }
    for (size_t i = 0; i < table_count; i++) signal_one(&table[i], kill_list);
}
