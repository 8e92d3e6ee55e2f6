// SPDX-License-Identifier: Apache-2.0
// ptrace(2), which Swift cannot import, since it is variadic, and which is bound to one thread.
#include "CTracing.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum { CALL_STOP = SIGTRAP | 0x80 };

static int wait_for(int pid) {
    int status;
    while (waitpid(pid, &status, __WALL) < 0)
        if (errno != EINTR) return -errno;
    return status;
}

int ct_kill_at(int pid, int count) {
    if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC) < 0) return -errno;
    int status = wait_for(pid);
    kill(pid, SIGCONT);
    for (int seen = 0, passed_on = 0; seen < count;) {
        if (status >= 0 && ptrace(PTRACE_SYSCALL, pid, 0, passed_on) < 0) return -errno;
        status = wait_for(pid);
        if (status < 0) return status;
        if (!WIFSTOPPED(status)) return 0;
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) return ptrace(PTRACE_DETACH, pid, 0, 0) < 0 ? -errno : 0;
        bool is_call = WSTOPSIG(status) == CALL_STOP;
        seen += is_call;
        // The stops that are neither call nor signal are the tracer's own.
        passed_on = is_call || status >> 16 != 0 ? 0 : WSTOPSIG(status);
    }
    kill(pid, SIGKILL);
    while (status >= 0 && WIFSTOPPED(status)) status = wait_for(pid);
    return status < 0 ? status : 1;
}
