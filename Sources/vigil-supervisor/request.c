// SPDX-License-Identifier: Apache-2.0
// Takes messages off the control socket and decodes requests; nothing in a message can crash it.
#include "calls.h"
#include "supervisor.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void drop(int *fd) {
    if (*fd >= 0) call(SYS_close, *fd, 0, 0, 0, 0);
    *fd = -1;
}

void close_request(struct request *request) {
    release_request_memory(request);
    drop(&request->body_fd);
    drop(&request->lock_fd);
    drop(&request->logs_fd);
    drop(&request->exits_fd);
    drop(&request->claim_fd);
    drop(&request->stdin_fd);
    drop(&request->stdout_fd);
    drop(&request->stderr_fd);
}

void release_request_memory(struct request *request) {
    if (request->memory != nullptr) munmap(request->memory, request->memory_size);
    request->memory = nullptr;
}

// A string of a body takes up five bytes at least, and its pointer lies behind the body. So do the ends of both lists, and
// what it takes to begin on a pointer's boundary.
enum { STRING_LEAST = 5, LISTS_AND_ALIGNMENT = 4 };
enum { REQUEST_FDS = 3, REQUEST_FDS_MOST = 6, RIGHTS_ROOM = 8 };

// Where messages are received. The pointers to the strings of a body come to lie behind it.
static struct {
    struct packet packet;
    char body[PACKET_BODY_MAX + sizeof(char *) * (PACKET_BODY_MAX / STRING_LEAST + LISTS_AND_ALIGNMENT)];
} received;
static struct msghdr incoming;

// Returns how many descriptors came with the message; those beyond `REQUEST_FDS_MOST` are closed.
static int take_descriptors(struct msghdr *message, int *fds) {
    int count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != nullptr; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t have = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < have; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (count < REQUEST_FDS_MOST)
                fds[count] = fd;
            else
                drop(&fd);
            count++;
        }
    }
    return count;
}

