#define _GNU_SOURCE
#include "CLinuxFiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

static int set_lock(int descriptor, short type, int64_t offset, int64_t length) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = length};
  return fcntl(descriptor, F_OFD_SETLK, &lock);
}

int linux_lock_byte(int descriptor, int64_t offset) { return set_lock(descriptor, F_WRLCK, offset, 1); }

int linux_unlock_byte(int descriptor, int64_t offset) { return set_lock(descriptor, F_UNLCK, offset, 1); }

// A length of 0 means all bytes up to the largest offset.
int linux_lock_all(int descriptor, int exclusive) {
  return set_lock(descriptor, exclusive ? F_WRLCK : F_RDLCK, 0, 0);
}

static int open_or_make(int directory, const char *path, int flags, unsigned mode, uint64_t resolve) {
  struct open_how how = {.flags = (uint64_t)flags, .mode = mode, .resolve = resolve};
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

static int open_how(int directory, const char *path, int flags, uint64_t resolve) {
  return open_or_make(directory, path, flags, 0, resolve);
}

int linux_find(int directory, const char *name, int flags) {
  return openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | flags);
}

int linux_find_without_links(const char *path) {
  return open_how(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, RESOLVE_NO_SYMLINKS);
}

int linux_find_cached(const char *path) {
  return open_how(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, RESOLVE_CACHED);
}

int linux_open_cached(int directory, const char *name, int flags) {
  return open_how(directory, name, flags, RESOLVE_CACHED | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
}

int linux_open_within(int directory, const char *name, int flags, unsigned mode) {
  return open_or_make(directory, name, flags, mode, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
}

int linux_find_within(int directory, const char *name) {
  return linux_open_within(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

// Linux 6.6: a handle that need not serve for opening; every file system has one.
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID AT_REMOVEDIR
#endif

int linux_identify(int descriptor, struct linux_identity *identity) {
  union {
    struct file_handle head;
    char space[sizeof(struct file_handle) + sizeof identity->handle];
  } found = {.head.handle_bytes = sizeof identity->handle};
  int mount = 0;
  int result = name_to_handle_at(descriptor, "", &found.head, &mount, AT_EMPTY_PATH);
  if (result != 0 && errno == EOPNOTSUPP) {
    result = name_to_handle_at(descriptor, "", &found.head, &mount, AT_EMPTY_PATH | AT_HANDLE_FID);
  }
  if (result != 0) return -1;
  *identity = (struct linux_identity){
      .mount = mount, .type = found.head.handle_type, .count = found.head.handle_bytes};
  memcpy(identity->handle, found.head.f_handle, found.head.handle_bytes);
  return 0;
}

int linux_is(int descriptor, const struct linux_identity *identity) {
  struct linux_identity found;
  return linux_identify(descriptor, &found) == 0 && memcmp(&found, identity, sizeof found) == 0;
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
  // Wraps: times can have been set to anything.
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

int linux_sync_file_system(int descriptor) { return syncfs(descriptor); }
