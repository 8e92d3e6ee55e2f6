// SPDX-License-Identifier: Apache-2.0
// Serves one attempt after the other from the control socket, and ends when it is closed while idle.
#include "supervisor.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WRITE_RETRY_SECONDS = 60 };

int64_t monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void pause_for(int signals, int ms) {
    struct pollfd wanted = {.fd = signals, .events = POLLIN};
    if (poll(&wanted, 1, ms) > 0) {
        struct signalfd_siginfo info[8];
        while (read(signals, info, sizeof info) > 0) {}
    }
}

static bool is_closed(int control) {
    struct pollfd state = {.fd = control, .events = 0};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

// Returns whether the daemon's end could take the answer.
static bool answer(int control, uint32_t kind, const void *bytes, size_t length) {
    char message[sizeof kind + ANSWER_MAX];
    if (length > ANSWER_MAX) return false;
    memcpy(message, &kind, sizeof kind);
    memcpy(message + sizeof kind, bytes, length);
    for (;;) {
        if (send(control, message, sizeof kind + length, MSG_NOSIGNAL) >= 0) return true;
        if (errno == EINTR) continue;
        if (errno != ENOBUFS && errno != ENOMEM) return false;
        pause_for(-1, 100);
    }
}

static void refuse(int control, int error) {
    int32_t code = error;
    answer(control, ANSWER_REFUSED, &code, sizeof code);
}

// Nobody else knows this outcome once the daemon is gone, so a full disk is waited out for a while.
static void write_for_next_daemon(const struct request *request, const char *text, size_t length) {
    for (int tries = 0; tries < WRITE_RETRY_SECONDS; tries++) {
        if (write_record(request, text, length, true) == 0) return;
        pause_for(-1, 1000);
    }
}

// Makes the outcome known: the file first, then the lock given back, then the answer.
static bool report(struct request *request, const struct outcome *outcome, int control, bool daemon_gone) {
    char text[ANSWER_MAX];
    size_t length = format_record(request, outcome, text, sizeof text);
    bool gone = daemon_gone || is_closed(control);
    bool written = false;
    if (gone)
        write_for_next_daemon(request, text, length);
    else
        written = write_record(request, text, length, request->sync_record) == 0;
    if (!gone && !written && is_closed(control)) {
        gone = true;
        write_for_next_daemon(request, text, length);
    }
    drop(&request->lock_fd);
    if (gone) return false;
    if (answer(control, written ? ANSWER_RECORD : ANSWER_UNWRITTEN, text, length)) return true;
    if (!written || !request->sync_record) write_for_next_daemon(request, text, length);
    return false;
}

// Returns false when the daemon went away.
static bool serve(struct request *request, int signals) {
    int error = decode_request(request);
    if (error != 0) {
        close_request(request);
        refuse(CONTROL_FD, error);
        return true;
    }
    struct outcome outcome = {0};
    bool daemon_gone = false;
    run_attempt(request, CONTROL_FD, signals, &outcome, &daemon_gone);
    bool goes_on = report(request, &outcome, CONTROL_FD, daemon_gone);
    close_request(request);
    return goes_on;
}

// Everything that could end this process is blocked; what it acts on arrives through a descriptor.
static int prepare_signals(void) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &standard, nullptr);
    standard.sa_flags = SA_NOCLDSTOP;
    sigaction(SIGCHLD, &standard, nullptr);
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

// Returns whether a signal asks an idle supervisor to end; orphans are not expected, but not left either.
static bool is_asked_to_end(int signals) {
    struct signalfd_siginfo info;
    bool ends = false;
    while (read(signals, &info, sizeof info) == sizeof info) ends = ends || info.ssi_signo == SIGTERM;
    return ends;
}

int main(void) {
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) {
        static const char text[] = "vigil-supervisor: is started by the vigil daemon, with a socket on descriptor 3\n";
        return write(2, text, sizeof text - 1) < 0 ? 1 : 2;
    }
    setsid();
    prctl(PR_SET_NAME, "vigil-supervise");
    int signals = prepare_signals();
    if (signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        refuse(CONTROL_FD, errno);
        return 1;
    }
    for (;;) {
        struct pollfd wanted[] = {{.fd = CONTROL_FD, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        if (poll(wanted, 2, -1) < 0) continue;
        struct packet packet;
        struct request request;
        switch (receive_message(CONTROL_FD, &packet, &request)) {
        case MESSAGE_RUN:
            if (!serve(&request, signals)) return 0;
            break;
        case MESSAGE_CLOSED:
            return 0;
        case MESSAGE_MALFORMED:
            refuse(CONTROL_FD, EBADMSG);
            break;
        case MESSAGE_TERMINATE: // for an attempt that ended meanwhile
        case MESSAGE_NONE:
            break;
        }
        if ((wanted[1].revents & POLLIN) != 0 && is_asked_to_end(signals)) return 0;
    }
}
