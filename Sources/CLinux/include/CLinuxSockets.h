#pragma once
#include <sys/socket.h>
#include <sys/types.h>

/// The user and the groups, effective one first, that the process at the other end of a Unix socket had when it
/// connected (unix(7)). Returns the number of groups, or -1 and errno. If there are more supplementary groups than fit,
/// only the effective one is told.
int linux_peer_credentials(int descriptor, uid_t *user, gid_t *groups, int capacity);

/// The next client of a listening socket (accept4(2)), non-blocking and close-on-exec, and its address. -1 and errno on
/// failure.
int linux_accept(int descriptor, struct sockaddr_storage *peer);
