// SPDX-License-Identifier: Apache-2.0
// epoll, eventfd, timerfd, signalfd, and inotify.
#include "internal.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

// MARK: Waiting

int cl_epoll_create(void) { RETRY(epoll_create1(EPOLL_CLOEXEC)); }

static int control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    RETRY(epoll_ctl(epoll, operation, descriptor, &event));
}

int cl_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, events, token);
}

int cl_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, events, token);
}

int cl_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

int cl_epoll_wait(int epoll, struct cl_event *events, int capacity, int timeout_milliseconds) {
    // The kernel's structure is packed on x86-64 only, and Swift cannot import it.
    enum { MOST = 64 };
    struct epoll_event raw[MOST];
    int count = epoll_wait(epoll, raw, capacity < MOST ? capacity : MOST, timeout_milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) events[i] = (struct cl_event){.token = raw[i].data.u64, .events = raw[i].events};
    return count;
}

int cl_counter_create(void) { RETRY(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int cl_semaphore_create(void) { RETRY(eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE)); }

int cl_counter_add(int counter, uint64_t value) { RETRY((int)write(counter, &value, sizeof value)); }

int cl_counter_take(int counter) {
    uint64_t value;
    RETRY((int)read(counter, &value, sizeof value));
}

int cl_timer_create(void) { RETRY(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)); }

int cl_timer_set(int timer, int64_t boot_nanoseconds) {
    struct itimerspec moment = {
        .it_value = {.tv_sec = boot_nanoseconds / 1000000000, .tv_nsec = boot_nanoseconds % 1000000000},
    };
    RETRY(timerfd_settime(timer, TFD_TIMER_ABSTIME, &moment, nullptr));
}

// MARK: Signals

static sigset_t set_of(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    return set;
}

int cl_signals_block(const int *signals, size_t count) {
    sigset_t set = set_of(signals, count);
    return -pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int cl_signal_ignore(int signal) {
    struct sigaction action = {.sa_handler = SIG_IGN};
    return sigaction(signal, &action, nullptr) < 0 ? -errno : 0;
}

int cl_signal_is_ignored(int signal) {
    struct sigaction action;
    return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

int cl_signals_open(const int *signals, size_t count) {
    sigset_t set = set_of(signals, count);
    RETRY(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int cl_signals_next(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count;
    do count = read(descriptor, &info, sizeof info);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : (int)info.ssi_signo;
}

int cl_signal_raise_in_thread(int signal) { return -pthread_kill(pthread_self(), signal); }

// MARK: Directories

int cl_watch_create(void) { RETRY(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)); }

static int add_watch(int watcher, int directory, uint32_t mask) {
    // inotify_add_watch(2) takes only paths; this one leads to the open directory itself.
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", directory);
    // Another watch of the same directory may have asked for more, and must not lose it.
    RETRY(inotify_add_watch(watcher, path, mask | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD));
}

int cl_watch_add(int watcher, int directory, int moves_away) {
    uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE;
    return add_watch(watcher, directory, moves_away ? mask | IN_MOVED_FROM : mask);
}

int cl_watch_add_writes(int watcher, int directory) { return add_watch(watcher, directory, IN_MODIFY); }

int cl_watch_remove(int watcher, int watch) { RETRY(inotify_rm_watch(watcher, watch)); }

static int kind_of(uint32_t mask) {
    if (mask & IN_Q_OVERFLOW) return CL_WATCH_OVERFLOW;
    if (mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) return CL_WATCH_GONE;
    if (mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) return CL_WATCH_SETTLED;
    if (mask & IN_CREATE) return CL_WATCH_APPEARED;
    if (mask & (IN_DELETE | IN_MOVED_FROM)) return CL_WATCH_VANISHED;
    if (mask & IN_MODIFY) return CL_WATCH_WRITTEN;
    return CL_WATCH_OTHER;
}

void cl_watch_decode(const uint8_t *buffer, size_t offset, struct cl_watch_event *event) {
    struct inotify_event raw;
    memcpy(&raw, buffer + offset, sizeof raw);
    event->watch = raw.wd;
    event->kind = kind_of(raw.mask);
    event->start = offset + sizeof raw;
    event->next = event->start + raw.len;
    // The name is padded with zero bytes to the alignment of the next event.
    event->length = strnlen((const char *)buffer + event->start, raw.len);
}
