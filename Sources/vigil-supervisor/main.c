// SPDX-License-Identifier: Apache-2.0
// Serves one attempt after the other from the control socket, and ends when it is closed while idle.
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { FIRST_WRITE_PAUSE_MS = 250, LONGEST_WRITE_PAUSE_MS = 15000 };
constexpr int64_t WRITE_RETRY_NS = 24ll * 3600 * 1000000000;

static bool is_closed(int control) {
    struct pollfd state = {.fd = control, .events = 0};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

// Waits for room as long as the daemon's end is open. Returns whether it could take the answer.
static bool answer(int control, uint32_t kind, const void *bytes, size_t length) {
    char message[sizeof kind + ANSWER_MAX];
    if (length > ANSWER_MAX) return false;
    memcpy(message, &kind, sizeof kind);
    memcpy(message + sizeof kind, bytes, length);
    for (;;) {
        if (send(control, message, sizeof kind + length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
        if (errno == EAGAIN) {
            struct pollfd room = {.fd = control, .events = POLLOUT};
            poll(&room, 1, -1);
        } else if (errno == ENOBUFS || errno == ENOMEM) {
            pause_for(-1, 100);
        } else if (errno != EINTR) {
            return false;
        }
    }
}

static void refuse(int control, int error) {
    int32_t code = error;
    answer(control, ANSWER_REFUSED, &code, sizeof code);
}

// Whoever sends what is no packet may not read answers either, and is not waited for.
static void refuse_malformed(int control, int error) {
    struct pollfd room = {.fd = control, .events = POLLOUT};
    if (poll(&room, 1, 0) > 0) refuse(control, error);
}

// Returns whether a signal asks for the end of a supervisor whose agent is gone.
static bool is_asked_to_end(int signals) {
    struct signalfd_siginfo info;
    bool ends = false;
    while (read(signals, &info, sizeof info) == sizeof info) ends = ends || info.ssi_signo == SIGTERM;
    return ends;
}

// Nobody else knows this outcome once the daemon is gone, so a full disk is waited out, with the lock held. A directory
// that was removed will not come back.
static void write_for_next_daemon(struct request *request, int signals, const char *text, size_t length) {
    int64_t until = elapsed_ns() + WRITE_RETRY_NS;
    for (int pause = FIRST_WRITE_PAUSE_MS; elapsed_ns() < until;) {
        int error = write_record(request, text, length, true);
        if (error == 0 || error == ENOENT || error == ENOTDIR || error == EBADF) return;
        struct pollfd wanted = {.fd = signals, .events = POLLIN};
        if (poll(&wanted, 1, pause) > 0 && is_asked_to_end(signals)) return;
        pause = pause * 2 > LONGEST_WRITE_PAUSE_MS ? LONGEST_WRITE_PAUSE_MS : pause * 2;
    }
}

// Makes the outcome known: the file first, then the lock given back, then the answer.
static bool report(struct request *request, const struct channels *channels, const struct outcome *outcome,
                   bool daemon_gone) {
    int control = channels->control, signals = channels->signals;
    char text[ANSWER_MAX];
    size_t length = format_record(request, outcome, text, sizeof text);
    bool gone = daemon_gone || is_closed(control);
    bool written = false;
    if (gone)
        write_for_next_daemon(request, signals, text, length);
    else
        written = write_record(request, text, length, request->sync_record) == 0;
    if (!gone && !written && is_closed(control)) {
        gone = true;
        write_for_next_daemon(request, signals, text, length);
    }
    drop(&request->lock_fd);
    show_idle();
    if (gone) return false;
    struct account account = account_of(request, outcome);
    if (answer(control, written ? ANSWER_RECORD : ANSWER_UNWRITTEN, &account, sizeof account)) return true;
    if (!written || !request->sync_record) write_for_next_daemon(request, signals, text, length);
    return false;
}

// Returns false when the daemon went away.
static bool serve(struct request *request, const struct begun *begun, const struct channels *channels) {
    struct outcome outcome = {0};
    bool daemon_gone = false;
    run_attempt(request, begun, channels, &outcome, &daemon_gone);
    bool goes_on = report(request, channels, &outcome, daemon_gone);
    set_place_for_logs(request->exits_fd);
    request->exits_fd = -1;
    close_request(request);
    tidy_cgroup();
    if (goes_on) have_agent_wait(channels);
    return goes_on;
}

static bool decode_and_serve(struct request *request, const struct channels *channels) {
    int error = decode_request(request);
    if (error == 0) return serve(request, nullptr, channels);
    close_request(request);
    refuse(channels->control, error);
    return true;
}

// Everything that could end this process is blocked; what it acts on arrives through a descriptor.
static int prepare_signals(void) {
    // Not sigaction(2) of the C library, which leaves out the two signals that it keeps for itself.
    static const uint64_t standard[4] = {0};
    for (int number = 1; number < NSIG; number++)
        syscall(SYS_rt_sigaction, number, standard, nullptr, sizeof(uint64_t));
    struct sigaction child = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    sigaction(SIGCHLD, &child, nullptr);
    sigset_t blocked;
    sigfillset(&blocked);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&blocked, faults[i]);
    sigprocmask(SIG_SETMASK, &blocked, nullptr);
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGUSR1);
    return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Opens /dev/null for agents without an input. An agent's descriptors are put at 0 to 2, so no descriptor of this process
// may come to lie there.
static int prepare_descriptors(void) {
    int fd;
    do fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= 2);
    // The waiting agent sleeps in recvmsg(2), whatever the daemon has made the socket to be.
    if (fd >= 0 && (fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC) < 0 || fcntl(CONTROL_FD, F_SETFL, 0) < 0)) drop(&fd);
    return fd;
}

