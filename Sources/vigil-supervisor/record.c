// SPDX-License-Identifier: Apache-2.0
// The exit record: one JSON object, written into the room that the claim's record has for it, or into a file of its own,
// beside its final name and renamed.
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// No number of a record is negative.
static void put_member(struct text *text, const char *name, uint64_t value) {
    put(text, ",\"");
    put(text, name);
    put(text, "\":");
    put_number(text, value, 1);
}

// gmtime_r(3) would load time zone data. The civil calendar from days since 1970, for years 1970 to 9999.
static void put_time(struct text *text, int64_t ms) {
    constexpr int64_t latest = 253402300799999; // the end of the year 9999
    if (ms < 0) ms = 0;
    if (ms > latest) ms = latest;
    int64_t days = ms / 86400000 + 719468, rest = ms % 86400000;
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; // months counted from March
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    const struct {
        int64_t value;
        int digits;
        const char *after;
    } parts[] = {
        {year_of_era + era * 400 + (month <= 2), 4, "-"},
        {month, 2, "-"},
        {day_of_year - (153 * shifted + 2) / 5 + 1, 2, "T"},
        {rest / 3600000, 2, ":"},
        {rest / 60000 % 60, 2, ":"},
        {rest / 1000 % 60, 2, "."},
        {rest % 1000, 3, "Z"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        put_number(text, (uint64_t)parts[i].value, parts[i].digits);
        put(text, parts[i].after);
    }
}

static void put_ending(struct text *text, const struct outcome *outcome) {
    switch (outcome->ending) {
    case ENDING_EXITED:
        put(text, ",\"ending\":\"exited\"");
        put_member(text, "exit_code", (uint64_t)outcome->code);
        break;
    case ENDING_SIGNALLED:
        put(text, ",\"ending\":\"signalled\"");
        put_member(text, "signal", (uint64_t)outcome->code);
        break;
    case ENDING_SPAWN_FAILED:
        put(text, ",\"ending\":\"spawn_failed\",\"step\":\"");
        put(text, outcome->step);
        put(text, "\"");
        put_member(text, "errno", (uint64_t)outcome->code);
        break;
    }
}

static const char *cut_off_text(enum cut_off cut_off) {
    switch (cut_off) {
    case CUT_TIMEOUT: return "\"timeout\"";
    case CUT_CANCELLED: return "\"cancelled\"";
    case CUT_OUTPUT_LIMIT: return "\"output_limit\"";
    case CUT_SHUTDOWN: return "\"shutdown\"";
    case CUT_START: return "\"start\"";
    case CUT_SILENCE: return "\"silence\"";
    case CUT_TOOL: return "\"tool\"";
    case CUT_AFTER_RESULT: return "\"after_result\"";
    case CUT_BUDGET: return "\"budget\"";
    case CUT_NONE: break;
    }
    return "null";
}

size_t format_record(const struct request *request, const struct outcome *outcome, char *buffer, size_t size) {
    struct text text = {.at = buffer, .end = buffer + size};
    put(&text, "{\"version\":2,\"run_id\":\"");
    put(&text, request->run_id);
    put(&text, "\"");
    put_member(&text, "attempt", request->attempt);
    put_ending(&text, outcome);
    put(&text, ",\"cut_off\":");
    put(&text, cut_off_text(outcome->cut_off));
    put(&text, ",\"started_at\":\"");
    put_time(&text, outcome->started_ms);
    put(&text, "\",\"finished_at\":\"");
    put_time(&text, outcome->finished_ms);
    put(&text, "\"");
    put_member(&text, "duration_us", (uint64_t)outcome->duration_ns / 1000);
    put_member(&text, "stdout_bytes", (uint64_t)outcome->stdout_bytes);
    put_member(&text, "stderr_bytes", (uint64_t)outcome->stderr_bytes);
    put_member(&text, "stragglers_killed", outcome->stragglers_killed);
    put_member(&text, "cpu_us", (uint64_t)outcome->cpu_us);
    put_member(&text, "max_resident_bytes", (uint64_t)outcome->max_resident_bytes);
    // Most records are of one length then, and a spare need not be cut.
    while ((text.at - buffer + 2) % RECORD_STEP != 0 && text.at < text.end) put(&text, " ");
    put(&text, "}\n");
    return text.at < text.end ? (size_t)(text.at - buffer) : 0;
}

struct account account_of(const struct request *request, const struct outcome *outcome) {
    struct account account = {
        .attempt = request->attempt,
        .started_ms = outcome->started_ms,
        .finished_ms = outcome->finished_ms,
        .duration_us = outcome->duration_ns / 1000,
        .stdout_bytes = outcome->stdout_bytes,
        .stderr_bytes = outcome->stderr_bytes,
        .cpu_us = outcome->cpu_us,
        .max_resident_bytes = outcome->max_resident_bytes,
        .stragglers_killed = outcome->stragglers_killed,
        .ending = outcome->ending,
        .cut_off = outcome->cut_off,
        .code = outcome->code,
    };
    if (outcome->ending == ENDING_SPAWN_FAILED) strncpy(account.step, outcome->step, sizeof account.step - 1);
    strcpy(account.run_id, request->run_id);
    return account;
}

static int write_all(int fd, const char *text, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t n = write(fd, text + done, length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? errno : EIO;
        done += (size_t)n;
    }
    return 0;
}

// Opens the spare once, and a new file after that: after a failed fsync the kernel may report success for the same file
// the next time. `name` is where the file lies.
static int open_unnamed(struct request *request, char *name) {
    constexpr int flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
    if (request->spare_name[0] != 0) {
        strcpy(name, request->spare_name);
        request->spare_name[0] = 0;
        int fd = openat(request->exits_fd, name, flags | O_NONBLOCK);
        if (fd >= 0) return fd;
    }
    strcpy(name, ".tmp-");
    strcat(name, request->run_id);
    int fd = openat(request->exits_fd, name, flags | O_CREAT | O_EXCL, 0600);
    if (fd < 0 && errno == EEXIST) { // left by an earlier try
        unlinkat(request->exits_fd, name, 0);
        fd = openat(request->exits_fd, name, flags | O_CREAT | O_EXCL, 0600);
    }
    return fd;
}

static int cut(int fd, size_t length) {
    struct stat status;
    if (fstat(fd, &status) < 0) return errno;
    if ((size_t)status.st_size == length) return 0;
    while (ftruncate(fd, (off_t)length) < 0)
        if (errno != EINTR) return errno;
    return 0;
}

// The room is written over once, and part of a record is no record. A file without a name has been replaced, and nobody
// would find it there. Returns whether it is written.
static bool write_into_claim(struct request *request, const char *text, size_t length, bool sync) {
    struct stat status;
    if (request->claim_fd < 0 || request->claim_offset == 0 || length > CLAIM_RECORD_ROOM) return false;
    bool written = pwrite(request->claim_fd, text, length, request->claim_offset) == (ssize_t)length &&
                   fstat(request->claim_fd, &status) == 0 && status.st_nlink > 0 &&
                   (!sync || fsync(request->claim_fd) == 0);
    // Not tried again: after a failed fsync the kernel may report success the next time.
    if (!written) drop(&request->claim_fd);
    return written;
}

int write_record(struct request *request, const char *text, size_t length, bool sync) {
    if (write_into_claim(request, text, length, sync)) return sync && fsync(request->exits_fd) < 0 ? errno : 0;
    char name[NAME_MAX_BYTES + 1];
    int fd = open_unnamed(request, name);
    if (fd < 0) return errno;
    int error = write_all(fd, text, length);
    if (error == 0) error = cut(fd, length);
    if (error == 0 && sync && fsync(fd) < 0) error = errno;
    if (close(fd) < 0 && error == 0 && errno != EINTR) error = errno;
    if (error == 0 && renameat(request->exits_fd, name, request->exits_fd, request->record_name) < 0) error = errno;
    if (error != 0) {
        unlinkat(request->exits_fd, name, 0);
        return error;
    }
    return sync && fsync(request->exits_fd) < 0 ? errno : 0;
}
