// SPDX-License-Identifier: Apache-2.0
// What engine and driver of the yardstick share.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOTS = 64, NAME_LEN = 256 };

// How much of its work the engine makes durable.
enum syncs {
    SYNC_NONE,   // nothing
    SYNC_RESULT, // the result file and its directory, in batches
    SYNC_VIGIL,  // all that Vigil syncs with DURABILITY=full: claim, receipt, exit record, result, and their directories
};

struct options {
    const char *dir, *child, *engine, *inbox, *outbox, *ready, *first, *prefix, *members, *description;
    int count, warmup, concurrency, window, syncs, task_bytes, idle_seconds, pause_us;
    bool backlog;
};

static inline int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void fail(const char *format, ...) {
    int error = errno;
    va_list list;
    va_start(list, format);
    fprintf(stderr, "yardstick: ");
    vfprintf(stderr, format, list);
    fprintf(stderr, ": %s\n", strerror(error));
    va_end(list);
    exit(1);
}

// Opens DIR/SUB, and makes it when it is missing.
int open_directory(const char *dir, const char *sub);
// An inotify instance that watches DIR/SUB.
int watch_directory(const char *dir, const char *sub, uint32_t mask);

// Runs the leanest honest implementation of the job until SIGTERM.
int engine(const struct options *options);

// What an engine and its helper processes have used so far.
struct usage {
    int64_t cpu_ns, voluntary, involuntary, rss_kb, pss_kb, peak_kb, threads, processes;
};
struct usage usage_of(int pid);
