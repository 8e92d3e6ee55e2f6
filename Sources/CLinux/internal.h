// SPDX-License-Identifier: Apache-2.0
// What the C files of this target share.
#pragma once
#include "CLinux.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 256 // NAME_MAX and the zero byte

/// Declares `copy`, a zero-terminated copy of a name, or returns why the name is refused.
#define NAME(copy, name, length)                                                                                       \
    char copy[NAME_SIZE];                                                                                              \
    int copy##_refused = copy_name(copy, name, length);                                                                \
    if (copy##_refused < 0) return copy##_refused

/// Returns the call's result or its negated errno; repeats it after an interruption.
#define RETRY(call)                                                                                                    \
    for (;;) {                                                                                                         \
        typeof(call) result = (call);                                                                                  \
        if (result >= 0) return result;                                                                                \
        if (errno != EINTR) return -errno;                                                                             \
    }

/// Passes on a descriptor (or the errno of a failed open) only if it is of a regular file.
static inline int regular_only(int descriptor) {
    if (descriptor < 0) return -errno;
    struct stat status;
    int error = fstat(descriptor, &status) < 0 ? errno : (S_ISREG(status.st_mode) ? 0 : EINVAL);
    if (error == 0) return descriptor;
    close(descriptor);
    return -error;
}