// An empty packet reads like the end of the stream.
static bool has_ended(int control) {
    struct pollfd state = {.fd = control, .events = POLLRDHUP};
    return poll(&state, 1, 0) < 0 || (state.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

// What a packet with descriptors promises and holds. Returns whether both are the same.
static bool is_run(size_t length, int count) {
    constexpr uint32_t known = RUN_BODY_FILE | RUN_INPUT | RUN_CLAIM_RECORD;
    uint32_t flags = received.packet.detail;
    int wanted = REQUEST_FDS + __builtin_popcount(flags & known);
    bool has_body = length > sizeof received.packet;
    return (flags & ~known) == 0 && count == wanted && has_body == ((flags & RUN_BODY_FILE) == 0);
}

static struct request request_with(const int *fds, size_t length) {
    uint32_t flags = received.packet.detail;
    const int *next = fds + REQUEST_FDS;
    int claim_fd = (flags & RUN_CLAIM_RECORD) != 0 ? *next++ : -1;
    int body_fd = (flags & RUN_BODY_FILE) != 0 ? *next++ : -1;
    int stdin_fd = (flags & RUN_INPUT) != 0 ? *next : -1;
    return (struct request){
        .lock_fd = fds[0],
        .logs_fd = fds[1],
        .exits_fd = fds[2],
        .claim_fd = claim_fd,
        .body_fd = body_fd,
        .stdin_fd = stdin_fd,
        .stdout_fd = -1,
        .stderr_fd = -1,
        .body = received.body,
        .body_size = length - sizeof received.packet,
    };
}

static bool is_file_name(const char *text) {
    size_t length = strlen(text);
    return length > 0 && length <= NAME_MAX_BYTES && strchr(text, '/') == nullptr && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0;
}

struct msghdr *begin_receiving(void) {
    alignas(struct cmsghdr) static char rights[CMSG_SPACE(sizeof(int) * RIGHTS_ROOM)];
    static struct iovec part = {.iov_base = &received, .iov_len = sizeof received.packet + PACKET_BODY_MAX};
    incoming = (struct msghdr){
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = rights, .msg_controllen = sizeof rights};
    received.packet = (struct packet){0};
    return &incoming;
}

bool has_received(void) { return received.packet.kind != 0 && received.packet.kind != PACKET_SOON; }

bool is_announcement(ssize_t length) {
    return length >= (ssize_t)sizeof received.packet && received.packet.kind == PACKET_SOON;
}

const char *take_announcement(ssize_t length, int *place) {
    int fds[REQUEST_FDS_MOST] = {-1, -1, -1, -1, -1, -1};
    int count = take_descriptors(&incoming, fds);
    size_t size = (size_t)length - sizeof received.packet;
    bool whole = count == 1 && size > 0 && (incoming.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
    bool has_name = whole && strnlen(received.body, size) == size - 1 && is_file_name(received.body);
    *place = has_name ? fds[0] : -1;
    for (int i = has_name; i < REQUEST_FDS_MOST; i++) drop(&fds[i]);
    return received.body;
}

enum message understand(int control, ssize_t length, struct packet *packet, struct request *request) {
    if (length < 0) {
        bool passes = length == -EAGAIN || length == -EINTR || length == -ENOMEM || length == -ENOBUFS;
        return passes ? MESSAGE_NONE : MESSAGE_CLOSED;
    }
    if (is_announcement(length)) {
        int place;
        take_announcement(length, &place);
        drop(&place);
        return MESSAGE_NONE;
    }
    int fds[REQUEST_FDS_MOST] = {-1, -1, -1, -1, -1, -1};
    int count = take_descriptors(&incoming, fds);
    bool whole = length >= (ssize_t)sizeof *packet && (incoming.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
    bool no_room = (incoming.msg_flags & MSG_CTRUNC) != 0 && count < RIGHTS_ROOM;
    *packet = received.packet;
    if (whole && packet->kind == PACKET_RUN && is_run((size_t)length, count)) {
        *request = request_with(fds, (size_t)length);
        return MESSAGE_RUN;
    }
    for (int i = 0; i < REQUEST_FDS_MOST; i++) drop(&fds[i]);
    if (whole && packet->kind == PACKET_TERMINATE && length == sizeof *packet && count == 0) return MESSAGE_TERMINATE;
    if (length == 0 && has_ended(control)) return MESSAGE_CLOSED;
    return no_room ? MESSAGE_NO_ROOM : MESSAGE_MALFORMED;
}

enum message receive_message(int control, struct packet *packet, struct request *request) {
    ssize_t length = recvmsg(control, begin_receiving(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    return understand(control, length < 0 ? -errno : length, packet, request);
}

// A position in the body; `bad` stays set after the first value that does not fit.
struct cursor {
    char *at;
    char *end;
    bool bad;
};

static uint64_t take_integer(struct cursor *c, size_t bytes) {
    if (c->bad || (size_t)(c->end - c->at) < bytes) {
        c->bad = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) value |= (uint64_t)(unsigned char)c->at[i] << (8 * i);
    c->at += bytes;
    return value;
}

static char *take_string(struct cursor *c) {
    uint64_t length = take_integer(c, 4);
    if (c->bad || (uint64_t)(c->end - c->at) <= length || c->at[length] != 0 || strlen(c->at) != length) {
        c->bad = true;
        return "";
    }
    char *text = c->at;
    c->at += length + 1;
    return text;
}

static char **take_list(struct cursor *c, char ***slots) {
    uint64_t count = take_integer(c, 4);
    if (c->bad || count > (uint64_t)(c->end - c->at) / STRING_LEAST) {
        c->bad = true;
        return nullptr;
    }
    char **list = *slots;
    for (uint64_t i = 0; i < count; i++) *(*slots)++ = take_string(c);
    *(*slots)++ = nullptr;
    return list;
}

static bool is_run_id(const char *text) {
    size_t length = strlen(text);
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    return length > 0 && length <= RUN_ID_MAX && strspn(text, allowed) == length;
}

int64_t limited_ms(uint64_t ms) {
    constexpr int64_t ten_years_ms = 315360000000;
    return ms > (uint64_t)ten_years_ms ? ten_years_ms : (int64_t)ms;
}

static int parse(struct request *request) {
    size_t size = request->body_size;
    struct cursor c = {.at = request->body, .end = request->body + size};
    size_t slots_at = (size + sizeof(char *) - 1) / sizeof(char *) * sizeof(char *);
    char **slots = (char **)(request->body + slots_at);
    if (size < 8 || memcmp(c.at, REQUEST_MAGIC, 8) != 0) return EPROTONOSUPPORT;
    c.at += 8;
    request->attempt = take_integer(&c, 8);
    request->timeout_ms = limited_ms(take_integer(&c, 8));
    request->grace_ms = limited_ms(take_integer(&c, 8));
    uint64_t max_log_bytes = take_integer(&c, 8);
    request->max_log_bytes = max_log_bytes > INT64_MAX ? INT64_MAX : (int64_t)max_log_bytes;
    request->sync_record = (take_integer(&c, 8) & 1) != 0;
    uint64_t claim_offset = take_integer(&c, 8);
    request->claim_offset = claim_offset > INT64_MAX - CLAIM_RECORD_ROOM ? 0 : (int64_t)claim_offset;
    const char *run_id = take_string(&c);
    const char *record_name = take_string(&c);
    const char *spare_name = take_string(&c);
    request->logs_name = take_string(&c);
    request->working_directory = take_string(&c);
    request->cgroup_parent = take_string(&c);
    request->arguments = take_list(&c, &slots);
    request->environment = take_list(&c, &slots);
    if (c.bad || c.at != c.end || !is_run_id(run_id) || !is_file_name(record_name)) return EBADMSG;
    if (spare_name[0] != 0 && !is_file_name(spare_name)) return EBADMSG;
    if (request->logs_name[0] != 0 && !is_file_name(request->logs_name)) return EBADMSG;
    if (request->arguments[0] == nullptr || request->arguments[0][0] == 0) return EBADMSG;
    if (request->working_directory[0] != '/') return EBADMSG;
    strcpy(request->run_id, run_id);
    strcpy(request->record_name, record_name);
    strcpy(request->spare_name, spare_name);
    return 0;
}

// Reads a body that was too large for a packet.
static int read_body(struct request *request) {
    struct stat status;
    if (fstat(request->body_fd, &status) < 0) return errno;
    if (!S_ISREG(status.st_mode) || status.st_size <= 0) return EBADMSG;
    if (status.st_size > REQUEST_MAX) return EFBIG;
    size_t size = (size_t)status.st_size;
    // The pointers lie in pages that are only touched when used.
    request->memory_size = size + sizeof(char *) * (size / STRING_LEAST + LISTS_AND_ALIGNMENT);
    void *memory =
        mmap(nullptr, request->memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return errno;
    request->memory = memory;
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(request->body_fd, (char *)memory + done, size - done, (off_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? errno : EBADMSG;
        done += (size_t)n;
    }
    drop(&request->body_fd);
    request->body = memory;
    request->body_size = size;
    return 0;
}

int decode_request(struct request *request) {
    int error = request->body_fd >= 0 ? read_body(request) : 0;
    return error != 0 ? error : parse(request);
}
