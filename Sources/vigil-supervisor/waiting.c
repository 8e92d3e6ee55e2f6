// SPDX-License-Identifier: Apache-2.0
// An agent that is cloned before there is a request, and waits for it at the control socket.
//
// The daemon's message wakes it, and not the supervisor first: what is left to be done then is what the request decides,
// and exec. Anything but a request that it can carry out in the group that it is in, it leaves to the supervisor, and
// ends.
//
// It lives in the supervisor's memory, with the supervisor's descriptors, and so only one of both may run at any time:
// whoever has the baton. The supervisor gives it away while it waits for events. The waiting agent takes it when it has
// received a message; the kernel gives it back when that process executes the program, or ends (CLONE_CHILD_CLEARTID in
// clone(2)). Without the baton both only make system calls that touch no memory of the other, not even errno.
#include "calls.h"
#include "supervisor.h"
#include <limits.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

// When the supervisor looks after an agent that has begun. Most events come before, and it is not woken for nothing.
constexpr long LOOK_AFTER_NS = 5000000;

// For how long it stays awake for an announced request: several times what a daemon takes from one to the other.
constexpr int64_t STAY_AWAKE_NS = 500000;

enum baton : uint32_t { BATON_FREE, BATON_SUPERVISOR, BATON_AWAITED, BATON_AGENT };
static _Atomic uint32_t baton = BATON_SUPERVISOR;

static struct {
    pid_t pid; // 0: none
    pid_t parent;
    const struct channels *channels;
    bool in_cgroup, has_received;
    enum message message;
    struct request request;
    struct begun begun; // with a pid once it goes on by itself
} waiting;

static void wait_while(enum baton value) { call(SYS_futex, (long)&baton, FUTEX_WAIT, value, 0, 0); }

static void give_baton(void) {
    if (atomic_exchange(&baton, BATON_FREE) == BATON_AWAITED) call(SYS_futex, (long)&baton, FUTEX_WAKE, 1, 0, 0);
}

static void take_baton_back(void) {
    for (uint32_t seen = BATON_FREE; !atomic_compare_exchange_strong(&baton, &seen, BATON_SUPERVISOR);
         seen = BATON_FREE)
        wait_while(seen);
}

static void take_baton_as_agent(void) {
    for (;;) {
        uint32_t seen = BATON_FREE;
        if (atomic_compare_exchange_strong(&baton, &seen, BATON_AGENT)) return;
        seen = BATON_SUPERVISOR;
        if (atomic_compare_exchange_strong(&baton, &seen, BATON_AWAITED) || seen == BATON_AWAITED)
            wait_while(BATON_AWAITED);
    }
}

// Goes on until the program is executed, or something fails.
static void begin(void) {
    struct request *request = &waiting.request;
    waiting.begun = (struct begun){.pid = waiting.pid, .started_at = elapsed_ns(), .started_ms = wall_ms()};
    show_attempt(request, waiting.in_cgroup);
    char path[PATH_MAX];
    struct plan plan = {.shares_descriptors = true};
    waiting.begun.error = make_plan(request, waiting.channels->null, path, &plan);
    if (waiting.begun.error == 0) {
        struct itimerspec soon = {.it_value.tv_nsec = LOOK_AFTER_NS};
        timerfd_settime(waiting.channels->timer, 0, &soon, nullptr);
        waiting.begun.error = become_agent(&plan);
    }
    waiting.begun.failed_step = plan.failed_step;
}

static long receive_request(int flags) {
    return call(SYS_recvmsg, CONTROL_FD, (long)begin_receiving(), flags | MSG_CMSG_CLOEXEC, 0, 0);
}

// A processor that was halted takes up to 50 µs to wake, and the logs take 25 to be moved. After an announcement the agent
// does that, and stays awake for the request, with time that nobody else wants. The message it receives into is no concern
// of the supervisor's while it waits.
static long wait_for_request(void) {
    long length = receive_request(0);
    while (is_announcement(length)) {
        int place;
        const char *name = take_announcement(length, &place);
        announce_logs(place, name);
        int64_t until = elapsed_ns() + STAY_AWAKE_NS;
        do {
            call(SYS_sched_yield, 0, 0, 0, 0, 0);
            length = receive_request(MSG_DONTWAIT);
        } while (length == -EAGAIN && elapsed_ns() < until);
        if (length != -EAGAIN) continue;
        take_logs_back();
        length = receive_request(0);
    }
    return length;
}

