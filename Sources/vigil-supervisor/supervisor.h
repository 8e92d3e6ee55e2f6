// SPDX-License-Identifier: Apache-2.0
// The supervisor of one slot: its wire format, and the functions its files share.
#pragma once
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The wire format. The other side is Sources/Supervision/RequestEncoding.swift; both name the same version.
//
// The control socket is SOCK_SEQPACKET on descriptor 3. The daemon sends packets that begin with `struct packet`. Behind
// that of a PACKET_RUN comes the request body, of up to PACKET_BODY_MAX bytes. With it come descriptors, in this order:
// claim lock, output directory, exits directory; the file of the claim's record, if RUN_CLAIM_RECORD is set; the request
// body as a memfd, if RUN_BODY_FILE is set, and then nothing comes behind the packet; standard input, if RUN_INPUT is set,
// which is /dev/null otherwise.
// The supervisor answers each PACKET_RUN with one message: a uint32_t kind, then
//   ANSWER_RECORD, ANSWER_UNWRITTEN   a struct account: what the exit record says (UNWRITTEN: no file could be made)
//   ANSWER_REFUSED                    an int32_t errno; nothing was started
// A PACKET_SOON says that a PACKET_RUN is most likely to follow at once, and is not answered. With it may come an output
// directory, and behind it the name of logs, with one NUL, that the request is going to have.
// What is no valid packet is refused when idle and ignored during an attempt.
//
// The first argument is room for a title: the supervisor overwrites it with "idle", or with two arguments: "run=RUN_ID",
// and what earlier runs have used of the processor, in microseconds, as "cgroup_cpu=N" in its control group when the run
// is in that, else as "cpu=N" in processes that it has waited for. So a daemon without a socket finds the supervisor of a
// run in /proc/*/cmdline. It then sends SIGUSR1 (cancel, or the reason that the signal carries as a value, see
// sigqueue(3)) or SIGTERM (shutdown). An idle supervisor ends on SIGTERM.
//
// Request body, all integers little endian:
//   8 bytes   "VIGILRQ6"
//   6 x u64   attempt, timeout in ms (0 none), grace in ms, most log bytes (0 no limit), flags (bit 0: sync record),
//             where the claim's record has CLAIM_RECORD_ROOM bytes for the exit record, if its file has come
//   strings   run id, record name, spare (a file in the exits directory to write the record into; empty: none),
//             logs (a directory in the output directory, made if need be; empty: the output directory itself),
//             working directory, cgroup parent (empty: none)
//   list      arguments
//   list      environment entries NAME=VALUE
// A string is a u32 length, that many bytes without NUL, and one NUL. A list is a u32 count and as many strings.
// Nothing follows the second list.
enum { CONTROL_FD = 3 };
enum { PACKET_RUN = 1, PACKET_TERMINATE = 2, PACKET_SOON = 3 };
enum { RUN_BODY_FILE = 1, RUN_INPUT = 2, RUN_CLAIM_RECORD = 4 };
enum { ANSWER_RECORD = 1, ANSWER_UNWRITTEN = 2, ANSWER_REFUSED = 3 };
enum reason {
    REASON_CANCELLED = 1,
    REASON_SHUTDOWN,
    REASON_START,
    REASON_SILENCE,
    REASON_TOOL,
    REASON_AFTER_RESULT,
    REASON_BUDGET,
};
struct packet {
    uint32_t kind;
    uint32_t detail; // of PACKET_RUN: RUN_...; of PACKET_TERMINATE: the reason
    uint64_t grace_ms;
};
static_assert(sizeof(struct packet) == 16);
#define REQUEST_MAGIC "VIGILRQ6"

enum { RUN_ID_MAX = 128, NAME_MAX_BYTES = 255, ANSWER_MAX = 2048, RECORD_STEP = 64, CLAIM_RECORD_ROOM = 512 };
enum { PACKET_BODY_MAX = 64 << 10, REQUEST_MAX = 16 << 20 };

