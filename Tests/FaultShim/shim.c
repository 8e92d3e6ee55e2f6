// SPDX-License-Identifier: Apache-2.0
// Preloaded into a daemon: counts its file operations below one directory and spoils the n-th.
//
// FAULT_ROOT=<directory>, FAULT_TRACE=<file>, and FAULT=<action>:<kinds>:<n>, where <action> is `kill`, `term` (ask to
// stop, and go on), `short` or an errno, and <kinds> a sum of the bits below: only operations of these kinds are counted, over all threads together.
// Each operation becomes a line of the trace: number (0 when not counted), kind, path, and for a rename the new path.
//
// FAULT_WHILE=<file>: every operation of these kinds fails while that file exists. FAULT_CLOCK=<file>: the seconds in it
// are added to the wall clock; the other clocks go on as they are.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { OPEN = 1, CREATE = 2, READ = 4, WRITE = 8, SYNC = 16, RENAME = 32, UNLINK = 64, MKDIR = 128, LINK = 256, SEND = 512, WATCH = 1024 };
enum { KILL = -1, SHORT = -2, TERM = -3, NOTHING = 0, PATH_ROOM = 2048 };

static const char *const names[] = {"open", "create", "read", "write", "sync", "rename", "unlink", "mkdir", "link", "send", "watch"};
static const char *root, *lasting, *clock_file;
static size_t root_length;
static int trace = -1, action = NOTHING;
static unsigned kinds;
static long chosen;
static atomic_long counter;

__attribute__((constructor)) static void prepare(void) {
    if (root != NULL) return;
    const char *path = getenv("FAULT_TRACE"), *fault = getenv("FAULT");
    const char *given = getenv("FAULT_ROOT");
    char word[16] = "";
    if (fault != NULL && sscanf(fault, "%15[^:]:%u:%ld", word, &kinds, &chosen) == 3)
        action = strcmp(word, "kill") == 0 ? KILL : strcmp(word, "short") == 0 ? SHORT : strcmp(word, "term") == 0 ? TERM : atoi(word);
    if (path != NULL)
        trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    lasting = getenv("FAULT_WHILE");
    clock_file = getenv("FAULT_CLOCK");
    root_length = given == NULL ? 0 : strlen(given);
    root = given == NULL ? "" : given;
}

static void descriptor_path(int fd, char out[static PATH_ROOM]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, out, PATH_ROOM - 1);
    out[length < 0 ? 0 : length] = 0;
}

static void full_path(int directory, const char *name, char out[static PATH_ROOM]) {
    if (name[0] == '/' || directory == AT_FDCWD) {
        snprintf(out, PATH_ROOM, "%s", name);
        return;
    }
    descriptor_path(directory, out);
    size_t length = strlen(out);
    snprintf(out + length, PATH_ROOM - length, "/%s", name);
}

static int is_below(const char *path) {
    prepare();
    return root_length > 0 && strncmp(path, root, root_length) == 0 &&
           (path[root_length] == '/' || path[root_length] == 0);
}

static void note(const char *mark, long number, unsigned kind, const char *path, const char *to) {
    if (trace < 0) return;
    char line[2 * PATH_ROOM + 64];
    int bit = __builtin_ctz(kind);
    int length = snprintf(line, sizeof line, "%s%ld %s %s%s%s\n", mark, number, names[bit], path, *to ? " " : "", to);
    syscall(SYS_write, trace, line, (size_t)length);
}

// What to do with an operation: NOTHING, SHORT, or the errno to fail with. Does not return where it kills.
static int spoil(unsigned kind, const char *path, const char *to) {
    if (lasting != NULL && (kinds & kind) != 0) {
        int is_on = syscall(SYS_faccessat, AT_FDCWD, lasting, F_OK) == 0;
        if (is_on) note("HIT ", 0, kind, path, to);
        return is_on ? action : NOTHING;
    }
    long number = (kinds & kind) != 0 ? atomic_fetch_add(&counter, 1) + 1 : 0;
    int is_hit = number != 0 && number == chosen && action != NOTHING;
    if (is_hit) note("HIT ", number, kind, path, to);
    // A sync counts for others when it is done; it is noted then.
    if (kind != SYNC) note("", number, kind, path, to);
    if (!is_hit) return NOTHING;
    if (action == KILL) {
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
        for (;;) pause();
    }
    if (action == TERM) {
        syscall(SYS_kill, syscall(SYS_getpid), SIGTERM);
        return NOTHING;
    }
    return action;
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (real == NULL) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define FAIL_OR(verdict, call) \
    do { \
        int failure = (verdict); \
        if (failure > 0) { \
            errno = failure; \
            return -1; \
        } \
        return call; \
    } while (0)

static int judge(unsigned kind, int directory, const char *name) {
    char path[PATH_ROOM];
    full_path(directory, name, path);
    return is_below(path) ? spoil(kind, path, "") : NOTHING;
}

static int judge_pair(unsigned kind, int from, const char *name, int to, const char *new_name) {
    char path[PATH_ROOM], new_path[PATH_ROOM];
    full_path(from, name, path);
    full_path(to, new_name, new_path);
    return is_below(new_path) ? spoil(kind, path, new_path) : NOTHING;
}

static int judge_descriptor(unsigned kind, int fd) {
    char path[PATH_ROOM];
    descriptor_path(fd, path);
    return is_below(path) ? spoil(kind, path, "") : NOTHING;
}

#define MODE \
    mode_t mode = 0; \
    if ((flags & (O_CREAT | __O_TMPFILE)) != 0) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    MODE REAL(open);
    FAIL_OR(judge((flags & O_CREAT) != 0 ? CREATE : OPEN, AT_FDCWD, path), real(path, flags, mode));
}
int open64(const char *path, int flags, ...) {
    MODE REAL(open64);
    FAIL_OR(judge((flags & O_CREAT) != 0 ? CREATE : OPEN, AT_FDCWD, path), real(path, flags, mode));
}
int openat(int directory, const char *path, int flags, ...) {
    MODE REAL(openat);
    FAIL_OR(judge((flags & O_CREAT) != 0 ? CREATE : OPEN, directory, path), real(directory, path, flags, mode));
}
int openat64(int directory, const char *path, int flags, ...) {
    MODE REAL(openat64);
    FAIL_OR(judge((flags & O_CREAT) != 0 ? CREATE : OPEN, directory, path), real(directory, path, flags, mode));
}

