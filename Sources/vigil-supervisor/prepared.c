// SPDX-License-Identifier: Apache-2.0
// A directory with both logs, made while nobody waits for it, and then moved to where a request wants it.
//
// To make them takes 60 µs before an agent's start, to move them 25, and nothing when the move was announced. The directory
// lies beside the exit records until then, in one for all supervisors, so that nobody who writes a record waits for it to be
// made. A daemon's start removes it when it is a day old, see removeJunk(); whoever has lost it makes another.
//
// The waiting agent can be killed between a system call and its note of it. So an intent is noted ahead, and after a death
// what is noted counts only as far as the file system bears it out.
#include "calls.h"
#include "supervisor.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPARE_LOGS ".logs"
#define STDOUT_LOG "/stdout.log"
#define STDERR_LOG "/stderr.log"

static struct {
    int place; // -1: nowhere
    int stdout_fd, stderr_fd;
    bool is_begun;
    char name[32], stdout_name[48], stderr_name[48];
    bool is_away; // in the place of an announcement, or about to be moved there or back
    int announced_place;
    struct stat announced;
    char announced_name[NAME_MAX_BYTES + 1];
} prepared = {.place = -1, .stdout_fd = -1, .stderr_fd = -1, .announced_place = -1};

void set_place_for_logs(int directory) {
    drop_prepared_logs();
    drop(&prepared.place);
    drop(&prepared.announced_place);
    prepared.place = directory;
    if (prepared.name[0] != 0) return;
    snprintf(prepared.name, sizeof prepared.name, SPARE_LOGS "/%d", (int)getpid());
    snprintf(prepared.stdout_name, sizeof prepared.stdout_name, "%s" STDOUT_LOG, prepared.name);
    snprintf(prepared.stderr_name, sizeof prepared.stderr_name, "%s" STDERR_LOG, prepared.name);
}

static bool is_ready(void) { return prepared.stdout_fd >= 0 && prepared.stderr_fd >= 0; }

// Never over something else.
static bool move(int from, const char *present, int place, const char *name) {
    return call(SYS_renameat2, from, (long)present, place, (long)name, RENAME_NOREPLACE) == 0;
}

// From wherever it is.
static bool move_to(int place, const char *name) {
    return prepared.is_away ? move(prepared.announced_place, prepared.announced_name, place, name)
                            : move(prepared.place, prepared.name, place, name);
}

static bool make_directory(const char *name) {
    return call(SYS_mkdirat, prepared.place, (long)name, LOG_PLACE_MODE, 0, 0) == 0;
}

static int make_log(const char *name) {
    return (int)call(SYS_openat, prepared.place, (long)name, LOG_FLAGS | O_EXCL, LOG_MODE, 0);
}

void prepare_logs(void) {
    take_logs_back();
    if (prepared.place < 0 || prepared.is_begun) return;
    prepared.is_begun = true;
    if (!make_directory(prepared.name) && (!make_directory(SPARE_LOGS) || !make_directory(prepared.name))) return;
    prepared.stdout_fd = make_log(prepared.stdout_name);
    prepared.stderr_fd = make_log(prepared.stderr_name);
}

void announce_logs(int place, const char *name) {
    if (place < 0) return;
    take_logs_back();
    if (!is_ready() || prepared.is_away || call(SYS_fstat, place, (long)&prepared.announced, 0, 0, 0) != 0) {
        drop(&place);
        return;
    }
    drop(&prepared.announced_place);
    prepared.announced_place = place;
    strcpy(prepared.announced_name, name);
    prepared.is_away = true;
    prepared.is_away = move(prepared.place, prepared.name, place, name);
}

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

// Another directory of the name may be there, which is not to be touched.
static bool is_where_announced(void) {
    char log[sizeof prepared.announced_name + sizeof STDOUT_LOG];
    strcat(strcpy(log, prepared.announced_name), STDOUT_LOG);
    struct stat there, own;
    return is_ready() && fstatat(prepared.announced_place, log, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstat(prepared.stdout_fd, &own) == 0 && is_same(&there, &own);
}

void find_logs_again(void) { prepared.is_away = prepared.is_away && is_where_announced(); }

void take_logs_back(void) {
    if (prepared.is_away && move_to(prepared.place, prepared.name)) prepared.is_away = false;
}

static bool are_announced_for(const struct request *request) {
    struct stat wanted;
    return prepared.is_away && strcmp(prepared.announced_name, request->logs_name) == 0 &&
           fstat(request->logs_fd, &wanted) == 0 && is_same(&prepared.announced, &wanted);
}

bool take_prepared_logs(struct request *request) {
    if (is_ready() && request->logs_name[0] != 0 &&
        (are_announced_for(request) || move_to(request->logs_fd, request->logs_name))) {
        request->stdout_fd = prepared.stdout_fd;
        request->stderr_fd = prepared.stderr_fd;
        prepared.stdout_fd = prepared.stderr_fd = -1;
        prepared.is_begun = prepared.is_away = false;
        return true;
    }
    drop_prepared_logs();
    return false;
}

void leave_place_for_logs(void) {
    drop_prepared_logs();
    // Others may have theirs in it, or make it anew.
    if (prepared.place >= 0) unlinkat(prepared.place, SPARE_LOGS, AT_REMOVEDIR);
}

void drop_prepared_logs(void) {
    if (!prepared.is_begun) return;
    take_logs_back();
    prepared.is_begun = prepared.is_away = false;
    unlinkat(prepared.place, prepared.stdout_name, 0);
    unlinkat(prepared.place, prepared.stderr_name, 0);
    unlinkat(prepared.place, prepared.name, AT_REMOVEDIR);
    drop(&prepared.stdout_fd);
    drop(&prepared.stderr_fd);
}