// Returns false when the daemon went away.
static bool handle_message(enum message message, struct request *request, const struct channels *channels) {
    switch (message) {
    case MESSAGE_RUN:
        return decode_and_serve(request, channels);
    case MESSAGE_CLOSED:
        return false;
    case MESSAGE_MALFORMED:
        refuse_malformed(channels->control, EBADMSG);
        return true;
    case MESSAGE_NO_ROOM:
        refuse_malformed(channels->control, EMFILE);
        return true;
    case MESSAGE_TERMINATE: // for an attempt that ended meanwhile
    case MESSAGE_NONE:
        break;
    }
    return true;
}

static bool receive_and_handle(const struct channels *channels) {
    struct packet packet;
    struct request request;
    enum message message = receive_message(channels->control, &packet, &request);
    return handle_message(message, &request, channels);
}

// What the waiting agent has taken: a run that it has begun, or something else that it has left alone.
static bool handle_taken(const struct channels *channels) {
    struct request *request;
    struct begun begun;
    enum message message = take_message(&request, &begun);
    if (begun.pid != 0) return serve(request, &begun, channels);
    return handle_message(message, request, channels);
}

static void serve_until_closed(const struct channels *channels) {
    for (bool goes_on = true; goes_on;) {
        switch (wait_idle(channels)) {
        case IDLE_CONTROL:
            goes_on = receive_and_handle(channels);
            break;
        case IDLE_MESSAGE:
            goes_on = handle_taken(channels);
            break;
        case IDLE_SIGNAL:
            goes_on = !is_asked_to_end(channels->signals);
            break;
        case IDLE_NOTHING:
            break;
        }
    }
    end_waiting_agent();
}

int main(int count, char **arguments) {
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) {
        static const char text[] = "vigil-supervisor: is started by the vigil daemon, with a socket on descriptor 3\n";
        return write(2, text, sizeof text - 1) < 0 ? 1 : 2;
    }
    if (count > 1) set_title(arguments[1]);
    setsid();
    prctl(PR_SET_NAME, "vigil-supervise");
    struct channels channels = {
        .control = CONTROL_FD,
        .signals = prepare_signals(),
        .timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK),
        .null = prepare_descriptors(),
    };
    if (channels.signals < 0 || channels.timer < 0 || channels.null < 0 || chdir("/") < 0 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        refuse(CONTROL_FD, errno);
        return 1;
    }
    serve_until_closed(&channels);
    remove_cgroup();
    return 0;
}
