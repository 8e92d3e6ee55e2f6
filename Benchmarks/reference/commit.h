// SPDX-License-Identifier: Apache-2.0
// Making the engine's files durable, on threads beside its loop.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// Directories, as open descriptors.
struct places {
    int tasks, claimed, receipts, results;
};

// What has to become durable next; an exit record is followed by its result.
enum stage { STAGE_CLAIM, STAGE_EXIT, STAGE_RESULT };

// One task on its way; a claim and an exit record of the same job may be under way at the same time.
struct job {
    char name[256];
    char text[131072];
    size_t length;
    struct job *next, *next_claim, *next_exit;
    bool is_claim_durable, is_exit_durable;
};

// Writes the claim's record, unsynced.
void write_record(struct job *job, const struct places *places);
// Writes the result and renames it into place, unsynced.
void write_result(struct job *job, const struct places *places);
// Removes what the claim has left; with `all`, also the records beside the task.
void remove_claim(struct job *job, const struct places *places, bool all);

// Starts the thread for claims and results, and `recorders` for exit records.
// Returns an eventfd that is readable when jobs are done.
int start_committing(const struct places *places, int recorders);
// Hands a job to the threads.
void hand_over(struct job *job, enum stage stage);
// The jobs whose results are durable and whose claims are removed, linked by `next`.
struct job *take_done(void);
