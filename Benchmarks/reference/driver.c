// SPDX-License-Identifier: Apache-2.0
// Drives an engine: moves task files in by rename, watches for results, takes the times, prints one JSON object.
#include "yardstick.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { RESULT_MAX = 1 << 20, WAIT_MS = 60000 };

struct sample {
    int64_t renamed, started, seen;
};

static const struct options *opt;
static struct sample *samples;
static int total, staging, inbox, outbox, results_watch;
static int sent, done;
static int64_t last_seen;

static void put(int number) {
    char name[64], body[8192];
    snprintf(name, sizeof name, "%08d.json", number);
    int n = sprintf(body, "{\"task_id\":\"%08d\",\"description\":\"", number);
    while (n < opt->task_bytes - 3) body[n++] = 'p';
    n += sprintf(body + n, "\"}\n");
    int fd = openat(staging, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, body, (size_t)n) != n) fail("write task");
    close(fd);
    samples[number].renamed = now();
    if (renameat(staging, name, inbox, name)) fail("rename task");
}

static void take_events(void) {
    _Alignas(struct inotify_event) char buffer[65536];
    ssize_t filled = read(results_watch, buffer, sizeof buffer);
    int64_t moment = now();
    for (char *at = buffer; filled > 0 && at < buffer + filled;) {
        struct inotify_event *event = (struct inotify_event *)at;
        at += sizeof *event + event->len;
        if (event->mask & IN_Q_OVERFLOW) fail("the driver's inotify queue overflowed");
        if (!event->len || !strstr(event->name, ".json") || event->name[0] == '.') continue;
        int number = atoi(event->name);
        if (number < 0 || number >= total || samples[number].seen) continue;
        samples[number].seen = last_seen = moment;
        done++;
    }
}

static void pause_between(void) {
    // Not a multiple of anything an engine might do, and not the same each time.
    struct timespec t = {.tv_nsec = (long)opt->pause_us * 1000 + (long)(sent * 7919 % 1000) * opt->pause_us};
    nanosleep(&t, NULL);
}

static void run_until(int count, int pid) {
    while (done < count) {
        while (sent < count && (opt->backlog || sent - done < opt->window)) {
            if (opt->pause_us) pause_between();
            put(sent++);
        }
        struct pollfd wanted = {.fd = results_watch, .events = POLLIN};
        if (poll(&wanted, 1, WAIT_MS) == 0) {
            fprintf(stderr, "driver: no result for a minute (%d of %d done)\n", done, total);
            kill(pid, SIGTERM);
            exit(1);
        }
        take_events();
    }
}

static int start_engine(char *self, int *output) {
    char *arguments[64], command[4096], concurrency[16], syncs[16];
    int n = 0, ends[2];
    if (pipe2(ends, O_CLOEXEC)) fail("pipe2");
    if (opt->engine) {
        snprintf(command, sizeof command, "%s", opt->engine);
        for (char *word = strtok(command, " "); word && n < 62; word = strtok(NULL, " ")) arguments[n++] = word;
    } else {
        sprintf(concurrency, "%d", opt->concurrency), sprintf(syncs, "%d", opt->syncs);
        char *own[] = {self,          "engine",    "--dir", (char *)opt->dir, "--child", (char *)opt->child,
                       "--concurrency", concurrency, "--syncs", syncs};
        for (size_t i = 0; i < sizeof own / sizeof *own; i++) arguments[n++] = own[i];
    }
    arguments[n] = NULL;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    pid_t pid;
    errno = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ);
    if (errno) fail("start %s", arguments[0]);
    close(ends[1]);
    *output = ends[0];
    return pid;
}

// Until it has written a line, or the file that tells is there.
static void await_ready(int output) {
    for (int tries = 0; tries < WAIT_MS; tries++) {
        struct pollfd wanted = {.fd = output, .events = POLLIN};
        char line[64];
        if (opt->ready) {
            char path[PATH_MAX];
            snprintf(path, sizeof path, "%s/%s", opt->dir, opt->ready);
            if (access(path, F_OK) == 0) return;
            poll(NULL, 0, 1);
        } else if (poll(&wanted, 1, 1) == 1 && read(output, line, sizeof line) > 0) {
            return;
        }
    }
    fail("the engine does not become ready");
}

static int64_t start_in(const char *text) {
    const char *at = strstr(text, "t_child=");
    return at ? strtoll(at + 8, NULL, 10) : 0;
}

