/* acceptclose - lower bound for refusing a client: accept it and close it, nothing else.
 * usage: acceptclose PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 2) return fprintf(stderr, "usage: acceptclose PORT\n"), 2;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in peer, address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return perror("acceptclose"), 1;
    for (;;) {
        socklen_t size = sizeof peer;
        int client = accept4(listener, (void *)&peer, &size, SOCK_CLOEXEC);
        if (client >= 0) close(client);
        else if (errno != EINTR && errno != ECONNABORTED) return perror("acceptclose"), 1;
    }
}
