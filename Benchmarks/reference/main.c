// SPDX-License-Identifier: Apache-2.0
// The yardstick: how fast can this machine turn a task file into a result file?
#include "yardstick.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

int driver(const struct options *options, char *self);

static const char help[] =
    "usage: yardstick drive --dir DIR --child PROGRAM [options]   measures an engine, prints JSON\n"
    "       yardstick engine --dir DIR --child PROGRAM [options]  is the engine of the yardstick\n"
    "       yardstick fill --dir DIR --count N [options]          puts tasks into the inbox, prints the seconds\n"
    "  --count N          tasks to time (2000), after --warmup N (50)\n"
    "  --concurrency N    children at once (1)\n"
    "  --window N         tasks kept outstanding (as many as at once)\n"
    "  --backlog 1        put all tasks there at once instead\n"
    "  --first 1          put them there before the engine starts\n"
    "  --pause-us N       wait between N and 2N microseconds before each task (0)\n"
    "  --syncs 0|1|2      nothing; the results; all that Vigil syncs. For fill: 1 syncs each file and the directory\n"
    "  --prefix, --members, --description: of the tasks of fill; members are JSON with a comma at the end\n"
    "  --task-bytes N     size of a task file (200)\n"
    "  --idle S           after the warm-up, watch the idle engine for S seconds\n"
    "  --engine \"CMD ...\" measure this engine; --inbox and --outbox say where it takes and puts (tasks, results)\n"
    "  --ready FILE       it is ready when this file is there; otherwise when it has written to its output\n";

int open_directory(const char *dir, const char *sub) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, sub);
    for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = 0;
        if (mkdir(path, 0755) && errno != EEXIST) fail("mkdir %s", path);
        *at = '/';
    }
    if (mkdir(path, 0755) && errno != EEXIST) fail("mkdir %s", path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) fail("open %s", path);
    return fd;
}

int watch_directory(const char *dir, const char *sub, uint32_t mask) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, sub);
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0 || inotify_add_watch(fd, path, mask) < 0) fail("inotify %s", path);
    return fd;
}

// What a careful producer does: temporary file, sync, rename; at the end one sync of the directory.
static int fill(const struct options *options) {
    int inbox = open_directory(options->dir, options->inbox);
    char name[64], temporary[64], body[8192];
    int64_t began = now();
    for (int number = 0; number < options->count; number++) {
        int n = snprintf(body, 4000, "{\"task_id\":\"%s%08d\",%s\"description\":\"", options->prefix, number,
                         options->members);
        if (options->description) n += snprintf(body + n, 4000, "%s", options->description);
        while (n < options->task_bytes - 3) body[n++] = 'p';
        n += sprintf(body + n, "\"}\n");
        snprintf(name, sizeof name, "%s%08d.json", options->prefix, number);
        snprintf(temporary, sizeof temporary, ".tmp-%d-%d", getpid(), number);
        int fd = openat(inbox, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        if (fd < 0 || write(fd, body, (size_t)n) != n) fail("write %s", name);
        if (options->syncs && fsync(fd)) fail("fsync %s", name);
        close(fd);
        if (renameat(inbox, temporary, inbox, name)) fail("rename %s", name);
    }
    if (options->syncs && fsync(inbox)) fail("fsync");
    printf("%.6f\n", (double)(now() - began) / 1e9);
    return 0;
}

static void parse(struct options *o, int argc, char **argv) {
    bool backlog = false;
    struct {
        const char *name;
        int *number;
        const char **text;
    } known[] = {
        {"--dir", NULL, &o->dir},           {"--child", NULL, &o->child},
        {"--engine", NULL, &o->engine},     {"--inbox", NULL, &o->inbox},
        {"--outbox", NULL, &o->outbox},     {"--ready", NULL, &o->ready},
        {"--first", NULL, &o->first},       {"--prefix", NULL, &o->prefix},
        {"--members", NULL, &o->members},   {"--description", NULL, &o->description},
        {"--count", &o->count, NULL},       {"--warmup", &o->warmup, NULL},
        {"--window", &o->window, NULL},     {"--concurrency", &o->concurrency, NULL},
        {"--syncs", &o->syncs, NULL},       {"--task-bytes", &o->task_bytes, NULL},
        {"--idle", &o->idle_seconds, NULL}, {"--pause-us", &o->pause_us, NULL},
        {"--backlog", &(int){0}, NULL},
    };
    for (int i = 2; i + 1 < argc; i += 2) {
        size_t k = 0;
        while (k < sizeof known / sizeof *known && strcmp(argv[i], known[k].name) != 0) k++;
        if (k == sizeof known / sizeof *known) {
            fprintf(stderr, "yardstick: unknown option %s\n%s", argv[i], help);
            exit(2);
        }
        if (known[k].text != NULL) *known[k].text = argv[i + 1];
        if (known[k].number != NULL) *known[k].number = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--backlog") == 0) backlog = atoi(argv[i + 1]) != 0;
    }
    o->backlog = backlog;
}

int main(int argc, char **argv) {
    struct options options = {
        .count = 2000, .warmup = 50, .concurrency = 1, .task_bytes = 200, .inbox = "tasks", .outbox = "results",
        .prefix = "", .members = "",
    };
    const char *verb = argc > 1 ? argv[1] : "";
    parse(&options, argc, argv);
    bool fills = strcmp(verb, "fill") == 0;
    bool is_complete = options.dir && (options.child || options.engine || fills) && options.count > 0 &&
                       options.concurrency > 0 && options.concurrency <= SLOTS && options.task_bytes < 8000;
    if (!is_complete) {
        fputs(help, stderr);
        return 2;
    }
    if (!options.window) options.window = options.concurrency;
    if (strcmp(verb, "engine") == 0) return engine(&options);
    if (fills) return fill(&options);
    if (strcmp(verb, "drive") == 0) return driver(&options, argv[0]);
    fputs(help, stderr);
    return 2;
}
