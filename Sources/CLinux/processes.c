// SPDX-License-Identifier: Apache-2.0
// Threads, child processes, and packets between processes.
#include "internal.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

// MARK: Threads

uintptr_t cl_thread_token(void) { return (uintptr_t)pthread_self(); }

struct thread_start {
    void (*body)(void *);
    void *context;
};

static void *run_thread(void *argument) {
    struct thread_start start = *(struct thread_start *)argument;
    free(argument);
    start.body(start.context);
    return nullptr;
}

int cl_thread_start(void (*body)(void *), void *context) {
    struct thread_start *start = malloc(sizeof *start);
    if (start == nullptr) return -ENOMEM;
    *start = (struct thread_start){.body = body, .context = context};
    // A new thread inherits the mask; signals are for the thread that reads the signalfd.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, nullptr, run_thread, start);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error == 0) return -pthread_detach(thread);
    free(start);
    return -error;
}

// MARK: Starting a program

enum { MOST_DESCRIPTORS = 16 };

// The thread sanitizer can follow a child only if that has memory of its own.
#if __has_feature(thread_sanitizer)
enum { CHILD_MEMORY = 0 };
#else
enum { CHILD_MEMORY = CLONE_VM };
#endif

struct program {
    const char *path;
    char *const *arguments, *const *environment;
    const int *descriptors;
    int count;
    volatile int *error; // in memory that parent and child share
};

// Descriptors are first copied above their final numbers, so that no copy lands on one that is still to be copied.
static int place_descriptors(const struct program *program) {
    int copies[MOST_DESCRIPTORS];
    for (int i = 0; i < program->count; i++) {
        copies[i] = fcntl(program->descriptors[i], F_DUPFD_CLOEXEC, program->count);
        if (copies[i] < 0) return errno;
    }
    for (int i = 0; i < program->count; i++)
        if (dup2(copies[i], i) < 0) return errno;
    if (syscall(SYS_close_range, (unsigned)program->count, ~0u, CLOSE_RANGE_CLOEXEC) == 0) return 0;
    // Some sandboxes do not know the call. Descriptors of this project are close-on-exec anyway.
    long limit = sysconf(_SC_OPEN_MAX);
    for (int fd = program->count; fd < limit && fd < 65536; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

// Runs in the child but mostly in the parent's memory, while the calling thread stands still: system calls only.
static int child_side(void *argument) {
    struct program *program = argument;
    // The child has a table of dispositions of its own (no CLONE_SIGHAND). Ignored signals would stay ignored over
    // execve(2). Signals are blocked here, so no handler of the parent can run in the shared memory.
    // By the system call itself, because sigaction(3) keeps two real-time signals from its callers; all zero is SIG_DFL
    // in the kernel's structure, whose mask has 64 bits.
    const uint64_t reset[4] = {0};
    for (int signal = 1; signal <= 64; signal++) syscall(SYS_rt_sigaction, signal, reset, nullptr, sizeof(uint64_t));
    *program->error = place_descriptors(program);
    if (*program->error != 0) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(program->path, program->arguments, program->environment);
    *program->error = errno;
    _exit(127);
}

static int spawn(struct program *program) {
    alignas(64) char stack[64 * 1024]; // this thread's own stack is idle while the child is on it
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int pid = clone(child_side, stack + sizeof stack, CHILD_MEMORY | CLONE_VFORK | SIGCHLD, program);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return -error;
    if (*program->error == 0) return pid;
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
    return -*program->error;
}

int cl_spawn(const char *path, char *const *arguments, char *const *environment, const int *descriptors, int count) {
    if (count < 0 || count > MOST_DESCRIPTORS) return -EINVAL;
    volatile int error = 0;
    struct program program = {path, arguments, environment, descriptors, count, &error};
    if (CHILD_MEMORY != 0) return spawn(&program);
    void *shared = mmap(nullptr, sizeof error, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return -errno;
    program.error = shared;
    int result = spawn(&program);
    munmap(shared, sizeof error);
    return result;
}

// MARK: Following a process

int cl_pidfd_open(int pid) { RETRY((int)syscall(SYS_pidfd_open, pid, 0)); }

int cl_pidfd_signal(int pidfd, int signal) { RETRY((int)syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0)); }

int cl_pidfd_queue(int pidfd, int signal, int value) {
    siginfo_t info = {.si_signo = signal, .si_code = SI_QUEUE};
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = value;
    RETRY((int)syscall(SYS_pidfd_send_signal, pidfd, signal, &info, 0));
}

int cl_reap(int pid, int no_hang, int *kind, int *value) {
    int status = 0;
    pid_t result;
    do result = waitpid(pid, &status, no_hang ? WNOHANG : 0);
    while (result < 0 && errno == EINTR);
    if (result < 0) return -errno;
    *kind = WIFSIGNALED(status) ? CL_SIGNALED : CL_EXITED;
    *value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return result;
}

// MARK: Packets

enum { MOST_PASSED = 253 }; // SCM_MAX_FD of the kernel, see unix(7)

int cl_socket_pair(int *first, int *second) {
    int both[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, both) < 0) return -errno;
    *first = both[0];
    *second = both[1];
    return 0;
}

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(MOST_PASSED * sizeof(int))];
};

int cl_packet_send(int socket, const uint8_t *bytes, size_t count, const int *descriptors, size_t descriptor_count) {
    // An empty packet reads like the end of the stream.
    if (count == 0 || descriptor_count > MOST_PASSED) return -EINVAL;
    union control control = {0};
    struct iovec data = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (descriptor_count > 0 && descriptors != nullptr) {
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
        memcpy(CMSG_DATA(&control.header), descriptors, descriptor_count * sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
    }
    RETRY((int)sendmsg(socket, &message, MSG_NOSIGNAL));
}

static size_t take_descriptors(struct msghdr *message, int *descriptors) {
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return 0;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(descriptors, CMSG_DATA(header), count * sizeof(int));
    return count;
}

long cl_packet_receive(int socket, uint8_t *buffer, size_t size, int *descriptors, size_t *descriptor_count) {
    union control control;
    struct iovec data = {.iov_base = buffer, .iov_len = size};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (descriptors != nullptr) {
        size_t room = *descriptor_count < MOST_PASSED ? *descriptor_count : MOST_PASSED;
        message.msg_control = &control;
        // CMSG_LEN, not CMSG_SPACE: the padding of an odd count would let the kernel pass one descriptor too many.
        message.msg_controllen = CMSG_LEN(room * sizeof(int));
    }
    *descriptor_count = 0;
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    if (descriptors != nullptr) *descriptor_count = take_descriptors(&message, descriptors);
    if ((message.msg_flags & MSG_TRUNC) == 0) return count;
    for (size_t i = 0; descriptors != nullptr && i < *descriptor_count; i++) close(descriptors[i]);
    *descriptor_count = 0;
    return -EMSGSIZE;
}
