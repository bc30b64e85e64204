/* popping - one session that sends NOOP every INTERVAL milliseconds and measures how long the answer takes.
 * usage: popping PORT USER PASSWORD INTERVAL SECONDS
 * One JSON line: microseconds. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int fd;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void ask(const char *format, const char *argument)
{
    char line[512];
    size_t filled = 0;
    int length = snprintf(line, sizeof line, format, argument);
    if (length > 0 && send(fd, line, (size_t)length, MSG_NOSIGNAL) != length) { perror("send"); exit(1); }
    do {
        ssize_t got = recv(fd, line + filled, sizeof line - filled, 0);
        if (got <= 0) { fprintf(stderr, "the server is gone\n"); exit(1); }
        filled += (size_t)got;
    } while (line[filled - 1] != '\n');
    if (line[0] != '+') { fprintf(stderr, "%.*s", (int)filled, line); exit(1); }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 6) return fprintf(stderr, "usage: popping PORT USER PASSWORD INTERVAL SECONDS\n"), 2;
    struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    double interval = atof(argv[4]) * 1e3, seconds = atof(argv[5]);
    int one = 1;
    fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (void *)&server, sizeof server)) return perror("connect"), 1;
    ask("", "");
    ask("USER %s\r\n", argv[2]);
    ask("PASS %s\r\n", argv[3]);
    size_t count = 0, most = (size_t)(seconds * 1e6 / interval) + 1;
    double *times = malloc(most * sizeof *times);
    if (!times) return 1;
    double begin = now();
    while (count < most && now() < begin + seconds * 1e6) {
        double due = begin + (double)count * interval, wait = due - now();
        if (wait > 0) nanosleep(&(struct timespec){ (time_t)(wait / 1e6), (long)(wait * 1e3) % 1000000000 }, NULL);
        double start = now();
        ask("NOOP\r\n", "");
        times[count++] = now() - start;
    }
    ask("QUIT\r\n", "");
    if (!count) return 1;
    qsort(times, count, sizeof *times, ascending);
    printf("{\"count\":%zu,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%.0f}\n", count, times[count / 2],
           times[count * 99 / 100], times[count * 999 / 1000], times[count - 1]);
    return 0;
}
