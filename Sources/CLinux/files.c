#define _GNU_SOURCE
#include "CLinuxFiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

static int set_lock(int descriptor, short type, int64_t offset) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(descriptor, F_OFD_SETLK, &lock);
}

int linux_lock_byte(int descriptor, int64_t offset) { return set_lock(descriptor, F_WRLCK, offset); }

int linux_unlock_byte(int descriptor, int64_t offset) { return set_lock(descriptor, F_UNLCK, offset); }

static int open_cached(int directory, const char *path, int flags, uint64_t resolve) {
  struct open_how how = {.flags = (uint64_t)flags, .resolve = RESOLVE_CACHED | resolve};
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int linux_find(int directory, const char *name, int flags) {
  return openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | flags);
}

int linux_find_without_links(const char *path) {
  struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
  return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

static int is_directory(int descriptor, uint64_t device, uint64_t inode) {
  struct statx now;
  // Nobody is asked: this must not wait.
  if (statx(descriptor, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &now) != 0) return 0;
  return makedev(now.stx_dev_major, now.stx_dev_minor) == device && now.stx_ino == inode;
}

int linux_open_cached_file(const char *directory, uint64_t device, uint64_t inode, const char *name, int flags) {
  char path[PATH_MAX];
  int length = snprintf(path, sizeof path, "%s/%s", directory, name);
  if (length < 0 || (size_t)length >= sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  int descriptor = open_cached(AT_FDCWD, path, flags, RESOLVE_NO_SYMLINKS);
  if (descriptor >= 0 || errno != ELOOP) return descriptor;
  // A symbolic link on the way there is allowed if it leads where it should: only the last two names must be none.
  int parent = open_cached(AT_FDCWD, directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (parent < 0) return -1;
  errno = ELOOP;
  descriptor = is_directory(parent, device, inode) ? open_cached(parent, name, flags | O_NOFOLLOW, 0) : -1;
  int code = errno;
  close(parent);
  errno = code;
  return descriptor;
}

ssize_t linux_read_directory(int descriptor, void *buffer, size_t capacity) {
  return getdents64(descriptor, buffer, capacity);
}

ssize_t linux_read_cached(int descriptor, void *buffer, size_t capacity, int64_t offset) {
  struct iovec vector = {.iov_base = buffer, .iov_len = capacity};
  return preadv2(descriptor, &vector, 1, offset, RWF_NOWAIT);
}

int64_t linux_next_data(int descriptor, int64_t offset) { return lseek(descriptor, offset, SEEK_DATA); }

int linux_rename_new(int from_directory, const char *from, int to_directory, const char *to) {
  if (renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (linkat(from_directory, from, to_directory, to, 0) != 0) return -1;
  return unlinkat(from_directory, from, 0);
}

static int64_t nanoseconds(struct statx_timestamp time) {
  // Wraps: times are whatever somebody set them to.
  return (int64_t)((uint64_t)time.tv_sec * 1000000000 + time.tv_nsec);
}

int linux_directory_status(int directory, const char *path, struct linux_directory_status *status) {
  struct statx now;
  int flags = AT_STATX_FORCE_SYNC | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT;
  if (statx(directory, path, flags, STATX_INO | STATX_MTIME | STATX_CTIME, &now) != 0) return -1;
  *status = (struct linux_directory_status){
      .device = makedev(now.stx_dev_major, now.stx_dev_minor),
      .inode = now.stx_ino,
      .modified = nanoseconds(now.stx_mtime),
      .changed = nanoseconds(now.stx_ctime),
  };
  return 0;
}

int64_t linux_file_system_type(int descriptor) {
  struct statfs status;
  return fstatfs(descriptor, &status) == 0 ? (int64_t)(uint32_t)status.f_type : -1;
}

int64_t linux_file_system_type_of(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 ? (int64_t)(uint32_t)status.f_type : -1;
}

int linux_sync_file_system(int descriptor) { return syncfs(descriptor); }
