// SPDX-License-Identifier: Apache-2.0
// One attempt: logs, start, waiting with its limits, the end of the whole tree.
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_PAUSE_MS = 2, LONGEST_PAUSE_MS = 1000, HARD_ROUND = 4 };
constexpr int64_t SECOND_NS = 1000000000, NEVER = INT64_MAX;
constexpr int64_t REAP_MOST_NS = SECOND_NS / 20;
// Logs that grow by less than this part of their limit are looked at ever less often.
constexpr int64_t LOG_CHECK_SHORTEST = SECOND_NS / 10, LOG_CHECK_LONGEST = SECOND_NS, LOG_GROWTH_PART = 16;
// An agent that floods the disk does not get the time that others get to end by themselves.
constexpr int64_t FLOOD_GRACE_MOST_MS = 1000;

static int64_t cpu_us_of_all_runs;

struct attempt {
    struct request *request;
    struct outcome *outcome;
    const struct channels *channels;
    bool daemon_gone;
    pid_t agent;
    int64_t started_at, deadline, kill_at; // elapsed_ns()
    int64_t next_log_check, log_check_pause, log_bytes_seen;
    int64_t timer_at;
    bool agent_ended, killing, more_to_reap;
};

// Only the first try makes a file. What has the name already must be a regular file, which an earlier try of this very
// attempt may have left; what is in it is not part of this one.
static int open_log(int directory, const char *name, int *fd) {
    *fd = openat(directory, name, LOG_FLAGS | O_EXCL, LOG_MODE);
    if (*fd >= 0) return 0;
    if (errno == EEXIST) *fd = openat(directory, name, LOG_FLAGS | O_TRUNC | O_NONBLOCK, LOG_MODE);
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

static void note_end_time(struct attempt *a) {
    a->outcome->finished_ms = wall_ms();
    a->outcome->duration_ns = elapsed_ns() - a->started_at;
}

static void fail(struct attempt *a, const char *step, int error) {
    a->outcome->ending = ENDING_SPAWN_FAILED;
    a->outcome->step = step;
    a->outcome->code = error;
    note_end_time(a);
}

// The title tells what the processor time of the run is to be counted from.
void show_attempt(const struct request *request, bool in_cgroup) {
    show_run(request->run_id, in_cgroup, in_cgroup ? earlier_cgroup_usage_us() : cpu_us_of_all_runs);
}

static int open_logs_in(int directory, struct request *request) {
    int error = open_log(directory, "stdout.log", &request->stdout_fd);
    return error != 0 ? error : open_log(directory, "stderr.log", &request->stderr_fd);
}

// The directory for the logs may not be there yet.
static int open_logs(struct request *request) {
    if (take_prepared_logs(request)) return 0;
    if (request->logs_name[0] == 0) return open_logs_in(request->logs_fd, request);
    if (mkdirat(request->logs_fd, request->logs_name, LOG_PLACE_MODE) < 0 && errno != EEXIST) return errno;
    int directory = openat(request->logs_fd, request->logs_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) return errno;
    int error = open_logs_in(directory, request);
    drop(&directory);
    return error;
}

// Whatever hinders it: nothing was written to them.
static void replace_logs(struct request *request) {
    find_logs_again();
    drop(&request->stdout_fd);
    open_logs(request);
}

int make_plan(struct request *request, int null, char *path, struct plan *plan) {
    plan->failed_step = "logs";
    int error = open_logs(request);
    if (error != 0) return error;
    plan->failed_step = "search";
    error = find_program(request, path, PATH_MAX);
    if (error != 0) return error;
    plan->path = path;
    plan->arguments = request->arguments;
    plan->environment = request->environment;
    plan->working_directory = request->working_directory;
    plan->stdin_fd = request->stdin_fd >= 0 ? request->stdin_fd : null;
    plan->stdout_fd = request->stdout_fd;
    plan->stderr_fd = request->stderr_fd;
    return 0;
}

// Returns whether the agent runs; when not, the outcome says which step failed.
static bool start(struct attempt *a) {
    struct request *request = a->request;
    char path[PATH_MAX];
    struct plan plan = {.cgroup_fd = use_cgroup(request->cgroup_parent)};
    show_attempt(request, plan.cgroup_fd >= 0);
    int error = make_plan(request, a->channels->null, path, &plan);
    if (error != 0) {
        fail(a, plan.failed_step, error);
        return false;
    }
    pid_t pid = spawn_agent(&plan);
    if (pid < 0) {
        fail(a, plan.failed_step, -pid);
        return false;
    }
    a->agent = pid;
    if (plan.cgroup_changed) show_attempt(request, plan.cgroup_fd >= 0);
    return true;
}

// Goes on with what the waiting agent has begun. Returns whether it runs.
static bool adopt(struct attempt *a, const struct begun *begun) {
    a->agent = begun->pid;
    // They are the agent's alone from here on.
    for (int fd = 0; fd <= 2; fd++) dup2(a->channels->null, fd);
    if (begun->error != 0) {
        wait_for(begun->pid);
        fail(a, begun->failed_step, begun->error);
        return false;
    }
    // It may have been killed before it had its logs, and who looks for them is to find some.
    if (a->request->stderr_fd < 0) replace_logs(a->request);
    return true;
}

static void note_agent_end(struct attempt *a, int status) {
    struct outcome *outcome = a->outcome;
    a->agent_ended = true;
    outcome->ending = WIFSIGNALED(status) ? ENDING_SIGNALLED : ENDING_EXITED;
    outcome->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    note_end_time(a);
}

// Reaps what has ended, for a while: a storm of short-lived processes must not keep the limits from being looked at.
// Returns whether a child is left; as subreaper, none left means the tree is gone.
static bool reap(struct attempt *a) {
    a->more_to_reap = false;
    int64_t until = elapsed_ns() + REAP_MOST_NS;
    for (int count = 1; count % 64 != 0 || elapsed_ns() < until; count++) {
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
    a->more_to_reap = true;
    return true;
}

// Asks the tree to end; a second request can only shorten the grace.
static void begin_ending(struct attempt *a, enum cut_off reason, int64_t grace_ms) {
    int64_t kill_at = elapsed_ns() + grace_ms * 1000000;
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

// Why the daemon ends an attempt; what an unknown daemon says is a cancellation.
static enum cut_off cut_off_for(uint32_t reason) {
    switch (reason) {
    case REASON_SHUTDOWN: return CUT_SHUTDOWN;
    case REASON_START: return CUT_START;
    case REASON_SILENCE: return CUT_SILENCE;
    case REASON_TOOL: return CUT_TOOL;
    case REASON_AFTER_RESULT: return CUT_AFTER_RESULT;
    case REASON_BUDGET: return CUT_BUDGET;
    default: return CUT_CANCELLED;
    }
}

static void handle_control(struct attempt *a) {
    struct packet packet;
    struct request other;
    switch (receive_message(a->channels->control, &packet, &other)) {
    case MESSAGE_TERMINATE:
        begin_ending(a, cut_off_for(packet.detail), limited_ms(packet.grace_ms));
        break;
    case MESSAGE_CLOSED:
        a->daemon_gone = true;
        break;
    case MESSAGE_RUN: // one at a time is the daemon's promise; what breaks it is not run
        close_request(&other);
        break;
    case MESSAGE_MALFORMED:
    case MESSAGE_NO_ROOM:
    case MESSAGE_NONE:
        break;
    }
}

// SIGTERM and SIGUSR1 are for a daemon that has no socket to this supervisor: shutdown, and cancellation or the reason
// that comes with the signal.
static void handle_signals(struct attempt *a) {
    struct signalfd_siginfo infos[4];
    ssize_t size = read(a->channels->signals, infos, sizeof infos);
    // Those that have no room are read after the next poll(2).
    for (ssize_t i = 0; i < size / (ssize_t)sizeof *infos; i++) {
        const struct signalfd_siginfo *info = &infos[i];
        if (info->ssi_signo == SIGCHLD) continue;
        bool again = a->outcome->cut_off != CUT_NONE;
        enum cut_off reason = info->ssi_signo != SIGUSR1    ? CUT_SHUTDOWN
                              : info->ssi_code == SI_QUEUE ? cut_off_for((uint32_t)info->ssi_int)
                                                           : CUT_CANCELLED;
        begin_ending(a, reason, again ? 0 : a->request->grace_ms);
    }
}

static void check_logs(struct attempt *a, int64_t now) {
    struct request *request = a->request;
    int64_t bytes = size_of(request->stdout_fd) + size_of(request->stderr_fd);
    if (bytes > request->max_log_bytes) {
        int64_t grace_ms = request->grace_ms < FLOOD_GRACE_MOST_MS ? request->grace_ms : FLOOD_GRACE_MOST_MS;
        begin_ending(a, CUT_OUTPUT_LIMIT, grace_ms);
        return;
    }
    bool grows = bytes - a->log_bytes_seen > request->max_log_bytes / LOG_GROWTH_PART;
    int64_t doubled = a->log_check_pause * 2;
    a->log_check_pause = grows ? LOG_CHECK_SHORTEST : doubled < LOG_CHECK_LONGEST ? doubled : LOG_CHECK_LONGEST;
    a->log_bytes_seen = bytes;
    a->next_log_check = now + a->log_check_pause;
}

static void check_limits(struct attempt *a, int64_t now) {
    if (a->outcome->cut_off != CUT_NONE || a->agent_ended) return;
    if (now >= a->deadline)
        begin_ending(a, CUT_TIMEOUT, a->request->grace_ms);
    else if (now >= a->next_log_check)
        check_logs(a, now);
}

// A timer of its own, since the time limit of poll(2) stands still while the machine is suspended.
static void set_timer(struct attempt *a, int64_t when) {
    if (when == a->timer_at) return;
    a->timer_at = when;
    struct itimerspec value = {0};
    if (when != NEVER) {
        if (when < 1) when = 1;
        value.it_value = (struct timespec){.tv_sec = when / SECOND_NS, .tv_nsec = when % SECOND_NS};
    }
    timerfd_settime(a->channels->timer, TFD_TIMER_ABSTIME, &value, nullptr);
}

// Returns for how many milliseconds to wait in poll(2), -1 when the timer ends the wait. Most attempts are over within a
// second or have their logs looked at, and never set the timer.
static int limit_wait(struct attempt *a, int64_t now, int64_t when) {
    int64_t left = when - now;
    bool is_young = when != NEVER && now - a->started_at < SECOND_NS;
    if (left > SECOND_NS && !is_young) {
        set_timer(a, when);
        return -1;
    }
    set_timer(a, NEVER);
    if (left > SECOND_NS) left = SECOND_NS;
    return left > 0 ? (int)((left + 999999) / 1000000) : 0;
}

static void wait_for_event(struct attempt *a, int64_t now, bool ending) {
    int64_t when = ending ? a->kill_at : a->deadline < a->next_log_check ? a->deadline : a->next_log_check;
    int ms = limit_wait(a, now, when);
    struct pollfd wanted[] = {
        {.fd = a->channels->signals, .events = POLLIN},
        {.fd = a->daemon_gone ? -1 : a->channels->control, .events = POLLIN},
        {.fd = a->timer_at == NEVER ? -1 : a->channels->timer, .events = POLLIN},
    };
    if (poll(wanted, 3, a->more_to_reap ? 0 : ms) <= 0) return;
    if (wanted[0].revents != 0) handle_signals(a);
    if (wanted[1].revents != 0) handle_control(a);
}

// Waits until the agent has ended by itself, or until an ended attempt's tree is gone or its grace is over. Returns
// whether a child may be left.
static bool wait_for_end(struct attempt *a) {
    for (bool any_left = true; any_left; any_left = reap(a)) {
        int64_t now = elapsed_ns();
        check_limits(a, now);
        bool ending = a->outcome->cut_off != CUT_NONE;
        if (ending ? now >= a->kill_at : a->agent_ended) return true;
        wait_for_event(a, now, ending);
    }
    return false;
}

// Against processes that start others faster than an equal share of the processor can find them; for root only.
static bool take_precedence(bool wanted) {
    struct sched_param parameter = {.sched_priority = wanted ? 1 : 0};
    return sched_setscheduler(0, wanted ? SCHED_FIFO | SCHED_RESET_ON_FORK : SCHED_OTHER, &parameter) == 0 && wanted;
}

// Kills until nothing is left. A process that the kernel cannot end yet is waited for, ever more patiently.
static void end_tree(struct attempt *a, bool any_left) {
    a->killing = true;
    bool takes_precedence = false;
    int round = 0;
    for (int pause = FIRST_PAUSE_MS; any_left || cgroup_is_populated(); any_left = reap(a), round++) {
        if (round == HARD_ROUND) takes_precedence = take_precedence(true);
        kill_cgroup();
        kill_descendants();
        if (!a->agent_ended) kill(-a->agent, SIGKILL);
        if (a->more_to_reap) continue;
        int64_t before = elapsed_ns();
        pause_for(a->channels->signals, pause);
        bool timed_out = elapsed_ns() - before >= (int64_t)pause * 1000000;
        pause = !timed_out ? FIRST_PAUSE_MS : pause * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause * 2;
    }
    if (takes_precedence) take_precedence(false);
}

// What was written between two looks at the size, and during the grace, is not kept.
static void cut_log(const struct attempt *a, int fd) {
    if (a->outcome->cut_off != CUT_OUTPUT_LIMIT || size_of(fd) <= a->request->max_log_bytes) return;
    while (ftruncate(fd, a->request->max_log_bytes) < 0 && errno == EINTR) {}
}

static void measure_logs(struct attempt *a) {
    struct request *request = a->request;
    cut_log(a, request->stdout_fd);
    cut_log(a, request->stderr_fd);
    a->outcome->stdout_bytes = size_of(request->stdout_fd);
    a->outcome->stderr_bytes = size_of(request->stderr_fd);
}

void run_attempt(struct request *request, const struct begun *begun, const struct channels *channels,
                 struct outcome *outcome, bool *daemon_gone) {
    int64_t now = begun != nullptr ? begun->started_at : elapsed_ns();
    struct attempt a = {
        .request = request,
        .outcome = outcome,
        .channels = channels,
        .started_at = now,
        .deadline = request->timeout_ms > 0 ? now + request->timeout_ms * 1000000 : NEVER,
        .kill_at = NEVER,
        .next_log_check = request->max_log_bytes > 0 ? now + LOG_CHECK_SHORTEST : NEVER,
        .log_check_pause = LOG_CHECK_SHORTEST,
        // The waiting agent has set it, to be looked after if it does not end before.
        .timer_at = begun != nullptr ? now : NEVER,
    };
    outcome->started_ms = begun != nullptr ? begun->started_ms : wall_ms();
    bool runs = begun != nullptr ? adopt(&a, begun) : start(&a);
    release_request_memory(request);
    drop(&request->stdin_fd);
    if (runs) end_tree(&a, wait_for_end(&a));
    set_timer(&a, NEVER);
    measure_logs(&a);
    cpu_us_of_all_runs += outcome->cpu_us;
    *daemon_gone = a.daemon_gone;
}
