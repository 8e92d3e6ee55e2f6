// SPDX-License-Identifier: Apache-2.0
// The Linux calls that Swift cannot import: variadic functions, macros, clone, and structures with odd layouts.
#pragma once
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Results: zero or a useful number, or the negated errno. Calls that a signal interrupts are repeated inside.
// A `name` is one path component as bytes with a length. Empty names, ".", "..", and names with a slash or a zero byte
// are refused (-EINVAL), so that no such argument can lead out of its directory. A `path` ends with a zero byte.

// MARK: Files

struct cl_status {
    uint64_t device, inode, links;
    int64_t size, modified_nanoseconds, changed_nanoseconds;
    uint32_t mode, owner, group;
};

int cl_directory_open(const char *path);
int cl_directory_open_at(int directory, const uint8_t *name, size_t length);
int cl_directory_reopen(int directory);
int cl_directory_make(const char *path, uint32_t mode);
int cl_directory_make_at(int directory, const uint8_t *name, size_t length, uint32_t mode);

/// Opens an existing regular file; anything else is refused before it is opened (-ELOOP for a link, else -EINVAL).
int cl_file_open(int directory, const uint8_t *name, size_t length);
/// Opens a regular file for writing, creating it when absent.
int cl_file_create(int directory, const uint8_t *name, size_t length, uint32_t mode, int exclusive, int append);
/// Makes a FIFO; -EEXIST when the name is taken, by whatever.
int cl_pipe_make(int directory, const uint8_t *name, size_t length, uint32_t mode);
enum { CL_PIPE_READ, CL_PIPE_WRITE, CL_PIPE_BOTH };
/// Opens an existing FIFO without waiting for the other end; anything else is refused before it is opened (-ELOOP for a
/// link, else -EINVAL). To write, it needs a reader (-ENXIO).
int cl_pipe_open(int directory, const uint8_t *name, size_t length, int end);
int cl_path_open(const char *path);
/// As cl_path_open, but a pipe is waited for, when it is opened and when it is read.
int cl_input_open(const char *path);

int cl_status_of(int descriptor, struct cl_status *status);
int cl_status_at(int directory, const uint8_t *name, size_t length, struct cl_status *status);
int cl_status_path(const char *path, struct cl_status *status);
/// Whether the effective user may list, change and search a directory.
int cl_may_change_directory(const char *path);

int cl_rename(int from, const uint8_t *name, size_t length, int to, const uint8_t *new_name, size_t new_length);
/// Never replaces: -EEXIST when the new name is taken. File systems without renameat2(2) get a link and an unlink.
int cl_rename_exclusive(int from, const uint8_t *name, size_t length, int to, const uint8_t *new_name,
                        size_t new_length);
int cl_link(int from, const uint8_t *name, size_t length, int to, const uint8_t *new_name, size_t new_length);
int cl_remove(int directory, const uint8_t *name, size_t length);
int cl_remove_directory(int directory, const uint8_t *name, size_t length);

struct cl_entry {
    size_t start, length; // of the name, within the buffer
    size_t next;          // where the following entry begins
    uint32_t mode;        // the S_IFMT bits, or 0 when the file system does not say
};

/// Fills the buffer with directory entries; 0 at the end of the directory.
long cl_entries_read(int directory, uint8_t *buffer, size_t size);
/// Decodes the entry at an offset of a filled buffer. Returns 0 for "." and "..", 1 for every other entry.
int cl_entry_decode(const uint8_t *buffer, size_t offset, struct cl_entry *entry);

long cl_read(int descriptor, void *buffer, size_t count);
long cl_read_at(int descriptor, void *buffer, size_t count, int64_t offset);
long cl_write(int descriptor, const void *bytes, size_t count);
long cl_write_at(int descriptor, const void *bytes, size_t count, int64_t offset);
int cl_rewind(int descriptor);
int cl_truncate(int descriptor, int64_t size);
int cl_sync(int descriptor);
/// Lets the device begin with the data of a file; a hint, of which nothing is promised.
void cl_sync_begin(int descriptor);
int cl_close(int descriptor);
int cl_duplicate(int descriptor);

enum { CL_LOCK_SHARED, CL_LOCK_EXCLUSIVE, CL_LOCK_NONE };
/// flock(2) without waiting; -EWOULDBLOCK when another open description is in the way.
int cl_lock(int descriptor, int kind);
/// 1 when somebody has the file open for writing, 0 when nobody has, or a negated errno.
int cl_has_writer(int descriptor);

enum { CL_OUTPUT_FILE, CL_OUTPUT_SOCKET, CL_OUTPUT_POLLED };
/// A second descriptor for the same output, for cl_output_write alone; sets the kind to pass there.
int cl_output_open(int descriptor, int *kind);
/// Writes without waiting: how many bytes, -EAGAIN when a reader must read first, or another negated errno.
long cl_output_write(int descriptor, int kind, const void *bytes, size_t count);

int cl_memory_file(void);
int cl_file_system_magic(const char *path, uint64_t *magic);
/// What an ordinary user can still write to the file system of a directory: bytes, and files.
int cl_room(int directory, uint64_t *bytes, uint64_t *files);
long cl_link_target(const char *path, char *buffer, size_t size);

// MARK: Stream sockets

