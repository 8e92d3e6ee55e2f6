// SPDX-License-Identifier: Apache-2.0
// One attempt: logs, start, waiting with its limits, the end of the whole tree.
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_PAUSE_MS = 2, LONGEST_PAUSE_MS = 1000 };
constexpr int64_t SECOND_NS = 1000000000, NEVER = INT64_MAX;

struct attempt {
    struct request *request;
    struct outcome *outcome;
    int control, signals;
    bool daemon_gone;
    int stdout_fd, stderr_fd;
    struct cgroup cgroup;
    pid_t agent;
    int64_t started_at, deadline, next_log_check, kill_at; // monotonic ns
    bool agent_ended, killing;
};

// O_TRUNC only when the name exists: what an earlier try of this very attempt left is not part of this one.
static int open_log(int directory, const char *name, int *fd) {
    constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    *fd = openat(directory, name, flags | O_EXCL, 0600);
    if (*fd < 0 && errno == EEXIST) *fd = openat(directory, name, flags | O_TRUNC, 0600);
    if (*fd < 0) return errno;
    struct stat status;
    if (fstat(*fd, &status) < 0) return errno;
    if (!S_ISREG(status.st_mode)) return EINVAL;
    // O_NONBLOCK was for a pipe put in its place; the agent gets an ordinary file.
    return fcntl(*fd, F_SETFL, O_APPEND) < 0 ? errno : 0;
}

static int64_t size_of(int fd) {
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 ? (int64_t)status.st_size : 0;
}

static void fail(struct attempt *a, const char *step, int error) {
    a->outcome->ending = ENDING_SPAWN_FAILED;
    a->outcome->step = step;
    a->outcome->code = error;
    a->outcome->finished_ms = wall_ms();
    a->outcome->duration_ns = monotonic_ns() - a->started_at;
}

// Returns whether the agent runs; when not, the outcome says which step failed.
static bool start(struct attempt *a) {
    struct request *request = a->request;
    int error = open_log(request->logs_fd, "stdout.log", &a->stdout_fd);
    if (error == 0) error = open_log(request->logs_fd, "stderr.log", &a->stderr_fd);
    if (error != 0) {
        fail(a, "logs", error);
        return false;
    }
    char path[PATH_MAX];
    error = find_program(request, path, sizeof path);
    if (error != 0) {
        fail(a, "search", error);
        return false;
    }
    make_cgroup(&a->cgroup, request->cgroup_parent, request->run_id);
    struct plan plan = {
        .path = path,
        .arguments = request->arguments,
        .environment = request->environment,
        .working_directory = request->working_directory,
        .stdin_fd = request->stdin_fd,
        .stdout_fd = a->stdout_fd,
        .stderr_fd = a->stderr_fd,
        .cgroup_fd = a->cgroup.fd,
    };
    pid_t pid = spawn_agent(&plan);
    if (pid < 0) {
        fail(a, plan.failed_step, -pid);
        return false;
    }
    a->agent = pid;
    return true;
}

static void note_agent_end(struct attempt *a, int status) {
    struct outcome *outcome = a->outcome;
    a->agent_ended = true;
    outcome->ending = WIFSIGNALED(status) ? ENDING_SIGNALLED : ENDING_EXITED;
    outcome->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    outcome->finished_ms = wall_ms();
    outcome->duration_ns = monotonic_ns() - a->started_at;
}

