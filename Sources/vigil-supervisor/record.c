// SPDX-License-Identifier: Apache-2.0
// The exit record: one JSON object, written beside its final name and renamed.
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

// gmtime_r(3) would load time zone data. The civil calendar from days since 1970, for years 1970 to 9999.
static void format_time(int64_t ms, char *text, size_t size) {
    constexpr int64_t latest = 253402300799999; // the end of the year 9999
    if (ms < 0) ms = 0;
    if (ms > latest) ms = latest;
    int64_t days = ms / 86400000 + 719468, rest = ms % 86400000;
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; // months counted from March
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)year, (int)month,
             (int)(day_of_year - (153 * shifted + 2) / 5 + 1), (int)(rest / 3600000), (int)(rest / 60000 % 60),
             (int)(rest / 1000 % 60), (int)(rest % 1000));
}

static void format_ending(const struct outcome *outcome, char *text, size_t size) {
    switch (outcome->ending) {
    case ENDING_EXITED:
        snprintf(text, size, "\"ending\":\"exited\",\"exit_code\":%d", outcome->code);
        break;
    case ENDING_SIGNALLED:
        snprintf(text, size, "\"ending\":\"signalled\",\"signal\":%d", outcome->code);
        break;
    case ENDING_SPAWN_FAILED:
        snprintf(text, size, "\"ending\":\"spawn_failed\",\"step\":\"%s\",\"errno\":%d", outcome->step, outcome->code);
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

size_t format_record(const struct request *request, const struct outcome *outcome, char *text, size_t size) {
    char ending[128], started[64], finished[64];
    format_ending(outcome, ending, sizeof ending);
    format_time(outcome->started_ms, started, sizeof started);
    format_time(outcome->finished_ms, finished, sizeof finished);
    int length = snprintf(
        text, size,
        "{\"version\":2,\"run_id\":\"%s\",\"attempt\":%llu,%s,\"cut_off\":%s,\"started_at\":\"%s\",\"finished_at\":\"%s\","
        "\"duration_us\":%lld,\"stdout_bytes\":%lld,\"stderr_bytes\":%lld,\"stragglers_killed\":%u,"
        "\"cpu_us\":%lld,\"max_resident_bytes\":%lld}\n",
        request->run_id, (unsigned long long)request->attempt, ending, cut_off_text(outcome->cut_off), started, finished,
        (long long)(outcome->duration_ns / 1000), (long long)outcome->stdout_bytes, (long long)outcome->stderr_bytes,
        outcome->stragglers_killed, (long long)outcome->cpu_us, (long long)outcome->max_resident_bytes);
    return length > 0 && (size_t)length < size ? (size_t)length : 0;
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

// After a failed fsync the kernel may report success for the same file the next time, so each try uses a new one.
int write_record(const struct request *request, const char *text, size_t length, bool sync) {
    char temporary[RUN_ID_MAX + 8];
    snprintf(temporary, sizeof temporary, ".tmp-%s", request->run_id);
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(request->exits_fd, temporary, flags, 0600);
    if (fd < 0 && errno == EEXIST) { // left by an earlier try
        unlinkat(request->exits_fd, temporary, 0);
        fd = openat(request->exits_fd, temporary, flags, 0600);
    }
    if (fd < 0) return errno;
    int error = write_all(fd, text, length);
    if (error == 0 && sync && fsync(fd) < 0) error = errno;
    if (close(fd) < 0 && error == 0 && errno != EINTR) error = errno;
    if (error == 0 && renameat(request->exits_fd, temporary, request->exits_fd, request->record_name) < 0) error = errno;
    if (error != 0) {
        unlinkat(request->exits_fd, temporary, 0);
        return error;
    }
    return sync && fsync(request->exits_fd) < 0 ? errno : 0;
}