ssize_t read(int fd, void *bytes, size_t count) {
    REAL(read);
    FAIL_OR(judge_descriptor(READ, fd), real(fd, bytes, count));
}
ssize_t pread(int fd, void *bytes, size_t count, off_t offset) {
    REAL(pread);
    FAIL_OR(judge_descriptor(READ, fd), real(fd, bytes, count, offset));
}
ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    int verdict = judge_descriptor(WRITE, fd);
    if (verdict == SHORT && count > 1) return real(fd, bytes, count / 2);
    FAIL_OR(verdict, real(fd, bytes, count));
}

static int synced(int fd, int (*real)(int)) {
    char path[PATH_ROOM];
    descriptor_path(fd, path);
    if (!is_below(path)) return real(fd);
    int failure = spoil(SYNC, path, "");
    if (failure > 0) {
        errno = failure;
        return -1;
    }
    int result = real(fd);
    if (result == 0) note("", 0, SYNC, path, "");
    return result;
}
int fsync(int fd) {
    REAL(fsync);
    return synced(fd, real);
}
int fdatasync(int fd) {
    REAL(fdatasync);
    return synced(fd, real);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    FAIL_OR(judge_pair(RENAME, AT_FDCWD, from, AT_FDCWD, to), real(from, to));
}
int renameat(int old, const char *from, int new, const char *to) {
    REAL(renameat);
    FAIL_OR(judge_pair(RENAME, old, from, new, to), real(old, from, new, to));
}
int renameat2(int old, const char *from, int new, const char *to, unsigned flags) {
    REAL(renameat2);
    FAIL_OR(judge_pair(RENAME, old, from, new, to), real(old, from, new, to, flags));
}
int linkat(int old, const char *from, int new, const char *to, int flags) {
    REAL(linkat);
    FAIL_OR(judge_pair(LINK, old, from, new, to), real(old, from, new, to, flags));
}
int unlinkat(int directory, const char *name, int flags) {
    REAL(unlinkat);
    FAIL_OR(judge(UNLINK, directory, name), real(directory, name, flags));
}
int unlink(const char *name) {
    REAL(unlink);
    FAIL_OR(judge(UNLINK, AT_FDCWD, name), real(name));
}
int mkdir(const char *name, mode_t mode) {
    REAL(mkdir);
    FAIL_OR(judge(MKDIR, AT_FDCWD, name), real(name, mode));
}
int mkdirat(int directory, const char *name, mode_t mode) {
    REAL(mkdirat);
    FAIL_OR(judge(MKDIR, directory, name), real(directory, name, mode));
}

// A packet with descriptors is a request to a supervisor: the step between the last change on disk and the agent.
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    REAL(sendmsg);
    prepare();
    if (root_length == 0 || message->msg_controllen == 0) return real(fd, message, flags);
    FAIL_OR(spoil(SEND, "supervisor", ""), real(fd, message, flags));
}

int inotify_add_watch(int fd, const char *path, uint32_t mask) {
    REAL(inotify_add_watch);
    int directory;
    if (lasting == NULL || sscanf(path, "/proc/self/fd/%d", &directory) != 1) return real(fd, path, mask);
    FAIL_OR(judge_descriptor(WATCH, directory), real(fd, path, mask));
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(clock_gettime);
    int result = real(clock, time);
    prepare();
    if (clock != CLOCK_REALTIME || clock_file == NULL || result != 0) return result;
    char text[32] = "";
    int fd = (int)syscall(SYS_openat, AT_FDCWD, clock_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return result;
    syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    time->tv_sec += atol(text);
    return result;
}
