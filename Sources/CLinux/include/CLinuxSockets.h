#pragma once
#include <sys/types.h>

/// The user and the groups, effective one first, that the process at the other end of a Unix socket had when
/// it connected (unix(7)). Returns the number of groups, or -1 and errno. If there are more supplementary
/// groups than fit, only the effective one is returned.
int linux_peer_credentials(int descriptor, uid_t *user, gid_t *groups, int capacity);

/// Accepts the next client of a listening socket (accept4(2)), non-blocking and close-on-exec; its address is
/// written to the `size` bytes at `peer`. -1 and errno on failure. (No system types here: a second module
/// that brings them along hides them from files that do not import it.)
int linux_accept(int descriptor, void *peer, unsigned size);
