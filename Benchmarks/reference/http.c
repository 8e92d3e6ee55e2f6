// SPDX-License-Identifier: Apache-2.0
// An HTTP client that asks for one page again and again, and a server that can say one thing only.
//
//   http ask PORT CONNECTIONS COUNT PATH [HEADER]   prints requests a second; every answer must have status 200
//   http serve                                      prints its port; the least that an HTTP server can do
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MOST = 64, ROOM = 1 << 20 };

static void fail(const char *what) {
    fprintf(stderr, "http: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void watch(int ep, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

// The length of the first whole answer in the text, or 0.
static size_t answer_length(const char *text) {
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length:");
    if (end == NULL) return 0;
    if (length == NULL || length > end) fail("an answer without a length");
    return (size_t)(end + 4 - text) + (size_t)atol(length + 15);
}

static int ask(int port, int connections, long count, const char *path, const char *header) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char request[1024];
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s%s\r\n", path, port, header,
                        *header ? "\r\n" : "");
    static char *text[1024];
    static size_t filled[1024];
    int ep = epoll_create1(0);
    long sent = 0, done = 0;
    double began = seconds();
    for (int i = 0; i < connections; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || fd >= 1024 || connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
        text[fd] = malloc(ROOM);
        watch(ep, fd);
        if (write(fd, request, (size_t)size) != size) fail("write");
        sent++;
    }
    while (done < count) {
        struct epoll_event events[CONNECTIONS_MOST];
        int n = epoll_wait(ep, events, CONNECTIONS_MOST, 30000);
        if (n <= 0) fail("no answer");
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            ssize_t k = read(fd, text[fd] + filled[fd], ROOM - 1 - filled[fd]);
            if (k <= 0) fail("read");
            filled[fd] += (size_t)k;
            text[fd][filled[fd]] = 0;
            size_t length = answer_length(text[fd]);
            if (length == 0 || filled[fd] < length) continue;
            if (strncmp(text[fd], "HTTP/1.1 200", 12) != 0) fail(strtok(text[fd], "\r\n"));
            filled[fd] = 0;
            done++;
            if (sent++ < count && write(fd, request, (size_t)size) != size) fail("write");
        }
    }
    printf("%.1f\n", (double)done / (seconds() - began));
    return 0;
}

static _Noreturn void serve(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 64)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    static char text[65536];
    static const char page[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"
                               "{\"status\":\"ok\"}\n";
    int ep = epoll_create1(0);
    watch(ep, listener);
    for (;;) {
        struct epoll_event events[CONNECTIONS_MOST];
        int n = epoll_wait(ep, events, CONNECTIONS_MOST, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                watch(ep, accept(listener, NULL, NULL));
            } else if (read(fd, text, sizeof text) <= 0) {
                close(fd);
            } else if (write(fd, page, sizeof page - 1) < 0) {
                close(fd);
            }
        }
    }
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "serve") == 0) serve();
    if (count >= 6 && strcmp(arguments[1], "ask") == 0)
        return ask(atoi(arguments[2]), atoi(arguments[3]), atol(arguments[4]), arguments[5],
                   count > 6 ? arguments[6] : "");
    fputs("usage: http ask PORT CONNECTIONS COUNT PATH [HEADER] | http serve\n", stderr);
    return 2;
}
