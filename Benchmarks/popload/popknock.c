/* popknock - connects from one address again and again and expects to be turned away without a byte.
 * usage: popknock PORT SOURCE RATE SECONDS PID
 * RATE connections a second, 0 for as many as 64 at a time give. One JSON line: connections a second, and the CPU time that
 * the process PID used for each. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 64 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds of CPU of a process and all its threads, to the nanosecond. */
static double cpu(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) { fprintf(stderr, "no process %d\n", pid); exit(2); }
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct sockaddr_in server, source;
static int poller;

static bool knock(void)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) { perror("socket"); exit(1); }
    /* The port is chosen by connect, so that one may be used again towards another server. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (void *)&source, sizeof source)) { perror("bind"); exit(1); }
    if (connect(fd, (void *)&server, sizeof server) && errno != EINPROGRESS) { close(fd); return false; }
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.fd = fd };
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 6) return fprintf(stderr, "usage: popknock PORT SOURCE RATE SECONDS PID\n"), 2;
    server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    source.sin_family = AF_INET;
    if (inet_pton(AF_INET, argv[2], &source.sin_addr) != 1) return fprintf(stderr, "'%s' is no address\n", argv[2]), 2;
    double rate = atof(argv[3]), seconds = atof(argv[4]);
    pid_t pid = atoi(argv[5]);
    poller = epoll_create1(0);
    uint64_t started = 0, refused = 0, failed = 0, open = 0;
    double begin = now(), used = cpu(pid), end = begin + seconds, time = begin;
    while ((time = now()) < end) {
        uint64_t due = rate > 0 ? (uint64_t)((time - begin) * rate) : UINT64_MAX;
        while (started < due && open < AT_ONCE) {
            started++;
            if (knock()) open++; else failed++;
        }
        struct timespec wait = { 0, rate > 0 ? 100000 : 10000000 };
        struct epoll_event events[AT_ONCE];
        int count = epoll_pwait2(poller, events, AT_ONCE, &wait, NULL);
        for (int i = 0; i < count; i++) {
            char octet;
            ssize_t got = recv(events[i].data.fd, &octet, 1, 0);
            if (got > 0) { fprintf(stderr, "the server speaks to us\n"); return 1; }
            if (got == 0 || errno == ECONNRESET) refused++; else failed++;
            close(events[i].data.fd);
            open--;
        }
    }
    double spent = now() - begin;
    printf("{\"refused\":%llu,\"failed\":%llu,\"per_s\":%.0f,\"server_cpu_us\":%.3f}\n", (unsigned long long)refused,
           (unsigned long long)failed, (double)refused / spent, (cpu(pid) - used) * 1e6 / (double)(refused ? refused : 1));
    return 0;
}
