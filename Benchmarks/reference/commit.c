// SPDX-License-Identifier: Apache-2.0
// Claims and results become durable in batches on one thread, exit records on one thread for each slot.
#include "commit.h"
#include "yardstick.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BATCH = 64 };

static const struct places *at;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER, wake_recorder = PTHREAD_COND_INITIALIZER;
static struct job *claims, *results, *exits, *done;
static int done_fd;
static bool has_recorders;

// Creates a file under a temporary name, and writes it.
static int create(int directory, const char *temporary, const char *text, size_t length) {
    int fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length) fail("write %s", temporary);
    return fd;
}

static void name_with(char *out, const char *prefix, const struct job *job, const char *suffix) {
    snprintf(out, 300, "%s%s%s", prefix, job->name, suffix);
}

static void sync_file(int directory, const char *name) {
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd)) fail("sync %s", name);
    close(fd);
}

static void sync_descriptor(int fd) {
    if (fsync(fd)) fail("fsync");
}

// About as long as the records that Vigil writes.
static const char record[] = "{\"version\":1,\"task_id\":\"00000000\",\"worker\":\"marie\",\"owner\":\"marie-1-1-0\","
                             "\"phase\":\"running\",\"attempt\":1,\"run_id\":\"0000000000000000\",\"digest\":\""
                             "0000000000000000000000000000000000000000000000000000000000000000\"}\n";

static void write_and_rename(int directory, const struct job *job, const char *suffix, const char *text, size_t length,
                             bool sync) {
    char temporary[300], name[300];
    name_with(temporary, ".new-", job, suffix);
    name_with(name, "", job, suffix);
    int fd = create(directory, temporary, text, length);
    if (sync) sync_descriptor(fd);
    close(fd);
    if (renameat(directory, temporary, directory, name)) fail("rename %s", name);
}

void write_record(struct job *job, const struct places *places) {
    write_and_rename(places->claimed, job, "~state", record, sizeof record - 1, false);
}

void write_result(struct job *job, const struct places *places) {
    write_and_rename(places->results, job, "", job->text, job->length, false);
}

void remove_claim(struct job *job, const struct places *places, bool all) {
    char name[300];
    static const char *const suffixes[] = {"~exit", "~state", ""};
    for (int i = all ? 0 : 2; i < 3; i++) {
        name_with(name, "", job, suffixes[i]);
        if (unlinkat(places->claimed, name, 0)) fail("remove %s", name);
    }
}

static void make_claims_durable(struct job *list) {
    char name[300];
    for (struct job *job = list; job != NULL; job = job->next_claim)
        write_and_rename(at->receipts, job, "~receipt", record, sizeof record - 1, false);
    for (struct job *job = list; job != NULL; job = job->next_claim) {
        sync_file(at->claimed, job->name);
        name_with(name, "", job, "~state");
        sync_file(at->claimed, name);
        name_with(name, "", job, "~receipt");
        sync_file(at->receipts, name);
    }
    sync_descriptor(at->claimed);
    sync_descriptor(at->receipts);
    sync_descriptor(at->tasks);
}

static void make_results_durable(struct job *list) {
    int fds[BATCH];
    char temporary[300];
    int n = 0;
    for (struct job *job = list; job != NULL; job = job->next, n++) {
        name_with(temporary, ".new-", job, "");
        fds[n] = create(at->results, temporary, job->text, job->length);
        if (list->next != NULL) sync_file_range(fds[n], 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    for (int i = 0; i < n; i++) {
        sync_descriptor(fds[i]);
        close(fds[i]);
    }
    for (struct job *job = list; job != NULL; job = job->next) {
        name_with(temporary, ".new-", job, "");
        if (renameat(at->results, temporary, at->results, job->name)) fail("rename %s", job->name);
    }
    sync_descriptor(at->results);
    for (struct job *job = list; job != NULL; job = job->next) remove_claim(job, at, has_recorders);
}

// With the lock held: the job goes on when both its claim and its exit record are durable.
static void promote(struct job *job) {
    if (!job->is_claim_durable || !job->is_exit_durable) return;
    job->next = results, results = job;
    pthread_cond_signal(&wake);
}

static struct job *take_results(void) {
    struct job *taken = NULL;
    for (int n = 0; n < BATCH && results != NULL; n++) {
        struct job *job = results;
        results = job->next, job->next = taken, taken = job;
    }
    return taken;
}

static void *commit(void *context) {
    for (;;) {
        pthread_mutex_lock(&lock);
        while (claims == NULL && results == NULL) pthread_cond_wait(&wake, &lock);
        struct job *claimed = claims, *ended = take_results();
        claims = NULL;
        pthread_mutex_unlock(&lock);
        if (claimed != NULL) make_claims_durable(claimed);
        if (ended != NULL) make_results_durable(ended);
        pthread_mutex_lock(&lock);
        for (struct job *job = claimed, *next; job != NULL; job = next) {
            next = job->next_claim;
            job->is_claim_durable = true;
            promote(job);
        }
        while (ended != NULL) {
            struct job *next = ended->next;
            ended->next = done, done = ended, ended = next;
        }
        bool any = done != NULL;
        pthread_mutex_unlock(&lock);
        if (any && eventfd_write(done_fd, 1)) fail("eventfd");
    }
    return context;
}

static void *record_exits(void *context) {
    for (;;) {
        pthread_mutex_lock(&lock);
        while (exits == NULL) pthread_cond_wait(&wake_recorder, &lock);
        struct job *job = exits;
        exits = job->next_exit;
        pthread_mutex_unlock(&lock);
        write_and_rename(at->claimed, job, "~exit", record, sizeof record - 1, true);
        sync_descriptor(at->claimed);
        pthread_mutex_lock(&lock);
        job->is_exit_durable = true;
        promote(job);
        pthread_mutex_unlock(&lock);
    }
    return context;
}

int start_committing(const struct places *places, int recorders) {
    at = places;
    has_recorders = recorders > 0;
    done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_t thread;
    if (pthread_create(&thread, NULL, commit, NULL)) fail("pthread_create");
    for (int i = 0; i < recorders; i++)
        if (pthread_create(&thread, NULL, record_exits, NULL)) fail("pthread_create");
    return done_fd;
}

void hand_over(struct job *job, enum stage stage) {
    pthread_mutex_lock(&lock);
    switch (stage) {
    case STAGE_CLAIM:
        job->is_claim_durable = job->is_exit_durable = false;
        job->next_claim = claims, claims = job;
        pthread_cond_signal(&wake);
        break;
    case STAGE_EXIT:
        job->next_exit = exits, exits = job;
        pthread_cond_signal(&wake_recorder);
        break;
    case STAGE_RESULT:
        job->next = results, results = job;
        pthread_cond_signal(&wake);
        break;
    }
    pthread_mutex_unlock(&lock);
}

struct job *take_done(void) {
    eventfd_t count;
    eventfd_read(done_fd, &count);
    pthread_mutex_lock(&lock);
    struct job *list = done;
    done = NULL;
    pthread_mutex_unlock(&lock);
    return list;
}