// Reaps whatever has ended. Returns whether a child is left; as subreaper, none left means the tree is gone.
static bool reap(struct attempt *a) {
    for (;;) {
        int status;
        struct rusage used;
        pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &used);
        if (pid == 0) return true;
        if (pid < 0 && errno == EINTR) continue;
        if (pid < 0) return false;
        struct outcome *outcome = a->outcome;
        outcome->cpu_us += (int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec +
                           used.ru_stime.tv_usec;
        int64_t resident = (int64_t)used.ru_maxrss * 1024;
        if (resident > outcome->max_resident_bytes) outcome->max_resident_bytes = resident;
        if (pid == a->agent)
            note_agent_end(a, status);
        else if (a->killing && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            outcome->stragglers_killed++;
    }
}

// Asks the tree to end; a second request can only shorten the grace.
static void begin_ending(struct attempt *a, enum cut_off reason, int64_t grace_ms) {
    int64_t kill_at = monotonic_ns() + grace_ms * 1000000;
    if (a->outcome->cut_off != CUT_NONE) {
        if (kill_at < a->kill_at) a->kill_at = kill_at;
        return;
    }
    a->outcome->cut_off = reason;
    a->kill_at = kill_at;
    if (grace_ms == 0) return;
    // A stopped process acts on SIGTERM only once it goes on.
    static const int signal_list[] = {SIGTERM, SIGCONT, 0};
    if (signal_descendants(signal_list) == 0 && !a->agent_ended) {
        kill(-a->agent, SIGTERM);
        kill(-a->agent, SIGCONT);
    }
}

static void handle_control(struct attempt *a) {
    struct packet packet;
    struct request other;
    switch (receive_message(a->control, &packet, &other)) {
    case MESSAGE_TERMINATE:
        begin_ending(a, packet.reason == REASON_SHUTDOWN ? CUT_SHUTDOWN : CUT_CANCELLED,
                     packet.grace_ms > (uint64_t)a->request->grace_ms ? a->request->grace_ms : (int64_t)packet.grace_ms);
        break;
    case MESSAGE_CLOSED:
        a->daemon_gone = true;
        break;
    case MESSAGE_RUN: // one at a time is the daemon's promise; what breaks it is not run
        close_request(&other);
        break;
    case MESSAGE_MALFORMED:
    case MESSAGE_NONE:
        break;
    }
}

// SIGTERM and SIGUSR1 are for a daemon that has no socket to this supervisor: shutdown and cancellation.
static void handle_signals(struct attempt *a) {
    struct signalfd_siginfo info;
    while (read(a->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) continue;
        bool again = a->outcome->cut_off != CUT_NONE;
        begin_ending(a, info.ssi_signo == SIGUSR1 ? CUT_CANCELLED : CUT_SHUTDOWN, again ? 0 : a->request->grace_ms);
    }
}

static void check_limits(struct attempt *a, int64_t now) {
    if (a->outcome->cut_off != CUT_NONE || a->agent_ended) return;
    if (now >= a->deadline) {
        begin_ending(a, CUT_TIMEOUT, a->request->grace_ms);
    } else if (now >= a->next_log_check) {
        a->next_log_check = now + SECOND_NS;
        if (size_of(a->stdout_fd) + size_of(a->stderr_fd) > a->request->max_log_bytes)
            begin_ending(a, CUT_OUTPUT_LIMIT, a->request->grace_ms);
    }
}

static int milliseconds_until(int64_t when, int64_t now) {
    if (when == NEVER) return -1;
    if (when <= now) return 0;
    int64_t ms = (when - now + 999999) / 1000000;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

// Waits until the agent has ended by itself, or until an ended attempt's tree is gone or its grace is over.
static void wait_for_end(struct attempt *a) {
    for (;;) {
        bool any_left = reap(a);
        int64_t now = monotonic_ns();
        check_limits(a, now);
        bool ending = a->outcome->cut_off != CUT_NONE;
        if (a->agent_ended && (!ending || !any_left)) return;
        if (!any_left) return;
        if (ending && now >= a->kill_at) return;
        int64_t next = ending ? a->kill_at : a->deadline < a->next_log_check ? a->deadline : a->next_log_check;
        struct pollfd wanted[] = {
            {.fd = a->signals, .events = POLLIN},
            {.fd = a->daemon_gone ? -1 : a->control, .events = POLLIN},
        };
        if (poll(wanted, 2, milliseconds_until(next, now)) <= 0) continue;
        if (wanted[0].revents != 0) handle_signals(a);
        if (wanted[1].revents != 0) handle_control(a);
    }
}

// Kills until nothing is left. A process that the kernel cannot end yet is waited for, ever more patiently.
static void end_tree(struct attempt *a) {
    a->killing = true;
    for (int pause = FIRST_PAUSE_MS; reap(a) || cgroup_is_populated(&a->cgroup);) {
        kill_cgroup(&a->cgroup);
        kill_descendants();
        if (!a->agent_ended && a->agent > 0) kill(a->agent, SIGKILL);
        int64_t before = monotonic_ns();
        pause_for(a->signals, pause);
        bool timed_out = monotonic_ns() - before >= (int64_t)pause * 1000000;
        pause = !timed_out ? FIRST_PAUSE_MS : pause * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause * 2;
    }
}

void run_attempt(struct request *request, int control, int signals, struct outcome *outcome, bool *daemon_gone) {
    int64_t now = monotonic_ns();
    struct attempt a = {
        .request = request,
        .outcome = outcome,
        .control = control,
        .signals = signals,
        .stdout_fd = -1,
        .stderr_fd = -1,
        .cgroup = {.fd = -1},
        .started_at = now,
        .deadline = request->timeout_ms > 0 ? now + request->timeout_ms * 1000000 : NEVER,
        .next_log_check = request->max_log_bytes > 0 ? now + SECOND_NS : NEVER,
        .kill_at = NEVER,
    };
    // What a record says whose agent's end was never seen.
    outcome->ending = ENDING_SIGNALLED;
    outcome->code = SIGKILL;
    outcome->started_ms = wall_ms();
    bool runs = start(&a);
    release_request_memory(request);
    drop(&request->stdin_fd);
    if (runs) {
        wait_for_end(&a);
        end_tree(&a);
    }
    remove_cgroup(&a.cgroup);
    outcome->stdout_bytes = size_of(a.stdout_fd);
    outcome->stderr_bytes = size_of(a.stderr_fd);
    drop(&a.stdout_fd);
    drop(&a.stderr_fd);
    drop(&request->logs_fd);
    *daemon_gone = a.daemon_gone;
}
