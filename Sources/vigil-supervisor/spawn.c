// SPDX-License-Identifier: Apache-2.0
// Starts the agent: own session, only descriptors 0 to 2, default signals, dead when the supervisor dies.
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct start {
    struct plan *plan;
    pid_t parent;
    volatile int error;
    volatile bool has_begun;
};

// Leaves the descriptors that are shared with the supervisor: a copy of 0 to 2 is quicker than one of all, most of which
// are closed a moment later.
static int leave_descriptors(void) {
    if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_UNSHARE) == 0) return 0;
    // Kernels before 5.9 do not know the call; every descriptor here is close-on-exec anyway.
    return unshare(CLONE_FILES);
}

int become_agent(struct plan *plan) {
    plan->failed_step = "working_directory";
    if (chdir(plan->working_directory) < 0) return errno;
    plan->failed_step = "stdio";
    if (dup2(plan->stdin_fd, 0) < 0 || dup2(plan->stdout_fd, 1) < 0 || dup2(plan->stderr_fd, 2) < 0) return errno;
    if (plan->shares_descriptors) {
        if (leave_descriptors() < 0) return errno;
    } else if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) < 0) {
        fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
    }
    // Not sigprocmask(3), which leaves out the two signals that the C library keeps for itself.
    static const uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
    plan->failed_step = "exec";
    execve(plan->path, plan->arguments, plan->environment);
    return errno;
}

// Runs in the child but in the parent's memory, while the parent stands still: system calls only.
static int child_side(void *argument) {
    struct start *start = argument;
    struct plan *plan = start->plan;
    start->has_begun = true;
    plan->failed_step = "session";
    if (setsid() < 0) goto failed;
    plan->failed_step = "death_signal";
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) goto failed;
    if (getppid() != start->parent) _exit(127); // it died before the line above took effect
    start->error = become_agent(plan);
    _exit(127);
failed:
    start->error = errno;
    _exit(127);
}

#if defined(__x86_64__)
long clone3_with(struct clone_args *arguments, int (*body)(void *), void *argument) {
    long result = SYS_clone3;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %[argument], %%rdi\n\t"
                     "call *%[body]\n\t"
                     "hlt\n"
                     "1:"
                     : "+a"(result)
                     : "D"(arguments), "S"(sizeof *arguments), [body] "r"(body), [argument] "r"(argument)
                     : "rcx", "r11", "memory", "cc");
    return result;
}
#elif defined(__aarch64__)
long clone3_with(struct clone_args *arguments, int (*body)(void *), void *argument) {
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long)arguments;
    register long x1 __asm__("x1") = (long)sizeof *arguments;
    register void *x2 __asm__("x2") = (void *)body;
    register void *x3 __asm__("x3") = argument;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, #0\n\t"
                     "mov x0, x3\n\t"
                     "blr x2\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
                     : "memory", "cc", "x30");
    return x0;
}
#else
long clone3_with(struct clone_args *, int (*)(void *), void *) { return -ENOSYS; }
#endif

void wait_for(pid_t pid) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
}

// Whether the group cannot be used any more, whatever somebody did to it.
static bool lost_group(long error) {
    return error == -ENODEV || error == -ENOENT || error == -EBUSY || error == -EOPNOTSUPP || error == -EACCES;
}

// Sandboxes that cannot look into clone3's argument refuse it as unknown; older kernels do not know every flag.
static bool is_refused(long error) {
    return error == -ENOSYS || error == -EPERM || error == -EINVAL || error == -E2BIG;
}

// Returns -ENOENT when the child was killed before it did anything: so it goes in a group that somebody has killed, see
// kill_cgroup().
static long clone_into(struct clone_args *arguments, struct start *start) {
    arguments->flags |= CLONE_INTO_CGROUP;
    arguments->cgroup = (uint64_t)start->plan->cgroup_fd;
    long pid = clone3_with(arguments, child_side, start);
    arguments->flags &= ~(uint64_t)CLONE_INTO_CGROUP;
    arguments->cgroup = 0;
    if (pid < 0 || start->has_begun) return pid;
    wait_for((pid_t)pid);
    return -ENOENT;
}

static long clone_child(struct start *start) {
    alignas(64) static char stack[32 * 1024]; // this process has one thread and starts one child at a time
    struct clone_args arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = sizeof stack,
    };
    struct plan *plan = start->plan;
    long pid = -ENOSYS;
    if (plan->cgroup_fd >= 0) pid = clone_into(&arguments, start);
    if (pid >= 0) return pid;
    plan->cgroup_changed = plan->cgroup_fd >= 0;
    if (lost_group(pid) && (plan->cgroup_fd = renew_cgroup()) >= 0) pid = clone_into(&arguments, start);
    if (pid >= 0) return pid;
    if (plan->cgroup_fd >= 0 && is_refused(pid)) give_up_cgroups();
    plan->cgroup_fd = -1;
    pid = clone3_with(&arguments, child_side, start);
    if (is_refused(pid)) {
        pid = clone(child_side, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, start);
        if (pid < 0) pid = -errno;
    }
    return pid;
}

pid_t spawn_agent(struct plan *plan) {
    static pid_t own_pid;
    if (own_pid == 0) own_pid = getpid();
    // No signal is handled in this process, so none can be in the child while it uses the same memory.
    struct start start = {.plan = plan, .parent = own_pid};
    plan->failed_step = "clone";
    long pid = clone_child(&start);
    if (pid < 0) return (pid_t)pid;
    if (start.error == 0) return (pid_t)pid;
    wait_for((pid_t)pid);
    return -start.error;
}

static const char *value_of(char **environment, const char *name) {
    size_t length = strlen(name);
    for (; *environment != nullptr; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
    return nullptr;
}

int find_program(const struct request *request, char *path, size_t size) {
    const char *program = request->arguments[0];
    if (strchr(program, '/') != nullptr) {
        if (strlen(program) >= size) return ENAMETOOLONG;
        strcpy(path, program);
        return 0;
    }
    const char *list = value_of(request->environment, "PATH");
    if (list == nullptr) list = "/usr/local/bin:/usr/bin:/bin";
    int error = ENOENT;
    for (const char *entry = list;; entry++) {
        size_t length = strcspn(entry, ":");
        bool absolute = length > 0 && entry[0] == '/';
        int written = snprintf(path, size, "%s%s%.*s/%s", absolute ? "" : request->working_directory,
                               absolute ? "" : "/", (int)length, entry, program);
        struct stat status;
        if (written > 0 && (size_t)written < size && stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
            if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0) return 0;
            error = EACCES;
        }
        entry += length;
        if (*entry == 0) return error;
    }
}