// Only when all is over, so that reading costs the run nothing.
static int read_results(void) {
    static char text[RESULT_MAX];
    int missing = 0;
    for (int i = 0; i < total; i++) {
        char name[64];
        snprintf(name, sizeof name, "%08d.json", i);
        int fd = openat(outbox, name, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
        if (fd >= 0) close(fd);
        text[n > 0 ? n : 0] = 0;
        samples[i].started = start_in(text);
        if (n <= 0 || samples[i].started == 0) missing++;
    }
    return missing;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *name, size_t offset) {
    int n = 0;
    int64_t *values = malloc((size_t)total * sizeof *values);
    if (values == NULL) fail("malloc");
    for (int i = opt->warmup; i < total; i++) {
        int64_t moment = *(int64_t *)((char *)&samples[i] + offset);
        if (moment > 0) values[n++] = moment - samples[i].renamed;
    }
    qsort(values, (size_t)n, sizeof *values, by_value);
    static const struct {
        const char *name;
        double part;
    } points[] = {{"min", 0}, {"p50", .5}, {"p90", .9}, {"p99", .99}, {"max", 1}};
    printf(",\"%s\":{\"n\":%d", name, n);
    for (int i = 0; i < 5 && n > 0; i++)
        printf(",\"%s\":%.1f", points[i].name, (double)values[(int)(points[i].part * (n - 1) + .5)] / 1e3);
    printf("}");
    free(values);
}

static void print_usage(const char *name, struct usage before, struct usage after, double per) {
    printf(",\"%s\":{\"cpu_us\":%.1f,\"voluntary_switches\":%.2f,\"involuntary_switches\":%.2f,\"rss_kb\":%lld,"
           "\"pss_kb\":%lld,\"peak_rss_kb\":%lld,\"threads\":%lld,\"processes\":%lld}",
           name, (double)(after.cpu_ns - before.cpu_ns) / 1e3 / per, (double)(after.voluntary - before.voluntary) / per,
           (double)(after.involuntary - before.involuntary) / per, (long long)after.rss_kb, (long long)after.pss_kb,
           (long long)after.peak_kb, (long long)after.threads, (long long)after.processes);
}

static void prepare(const struct options *options) {
    opt = options;
    total = opt->count + opt->warmup;
    samples = calloc((size_t)total, sizeof *samples);
    if (samples == NULL) fail("calloc");
    staging = open_directory(opt->dir, "staging");
    inbox = open_directory(opt->dir, opt->inbox);
    outbox = open_directory(opt->dir, opt->outbox);
    results_watch = watch_directory(opt->dir, opt->outbox, IN_MOVED_TO);
}

int driver(const struct options *options, char *self) {
    prepare(options);
    bool is_there_before = opt->first != NULL;
    if (is_there_before)
        while (sent < total) put(sent++);
    int output;
    int64_t began = now();
    int pid = start_engine(self, &output);
    await_ready(output);
    int64_t ready = now() - began;
    struct usage rest = {0}, rested = {0};
    if (opt->idle_seconds) {
        run_until(opt->warmup, pid);
        sleep(2);
        rest = usage_of(pid);
        sleep((unsigned)opt->idle_seconds);
        rested = usage_of(pid);
    }
    if (!is_there_before) run_until(opt->warmup, pid);
    struct usage before = usage_of(pid);
    int64_t first = is_there_before ? began : now();
    run_until(total, pid);
    struct usage after = usage_of(pid);
    int missing = read_results();
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    printf("{\"count\":%d,\"concurrency\":%d,\"missing\":%d,\"ready_ms\":%.2f,\"tasks_per_second\":%.1f", opt->count,
           opt->concurrency, missing, (double)ready / 1e6, (double)opt->count / ((double)(last_seen - first) / 1e9));
    if (is_there_before) {
        int64_t earliest = INT64_MAX;
        for (int i = 0; i < total; i++)
            if (samples[i].started && samples[i].started < earliest) earliest = samples[i].started;
        printf(",\"first_start_ms\":%.2f", (double)(earliest - began) / 1e6);
    }
    print_times("start_us", offsetof(struct sample, started));
    print_times("result_us", offsetof(struct sample, seen));
    print_usage("per_task", before, after, opt->count);
    if (opt->idle_seconds) print_usage("idle", rest, rested, 1);
    printf("}\n");
    return missing ? 1 : 0;
}
