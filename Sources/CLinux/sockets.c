// SPDX-License-Identifier: Apache-2.0
// Stream sockets over TCP and in the file system.
#include "internal.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un file;
};

static int stream(int family) { RETRY(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

/// Closes a socket after a failed call and returns why the call failed.
static int give_up(int socket) {
    int error = errno;
    close(socket);
    return -error;
}

// Numeric addresses alone: looking up a name can block.
static socklen_t internet_address(union address *address, const char *host, uint16_t port) {
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        return sizeof address->v4;
    }
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(port);
        return sizeof address->v6;
    }
    return 0;
}

static socklen_t file_address(union address *address, const char *path) {
    memset(address, 0, sizeof *address);
    size_t length = strlen(path);
    // An empty path would be an automatic address in the abstract name space.
    if (length == 0 || length >= sizeof address->file.sun_path) return 0;
    address->file.sun_family = AF_UNIX;
    memcpy(address->file.sun_path, path, length);
    return sizeof address->file;
}

static int connect_to(const union address *address, socklen_t length) {
    int socket = stream(address->any.sa_family);
    if (socket < 0) return socket;
    // An interrupted connect(2) goes on by itself, as one that was not waited for.
    if (connect(socket, &address->any, length) == 0 || errno == EINPROGRESS || errno == EINTR) return socket;
    return give_up(socket);
}

// MARK: Listening

int cl_stream_listen_internet(const char *host, uint16_t port, int backlog) {
    union address address;
    socklen_t length = internet_address(&address, host, port);
    if (length == 0) return -EINVAL;
    int socket = stream(address.any.sa_family);
    if (socket < 0) return socket;
    int on = 1;
    if (setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return give_up(socket);
    if (bind(socket, &address.any, length) < 0 || listen(socket, backlog) < 0) return give_up(socket);
    return socket;
}

static int listen_file(const union address *address, socklen_t length, uint32_t mode, int backlog,
                       struct stat *status) {
    int socket = stream(AF_UNIX);
    if (socket < 0) return socket;
    // bind(2) takes the file's mode from the socket, so the file never has a wider one.
    if (fchmod(socket, mode) < 0 || bind(socket, &address->any, length) < 0) return give_up(socket);
    if (lstat(address->file.sun_path, status) < 0 || listen(socket, backlog) < 0) return give_up(socket);
    return socket;
}

/// Whether a path is a socket file at which nobody listens.
static int is_dead(const char *path, const union address *address, socklen_t length) {
    struct stat status;
    if (lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode)) return 0;
    int probe = connect_to(address, length);
    if (probe >= 0) close(probe);
    return probe == -ECONNREFUSED;
}

int cl_stream_listen_file(const char *path, uint32_t mode, int backlog, uint64_t *device, uint64_t *inode) {
    union address address;
    socklen_t length = file_address(&address, path);
    if (length == 0) return *path == 0 ? -EINVAL : -ENAMETOOLONG;
    struct stat status;
    int result = listen_file(&address, length, mode, backlog, &status);
    if (result == -EADDRINUSE && is_dead(path, &address, length)) {
        if (unlink(path) < 0 && errno != ENOENT) return -errno;
        result = listen_file(&address, length, mode, backlog, &status);
    }
    if (result < 0) return result;
    *device = status.st_dev;
    *inode = status.st_ino;
    return result;
}

void cl_stream_remove_file(const char *path, uint64_t device, uint64_t inode) {
    struct stat status;
    if (lstat(path, &status) == 0 && status.st_dev == device && status.st_ino == inode) unlink(path);
}

int cl_stream_port(int socket) {
    union address address;
    socklen_t length = sizeof address;
    if (getsockname(socket, &address.any, &length) < 0) return -errno;
    switch (address.any.sa_family) {
    case AF_INET: return ntohs(address.v4.sin_port);
    case AF_INET6: return ntohs(address.v6.sin6_port);
    default: return -EAFNOSUPPORT;
    }
}

// accept4(2) takes a descriptor before it looks for a connection, and so fails without one even when nobody waits.
static int accept_failure(int listener, int error) {
    if (error != EMFILE && error != ENFILE) return -error;
    struct pollfd request = {.fd = listener, .events = POLLIN};
    return poll(&request, 1, 0) == 0 ? -EAGAIN : -error;
}

int cl_stream_accept(int listener) {
    union address address;
    socklen_t length = sizeof address;
    int socket;
    do socket = accept4(listener, &address.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (socket < 0 && errno == EINTR);
    if (socket < 0) return accept_failure(listener, errno);
    int on = 1;
    // Whole messages are sent, so waiting for more to send only delays them. A file's socket refuses this, rightly.
    if (address.any.sa_family != AF_UNIX) setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
}

// MARK: Connections

int cl_stream_connect_internet(const char *host, uint16_t port) {
    union address address;
    socklen_t length = internet_address(&address, host, port);
    return length == 0 ? -EINVAL : connect_to(&address, length);
}

int cl_stream_connect_file(const char *path) {
    union address address;
    socklen_t length = file_address(&address, path);
    if (length == 0) return *path == 0 ? -EINVAL : -ENAMETOOLONG;
    return connect_to(&address, length);
}

long cl_stream_receive(int socket, void *buffer, size_t size) { RETRY(recv(socket, buffer, size, 0)); }

long cl_stream_send(int socket, const void *bytes, size_t count) { RETRY(send(socket, bytes, count, MSG_NOSIGNAL)); }

int cl_stream_finish_writing(int socket) { RETRY(shutdown(socket, SHUT_WR)); }
