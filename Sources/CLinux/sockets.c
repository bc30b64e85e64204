#define _GNU_SOURCE
#include "CLinuxSockets.h"

#include <errno.h>
#include <sys/socket.h>

int linux_peer_credentials(int descriptor, uid_t *user, gid_t *groups, int capacity) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (capacity < 1) {
    errno = EINVAL;
    return -1;
  }
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  *user = peer.uid;
  groups[0] = peer.gid;
  socklen_t rest = (socklen_t)(capacity - 1) * sizeof(gid_t);
  // Since Linux 4.13.
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups + 1, &rest) != 0) return 1;
  return 1 + (int)(rest / sizeof(gid_t));
}

int linux_accept(int descriptor, void *peer, unsigned size) {
  socklen_t length = size;
  return accept4(descriptor, peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