// One decoded request. Strings of the body point into `body`, which is valid until the agent runs: then `memory` is given
// back, or another packet may come to lie there.
struct request {
    int body_fd, lock_fd, logs_fd, exits_fd, claim_fd, stdin_fd; // -1: none
    int stdout_fd, stderr_fd;
    uint64_t attempt;
    int64_t timeout_ms, grace_ms, max_log_bytes;
    bool sync_record;
    int64_t claim_offset;
    char run_id[RUN_ID_MAX + 1];
    char record_name[NAME_MAX_BYTES + 1];
    char spare_name[NAME_MAX_BYTES + 1]; // empty when there is none, or when it was used
    const char *logs_name;               // empty: the logs lie in the directory itself
    const char *working_directory;
    const char *cgroup_parent;
    char **arguments;
    char **environment;
    char *body;
    size_t body_size;
    void *memory;
    size_t memory_size;
};

enum message { MESSAGE_NONE, MESSAGE_CLOSED, MESSAGE_MALFORMED, MESSAGE_NO_ROOM, MESSAGE_RUN, MESSAGE_TERMINATE };

// Takes one message from the control socket without waiting. That of a run is in `request` afterwards, until the next.
enum message receive_message(int control, struct packet *packet, struct request *request);
// The same in two halves, around a recvmsg(2) with MSG_CMSG_CLOEXEC that somebody else makes.
struct msghdr *begin_receiving(void);
bool has_received(void); // whether there is anything since then
bool is_announcement(ssize_t length_or_error); // whether it is a PACKET_SOON
// The logs that an announcement names, and the directory for them, which is the caller's then; -1: none. Like drop() it only
// makes system calls, without errno.
const char *take_announcement(ssize_t length, int *place);
enum message understand(int control, ssize_t length_or_error, struct packet *packet, struct request *request);
// Reads and checks the body. Returns 0 or an errno.
int decode_request(struct request *request);
void release_request_memory(struct request *request);
void close_request(struct request *request);
// Closes and forgets one descriptor.
void drop(int *fd);

// How logs are opened, and with which permissions they are made.
enum { LOG_FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, LOG_MODE = 0640, LOG_PLACE_MODE = 0750 };
// Times of a message are limited to ten years, which keeps the arithmetic in nanoseconds safe.
int64_t limited_ms(uint64_t ms);

// What became of the agent.
enum ending { ENDING_EXITED, ENDING_SIGNALLED, ENDING_SPAWN_FAILED };
enum cut_off {
    CUT_NONE,
    CUT_TIMEOUT,
    CUT_CANCELLED,
    CUT_OUTPUT_LIMIT,
    CUT_SHUTDOWN,
    CUT_START,
    CUT_SILENCE,
    CUT_TOOL,
    CUT_AFTER_RESULT,
    CUT_BUDGET,
};
struct outcome {
    enum ending ending;
    enum cut_off cut_off;
    int code; // exit code, signal or errno
    const char *step;
    int64_t started_ms, finished_ms; // since 1970
    int64_t duration_ns;
    int64_t stdout_bytes, stderr_bytes;
    int64_t cpu_us, max_resident_bytes;
    unsigned stragglers_killed;
};

// Logs that are made before there is a request. The first three are called by the waiting agent, without the baton.
void prepare_logs(void);
// Moves them to where a request is going to want them, if that can be; takes the descriptor over. And back.
void announce_logs(int place, const char *name);
void take_logs_back(void);
// Looks whether they are where they were noted to be: after the death of who may have been moving them.
void find_logs_again(void);
// Where to make them from now on: takes the descriptor over.
void set_place_for_logs(int directory);
// Moves them to where the request wants them. Returns false, and leaves none behind, when that cannot be.
bool take_prepared_logs(struct request *request);
void drop_prepared_logs(void);
// At the end of this process.
void leave_place_for_logs(void);

// What an answer tells of an outcome, as the daemon's side of the wire reads it: integers in the machine's order.
struct account {
    uint64_t attempt;
    int64_t started_ms, finished_ms, duration_us, stdout_bytes, stderr_bytes, cpu_us, max_resident_bytes;
    uint32_t stragglers_killed, ending, cut_off;
    int32_t code;
    char step[24], run_id[RUN_ID_MAX + 8]; // filled up with zeros
};
static_assert(sizeof(struct account) == 240);

