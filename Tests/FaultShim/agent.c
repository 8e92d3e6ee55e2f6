// SPDX-License-Identifier: Apache-2.0
// The agent of the fault campaigns: does what its task says, and is the witness of its own life.
//
// It writes into the directory that it lies in: `witness.log`, one line when it starts and one when it ends, each with
// one write; and `live/<task>`, a lock that it and all its children hold. A start that finds the lock taken has seen
// another execution of the same task alive. The task's description is a list of words: `fail`, `fail:N` (the first N
// attempts), `linger:MS`, `stray` (leaves a process of its own session behind), `bytes:N` (of output), `cancel` (asks for
// its own task to be cancelled, with the request that lies beside it), `hold` (until it is killed).
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *task, *run, *attempt, *worker;
static int journal;

static void witness(const char *event, const char *facts) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    char line[1024];
    int length = snprintf(line, sizeof line,
                          "{\"event\":\"%s\",\"task_id\":\"%s\",\"attempt\":%s,\"run\":\"%s\",\"pid\":%d,\"at\":%lld%s}\n",
                          event, task, attempt, run, (int)getpid(),
                          (long long)now.tv_sec * 1000000000 + now.tv_nsec, facts);
    if (write(journal, line, (size_t)length) != length) _exit(70);
}

static void start(char *here) {
    char path[4096];
    snprintf(path, sizeof path, "%s/live/%s", here, task);
    int lock = open(path, O_RDWR | O_CREAT, 0600);
    if (lock < 0) _exit(71);
    int is_alone = flock(lock, LOCK_EX | LOCK_NB) == 0;
    snprintf(path, sizeof path, "%s/root/results/%s/%s.json", here, worker, task);
    struct stat status;
    int is_over = lstat(path, &status) == 0;
    char facts[64];
    snprintf(facts, sizeof facts, ",\"alone\":%s,\"over\":%s", is_alone ? "true" : "false", is_over ? "true" : "false");
    witness("start", facts);
}

static void leave_stray(void) {
    if (fork() != 0) return;
    setsid();
    if (fork() != 0) _exit(0);
    for (;;) pause();
}

// A link appears whole, and an agent that runs again finds its request made.
static void ask_for_cancel(const char *here) {
    char prepared[4096], request[4096];
    snprintf(prepared, sizeof prepared, "%s/cancel-%s", here, task);
    snprintf(request, sizeof request, "%s/root/tasks/.control/%s~cancel", here, task);
    if (link(prepared, request) < 0 && errno != EEXIST) _exit(74);
}

static void print_bytes(long count) {
    char block[4096];
    memset(block, 'x', sizeof block);
    for (; count > 0; count -= (long)sizeof block) {
        size_t size = count < (long)sizeof block ? (size_t)count : sizeof block;
        if (write(1, block, size) < 0) return;
    }
}

int main(int count, char **arguments) {
    char here[3072];
    long length = readlink("/proc/self/exe", here, sizeof here - 1);
    here[length < 0 ? 0 : length] = 0;
    char *slash = strrchr(here, '/');
    if (slash != NULL) *slash = 0;
    task = getenv("VIGIL_TASK_ID");
    run = getenv("VIGIL_RUN_ID");
    attempt = getenv("VIGIL_ATTEMPT");
    worker = getenv("VIGIL_WORKER");
    if (task == NULL || run == NULL || attempt == NULL || worker == NULL) return 72;
    char path[4096];
    snprintf(path, sizeof path, "%s/witness.log", here);
    journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) return 73;
    start(here);
    printf("%s %s %s\n", task, attempt, run);
    fflush(stdout);
    int code = 0;
    char *words = strdup(count > 1 ? arguments[count - 1] : "");
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        if (strcmp(word, "fail") == 0) code = 1;
        if (strncmp(word, "fail:", 5) == 0 && atoi(attempt) <= atoi(word + 5)) code = 1;
        if (strncmp(word, "linger:", 7) == 0) poll(NULL, 0, atoi(word + 7));
        if (strcmp(word, "stray") == 0) leave_stray();
        if (strcmp(word, "cancel") == 0) ask_for_cancel(here);
        if (strcmp(word, "hold") == 0)
            for (;;) pause();
        if (strncmp(word, "bytes:", 6) == 0) print_bytes(atol(word + 6));
    }
    char facts[32];
    snprintf(facts, sizeof facts, ",\"code\":%d", code);
    witness("exit", facts);
    return code;
}
