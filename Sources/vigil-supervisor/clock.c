// SPDX-License-Identifier: Apache-2.0
// Clocks, and a pause that ends early for a signal.
#include "supervisor.h"
#include <poll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

int64_t elapsed_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
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