/// Listens at a numeric IPv4 or IPv6 address (-EINVAL for anything else); port 0 is any free one.
int cl_stream_listen_internet(const char *host, uint16_t port, int backlog);
/// Listens at a socket file of the given mode. A file left by a dead listener is replaced; -EADDRINUSE when one lives
/// or when the path is something else than a socket.
int cl_stream_listen_file(const char *path, uint32_t mode, int backlog, uint64_t *device, uint64_t *inode);
/// Removes a socket file if it is still the same file.
void cl_stream_remove_file(const char *path, uint64_t device, uint64_t inode);
int cl_stream_port(int socket);
/// The next waiting connection, non-blocking and close-on-exec, or -EAGAIN.
int cl_stream_accept(int listener);
/// Begins a connection; writable when it stands.
int cl_stream_connect_internet(const char *host, uint16_t port);
int cl_stream_connect_file(const char *path);
/// Bytes received, 0 at the end.
long cl_stream_receive(int socket, void *buffer, size_t size);
/// Bytes taken, at most `count`; raises no signal.
long cl_stream_send(int socket, const void *bytes, size_t count);
int cl_stream_finish_writing(int socket);

// MARK: Facts about this machine and process

/// A description of an errno, never translated, valid for ever; null when the number is unknown.
const char *_Nullable cl_error_text(int error);
int64_t cl_clock_wall_milliseconds(void);
int64_t cl_clock_boot_nanoseconds(void);
/// How many seconds local time is ahead of UTC at a time in seconds since 1970, by TZ or /etc/localtime.
int cl_clock_local_offset(int64_t seconds);
int64_t cl_clock_cpu_nanoseconds(void);
int cl_process_id(void);
uint32_t cl_effective_user_id(void);
int cl_thread_id(void);
long cl_page_size(void);
long cl_descriptor_limit(void);
int cl_host_name(char *buffer, size_t size);
int cl_is_terminal(int descriptor);
int cl_terminal_columns(int descriptor);
char *_Nullable const *_Nullable cl_environment(void);

// MARK: Events

struct cl_event {
    uint64_t token;
    uint32_t events; // EPOLL bits, the same numbers on every architecture
};

int cl_epoll_create(void);
int cl_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int cl_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token);
int cl_epoll_remove(int epoll, int descriptor);
/// Waits without end for a timeout of -1. An interruption counts as a wait without events.
int cl_epoll_wait(int epoll, struct cl_event *events, int capacity, int timeout_milliseconds);

/// A counter that wakes an epoll loop.
int cl_counter_create(void);
/// A counter whose reader blocks until there is one to take.
int cl_semaphore_create(void);
int cl_counter_add(int counter, uint64_t value);
int cl_counter_take(int counter);

/// A timer on CLOCK_BOOTTIME, which goes on while the machine sleeps.
int cl_timer_create(void);
/// Sets the moment in nanoseconds since boot; 0 stops the timer.
int cl_timer_set(int timer, int64_t boot_nanoseconds);

int cl_signals_block(const int *signals, size_t count);
int cl_signal_ignore(int signal);
int cl_signal_is_ignored(int signal);
int cl_signals_open(const int *signals, size_t count);
/// The number of the next signal, or -EAGAIN.
int cl_signals_next(int descriptor);
int cl_signal_raise_in_thread(int signal);

enum {
    CL_WATCH_OTHER,
    CL_WATCH_SETTLED,
    CL_WATCH_APPEARED,
    CL_WATCH_VANISHED,
    CL_WATCH_GONE,
    CL_WATCH_OVERFLOW,
    CL_WATCH_WRITTEN
};

struct cl_watch_event {
    int watch, kind;
    size_t start, length; // of the name, within the buffer
    size_t next;          // where the following event begins
};

int cl_watch_create(void);
/// Watches an open directory, whatever its name is by now. The same directory gives the same number again.
/// Names that are renamed to elsewhere are told only when `moves_away` is not 0.
int cl_watch_add(int watcher, int directory, int moves_away);
/// Adds writes to what is told about an open directory, and watches it if it is not watched yet.
int cl_watch_add_writes(int watcher, int directory);
int cl_watch_remove(int watcher, int watch);
void cl_watch_decode(const uint8_t *buffer, size_t offset, struct cl_watch_event *event);

// MARK: Threads, processes, sockets

uintptr_t cl_thread_token(void);
/// Starts a detached thread with all signals blocked.
int cl_thread_start(void (*body)(void *), void *context);

/// Starts a program with the given descriptors at 0, 1, 2, …, all others close-on-exec, default signal dispositions and
/// an empty signal mask; the descriptors may overlap those numbers. Returns the process number or a negated errno, that
/// of execve(2) included; then no process is left.
int cl_spawn(const char *path, char *_Nullable const *_Nonnull arguments, char *_Nullable const *_Nonnull environment,
             const int *descriptors, int count);
int cl_pidfd_open(int pid);
int cl_pidfd_signal(int pidfd, int signal);
/// Sends a signal with a number that its receiver can read, as sigqueue(3) does.
int cl_pidfd_queue(int pidfd, int signal, int value);
enum { CL_EXITED, CL_SIGNALED };
/// Waits for a child: its number, or 0 when it still runs and `no_hang` is set.
int cl_reap(int pid, int no_hang, int *kind, int *value);

int cl_socket_pair(int *first, int *second);
int cl_packet_send(int socket, const uint8_t *bytes, size_t count, const int *_Nullable descriptors,
                   size_t descriptor_count);
/// Receives one packet: its length, 0 at the end, -EMSGSIZE when it is larger than the buffer. Without room for
/// descriptors the kernel closes those that came along.
long cl_packet_receive(int socket, uint8_t *buffer, size_t size, int *_Nullable descriptors, size_t *descriptor_count);

#pragma clang assume_nonnull end

/// Orphaned descendants become children of this process instead of init's.
int cl_become_subreaper(void);

// MARK: The thread sanitizer

/// What this thread did so far happens before what a thread does after cl_taken_over with the same address.
void cl_handed_over(const void *_Nonnull through);
void cl_taken_over(const void *_Nonnull through);
