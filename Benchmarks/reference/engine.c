// SPDX-License-Identifier: Apache-2.0
// The leanest honest implementation of the job: one thread, one epoll, inotify in, clone, pidfd, rename out.
//
//   DIR/tasks/NAME.json     appears by rename; is claimed by a rename and removed
//   DIR/claimed/            where the claim moves it, with what Vigil records beside it (SYNC_VIGIL)
//   DIR/results/NAME.json   appears by rename, complete
//
// With SYNC_VIGIL it writes and syncs what Vigil does for one task, and in the same order: a claim record before the
// child starts; task, record, claims, receipt, receipts, then the inbox beside the child; an exit record and its
// directory when the child has ended; the result and its directory when all of that is done.
#include "yardstick.h"
#include "commit.h"
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct slot {
    struct job job; // first, so that a job is its slot
    pid_t pid;
    int pidfd, out, status;
    bool exited, eof;
    char text[65536];
    size_t length;
    struct slot *next_free;
};

static const struct options *opt;
static struct slot slots[SLOTS], *free_slots;
static struct places places;
static int running, ep, inotify_fd, done_fd;
static sigset_t blocked, child_mask;

struct waiting {
    char name[NAME_LEN];
};
static struct waiting *queue;
static size_t queue_head, queue_tail, queue_room;

static void queue_push(const char *name) {
    if (queue_tail - queue_head == queue_room) {
        size_t room = queue_room ? queue_room * 2 : 256;
        struct waiting *grown = malloc(room * sizeof *grown);
        if (grown == NULL) fail("malloc");
        for (size_t i = queue_head; i < queue_tail; i++) grown[i - queue_head] = queue[i % queue_room];
        free(queue);
        queue_tail -= queue_head, queue_head = 0, queue_room = room, queue = grown;
    }
    snprintf(queue[queue_tail++ % queue_room].name, NAME_LEN, "%s", name);
}

struct launch {
    char **arguments;
    int out;
};

// Runs in the child, in the parent's memory, while the parent's thread waits. There are no signal handlers that could
// run here: the engine uses a signalfd.
static int launch(void *context) {
    struct launch *l = context;
    dup2(l->out, 1);
    sigprocmask(SIG_SETMASK, &child_mask, NULL);
    char *environment[] = {NULL};
    execve(opt->child, l->arguments, environment);
    _exit(127);
}

static void start_child(struct slot *s, int out) {
    static char stack[65536] __attribute__((aligned(64)));
    char *arguments[] = {(char *)opt->child, NULL};
    struct launch l = {arguments, out};
    s->pid = clone(launch, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &l, &s->pidfd);
    if (s->pid < 0) fail("clone");
}

static void watch_descriptor(int fd, void *context) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = context};
    if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

// Remove first: a child between clone and exec still holds a copy of every descriptor, and epoll watches open files, so
// that closing alone can leave a watch behind that fires for a slot already reused.
static void unwatch_and_close(int fd) {
    epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
}

static void begin(const char *name) {
    struct slot *s = free_slots;
    snprintf(s->job.name, sizeof s->job.name, "%s", name);
    if (opt->syncs == SYNC_VIGIL) write_record(&s->job, &places);
    if (renameat(places.tasks, name, places.claimed, name)) {
        if (errno == ENOENT) return;
        fail("claim %s", name);
    }
    free_slots = s->next_free;
    char task[8192];
    int fd = openat(places.claimed, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, task, sizeof task) < 0) fail("read %s", name);
    close(fd);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) fail("pipe2");
    start_child(s, ends[1]);
    close(ends[1]);
    s->out = ends[0], s->length = 0, s->exited = false, s->eof = false;
    // The low bit of the pointer tells the pipe from the pidfd.
    watch_descriptor(s->out, (char *)s + 1);
    watch_descriptor(s->pidfd, s);
    running++;
    if (opt->syncs == SYNC_VIGIL) hand_over(&s->job, STAGE_CLAIM);
}

static void drain(void) {
    while (running < opt->concurrency && queue_head < queue_tail) {
        struct waiting next = queue[queue_head++ % queue_room];
        begin(next.name);
    }
}