static int waiting_side(void *) {
    // As in child_side(), without errno.
    if (call(SYS_setsid, 0, 0, 0, 0, 0) < 0 || call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) _exit(127);
    if (call(SYS_getppid, 0, 0, 0, 0, 0) != waiting.parent) _exit(127);
    prepare_logs();
    call(SYS_prctl, PR_SET_NAME, (long)"vigil-waiting", 0, 0, 0);
    long length = wait_for_request();
    take_baton_as_agent();
    struct packet packet;
    waiting.has_received = true;
    waiting.message = understand(CONTROL_FD, length, &packet, &waiting.request);
    struct request *request = &waiting.request;
    bool is_small_run = waiting.message == MESSAGE_RUN && request->body_fd < 0;
    if (is_small_run && decode_request(request) == 0 && is_present_cgroup(request->cgroup_parent)) begin();
    _exit(127);
}

void have_agent_wait(const struct channels *channels) {
    if (waiting.pid != 0) return;
    alignas(64) static char stack[48 * 1024];
    int cgroup_fd = present_cgroup();
    struct clone_args arguments = {
        .flags = CLONE_VM | CLONE_FILES | CLONE_CLEAR_SIGHAND | CLONE_CHILD_CLEARTID,
        .child_tid = (uint64_t)(uintptr_t)&baton,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = sizeof stack,
    };
    if (cgroup_fd >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)cgroup_fd;
    }
    if (waiting.parent == 0) waiting.parent = getpid();
    waiting.channels = channels;
    waiting.in_cgroup = cgroup_fd >= 0;
    waiting.has_received = false;
    // What it takes and does not live to tell is lost, and so is the supervisor for the daemon.
    waiting.message = MESSAGE_CLOSED;
    waiting.begun = (struct begun){0};
    // One that dies at once has received nothing.
    begin_receiving();
    // The end of the one before has set it free.
    atomic_store(&baton, BATON_SUPERVISOR);
    long pid = clone3_with(&arguments, waiting_side, nullptr);
    // Whatever hinders it, the next request is carried out without.
    if (pid > 0) waiting.pid = (pid_t)pid;
}

// One that has ended without a word was killed, perhaps with a message that it had just received.
static void notice_death(void) {
    if (waiting.pid == 0 || waiting.has_received || waitpid(waiting.pid, nullptr, WNOHANG) != waiting.pid) return;
    waiting.pid = 0;
    waiting.has_received = has_received();
    find_logs_again();
    if (waiting.in_cgroup) renew_cgroup();
}

enum idle_event wait_idle(const struct channels *channels) {
    // The waiting agent hears of messages and of the socket's end, and tells by ending.
    bool is_alone = waiting.pid == 0;
    struct pollfd wanted[] = {
        {.fd = channels->signals, .events = POLLIN},
        {.fd = channels->timer, .events = POLLIN},
        {.fd = is_alone ? channels->control : -1, .events = POLLIN},
    };
    give_baton();
    long ready = call(SYS_ppoll, (long)wanted, sizeof wanted / sizeof *wanted, 0, 0, 0);
    take_baton_back();
    notice_death();
    if (waiting.has_received) return IDLE_MESSAGE;
    if (ready <= 0) return IDLE_NOTHING;
    if (wanted[2].revents != 0) return IDLE_CONTROL;
    return (wanted[0].revents & POLLIN) != 0 ? IDLE_SIGNAL : IDLE_NOTHING;
}

static void wait_for_end(void) {
    if (waiting.pid != 0) wait_for(waiting.pid);
    waiting.pid = 0;
}

enum message take_message(struct request **request, struct begun *begun) {
    *request = &waiting.request;
    *begun = waiting.begun;
    waiting.has_received = false;
    if (begun->pid != 0)
        waiting.pid = 0;
    else
        wait_for_end();
    return waiting.message;
}

void end_waiting_agent(void) {
    if (waiting.pid != 0) kill(waiting.pid, SIGKILL);
    wait_for_end();
    find_logs_again();
    leave_place_for_logs();
}
