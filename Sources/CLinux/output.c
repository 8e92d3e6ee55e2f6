// SPDX-License-Identifier: Apache-2.0
// Output that never waits for whoever reads it.
#include "internal.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

// O_NONBLOCK belongs to the open description, which the shell and other processes share: setting it on standard error
// would change it for all of them. A second description of the same pipe or terminal has flags of its own.
static int reopen(int descriptor) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    RETRY(open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

int cl_output_open(int descriptor, int *kind) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) return -errno;
    *kind = S_ISSOCK(status.st_mode) ? CL_OUTPUT_SOCKET : CL_OUTPUT_FILE;
    if (S_ISFIFO(status.st_mode) || isatty(descriptor)) {
        int reopened = reopen(descriptor);
        if (reopened >= 0) return reopened;
        // No /proc, a terminal of another user, or a FIFO without a reader.
        *kind = CL_OUTPUT_POLLED;
    }
    RETRY(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

long cl_output_write(int descriptor, int kind, const void *bytes, size_t count) {
    if (kind == CL_OUTPUT_SOCKET) RETRY(send(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL));
    if (kind == CL_OUTPUT_POLLED) {
        struct pollfd entry = {.fd = descriptor, .events = POLLOUT};
        int ready = poll(&entry, 1, 0);
        if (ready < 0) return -errno;
        if (ready == 0) return -EAGAIN;
    }
    RETRY(write(descriptor, bytes, count));
}
