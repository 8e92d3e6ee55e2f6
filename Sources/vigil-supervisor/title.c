// SPDX-License-Identifier: Apache-2.0
// What the supervisor does, for others to read in /proc/<pid>/cmdline.
#include "supervisor.h"
#include <string.h>

static char *title;
static size_t title_size;

// Behind the program's name.
static struct text begin_title(void) {
    if (title_size == 0) return (struct text){0};
    memset(title, 0, title_size);
    return (struct text){.at = title, .end = title + title_size - 1};
}

void set_title(char *room) {
    title = room;
    title_size = strlen(room) + 1;
    show_idle();
}

void show_idle(void) {
    struct text text = begin_title();
    put(&text, "idle");
}

void show_run(const char *run_id, bool in_cgroup, int64_t earlier_us) {
    struct text text = begin_title();
    put(&text, "run=");
    put(&text, run_id);
    if (text.at < text.end) text.at++; // a zero ends an argument
    put(&text, in_cgroup ? "cgroup_cpu=" : "cpu=");
    put_number(&text, (uint64_t)earlier_us, 1);
}