static void free_slot(struct slot *s) {
    s->next_free = free_slots, free_slots = s;
    running--;
}

static void finish(struct slot *s) {
    struct job *job = &s->job;
    job->length = (size_t)snprintf(job->text, sizeof job->text, "{\"task_id\":\"%.*s\",\"status\":%d,\"stdout\":\"",
                                   (int)(strlen(job->name) - 5), job->name, s->status);
    for (size_t i = 0; i < s->length && job->length < sizeof job->text - 16; i++) {
        if (s->text[i] == '\n')
            job->length += (size_t)sprintf(job->text + job->length, "\\n");
        else
            job->text[job->length++] = s->text[i];
    }
    job->length += (size_t)sprintf(job->text + job->length, "\"}\n");
    if (opt->syncs == SYNC_NONE) {
        write_result(job, &places);
        remove_claim(job, &places, false);
        free_slot(s);
    } else {
        hand_over(job, opt->syncs == SYNC_VIGIL ? STAGE_EXIT : STAGE_RESULT);
    }
}

static void read_output(struct slot *s) {
    ssize_t n = read(s->out, s->text + s->length, sizeof s->text - s->length);
    if (n < 0) fail("read output");
    s->length += (size_t)n;
    if (n > 0 && s->length < sizeof s->text) return;
    s->eof = true;
    unwatch_and_close(s->out);
    if (s->exited) finish(s);
}

static void note_exit(struct slot *s) {
    if (waitpid(s->pid, &s->status, 0) != s->pid) fail("waitpid");
    s->exited = true;
    unwatch_and_close(s->pidfd);
    if (s->eof) finish(s);
}

static void scan(void) {
    DIR *d = fdopendir(openat(places.tasks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') queue_push(e->d_name);
    closedir(d);
}

static void read_events(void) {
    _Alignas(struct inotify_event) char buffer[65536];
    ssize_t filled = read(inotify_fd, buffer, sizeof buffer);
    for (char *at = buffer; filled > 0 && at < buffer + filled;) {
        struct inotify_event *event = (struct inotify_event *)at;
        if (event->mask & IN_Q_OVERFLOW)
            scan();
        else if (event->len && event->name[0] != '.')
            queue_push(event->name);
        at += sizeof *event + event->len;
    }
}

static void take_back_jobs(void) {
    for (struct job *job = take_done(); job != NULL;) {
        struct job *next = job->next;
        free_slot((struct slot *)job);
        job = next;
    }
}

static void prepare(int *signals) {
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &child_mask);
    *signals = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    places.tasks = open_directory(opt->dir, "tasks");
    places.claimed = open_directory(opt->dir, "claimed");
    places.receipts = open_directory(opt->dir, "receipts");
    places.results = open_directory(opt->dir, "results");
    ep = epoll_create1(EPOLL_CLOEXEC);
    inotify_fd = watch_directory(opt->dir, "tasks", IN_MOVED_TO | IN_CLOSE_WRITE);
    for (int i = SLOTS; i-- > 0;) slots[i].next_free = free_slots, free_slots = &slots[i];
    if (opt->syncs != SYNC_NONE) done_fd = start_committing(&places, opt->syncs == SYNC_VIGIL ? opt->concurrency : 0);
}

int engine(const struct options *options) {
    opt = options;
    static int signal_mark, done_mark;
    int signals;
    prepare(&signals);
    watch_descriptor(inotify_fd, NULL);
    watch_descriptor(signals, &signal_mark);
    if (opt->syncs != SYNC_NONE) watch_descriptor(done_fd, &done_mark);
    if (write(1, "ready\n", 6) < 0) fail("ready");
    scan();
    drain();
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(ep, events, 64, -1);
        if (n < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < n; i++) {
            void *p = events[i].data.ptr;
            if (p == NULL)
                read_events();
            else if (p == &signal_mark)
                return 0;
            else if (p == &done_mark)
                take_back_jobs();
            else if ((uintptr_t)p & 1)
                read_output((struct slot *)((char *)p - 1));
            else
                note_exit(p);
        }
        drain();
    }
}