// What the agent's process needs for its last steps.
struct plan {
    const char *path;
    char **arguments;
    char **environment;
    const char *working_directory;
    int stdin_fd, stdout_fd, stderr_fd;
    bool shares_descriptors; // with this process, whose 0 to 2 become the agent's, too
    int cgroup_fd;           // -1: none
    bool cgroup_changed;     // the agent is in another one, or in none
    const char *failed_step;
};
// Shows in the title that the run is served.
void show_attempt(const struct request *request, bool in_cgroup);
// Opens the logs and finds the program. `path` is room for PATH_MAX bytes, and used as long as the plan is. Returns 0, or
// an errno with `failed_step` set.
int make_plan(struct request *request, int null, char *path, struct plan *plan);
// Starts the agent. Returns its pid, or a negative errno with `failed_step` set and no child left.
pid_t spawn_agent(struct plan *plan);
// Waits for the end of a child.
void wait_for(pid_t pid);
// Makes the calling process the agent: system calls only. Returns an errno, with `failed_step` set.
int become_agent(struct plan *plan);
// clone3(2) with a function for the child to run, for a child that has a stack of its own in this process's memory.
struct clone_args;
long clone3_with(struct clone_args *arguments, int (*body)(void *), void *argument);
// Finds the program as execvp does, with the PATH of `environment`. Returns 0 or an errno.
int find_program(const struct request *request, char *path, size_t size);

// What this process waits for: the daemon, its own signals, the next deadline of the attempt.
struct channels {
    int control, signals, timer;
    int null; // /dev/null, for agents without an input
};
// An agent that is started already, or has failed to.
struct begun {
    pid_t pid;
    int64_t started_at, started_ms; // elapsed_ns(), wall_ms()
    int error;                      // 0, or why it ended without executing anything
    const char *failed_step;
};
// Runs one attempt to its end: agent started if it is not, waited for, and no process of it left.
void run_attempt(struct request *request, const struct begun *begun, const struct channels *channels,
                 struct outcome *outcome, bool *daemon_gone);

// Has an agent wait for the next request, if that can be; it is in the control group that is there.
void have_agent_wait(const struct channels *channels);
void end_waiting_agent(void);

// What ends the wait of a supervisor that has nothing to do.
enum idle_event {
    IDLE_NOTHING,
    IDLE_CONTROL, // there is a message to be received
    IDLE_MESSAGE, // the waiting agent has received one, see take_message()
    IDLE_SIGNAL,
};
enum idle_event wait_idle(const struct channels *channels);
// What the waiting agent has received, which is over with that. With a pid in `begun` it has gone on with it by itself.
enum message take_message(struct request **request, struct begun *begun);

// Sends each signal of the zero-terminated list to every descendant of this process. Returns how many there were.
size_t signal_descendants(const int *signal_list);
// Stops all descendants until no new one appears, then kills them.
void kill_descendants(void);

// getdents64(2). opendir(3) would allocate.
struct directory_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};
enum { DIRECTORY_TYPE = 4 }; // DT_DIR

// The descriptor of this process's own control group below `parent`, made if need be, or -1.
int use_cgroup(const char *parent);
// The descriptor of the group that is there, or -1; and whether it is the one that use_cgroup() would give.
int present_cgroup(void);
bool is_present_cgroup(const char *parent);
// Another group in place of one that cannot be used any more. Returns its descriptor, or -1.
int renew_cgroup(void);
// For a kernel that starts no process in a group.
void give_up_cgroups(void);
// The processor time of the agents that were in the group before.
int64_t earlier_cgroup_usage_us(void);
void kill_cgroup(void);
bool cgroup_is_populated(void);
// After an attempt: leaves a group that is as good as new for the next one.
void tidy_cgroup(void);
void remove_cgroup(void);

// The title: from now on in place of an argument of this process, as long as that is. Then what it shows: that nothing is
// done, or that a run is served, and what earlier runs have used of the processor.
void set_title(char *argument);
void show_idle(void);
void show_run(const char *run_id, bool in_cgroup, int64_t earlier_us);

// A text under construction; what has no room is left out, and `end` reached.
struct text {
    char *at;
    char *end;
};
void put(struct text *text, const char *part);
// At least `digits` digits, with zeros before them.
void put_number(struct text *text, uint64_t value, int digits);

struct account account_of(const struct request *request, const struct outcome *outcome);
size_t format_record(const struct request *request, const struct outcome *outcome, char *text, size_t size);
// Writes the record under its name. Returns 0 or an errno.
int write_record(struct request *request, const char *text, size_t length, bool sync);

// Never set back, and goes on while the machine is suspended.
int64_t elapsed_ns(void);
int64_t wall_ms(void);
// Waits for `signals` (or -1) at most `ms`, and empties it.
void pause_for(int signals, int ms);
