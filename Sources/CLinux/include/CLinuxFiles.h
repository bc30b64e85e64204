#pragma once
#include <stdint.h>
#include <sys/types.h>

// File calls that need _GNU_SOURCE or take variadic arguments. All return what the system call returns: -1
// and errno on failure.

/// Takes an exclusive open-file-description lock on one byte, without waiting: EAGAIN if it is held
/// elsewhere.
int linux_lock_byte(int descriptor, int64_t offset);
int linux_unlock_byte(int descriptor, int64_t offset);
/// Locks all possible bytes in the same way, exclusively or shared. This replaces all locks that the
/// descriptor has.
int linux_lock_all(int descriptor, int exclusive);

/// Finds what is there, even a symbolic link. The descriptor is for use with other calls and not for reading
/// (O_PATH).
int linux_find(int directory, const char *name, int flags);

/// Finds the directory at `path`, unless there is a symbolic link in the path (ELOOP); ENOSYS before Linux
/// 5.6.
int linux_find_without_links(const char *path);

/// Finds the directory at `path` if the kernel has all names on the way in its caches: EAGAIN if finding them
/// would block; ENOSYS before Linux 5.6, EINVAL before 5.12. The directory may be on any file system: if it
/// is not the expected one, the next call may block, close(2) included.
int linux_find_cached(const char *path);

/// Opens `name` in `directory` if the kernel has the name in its caches: EAGAIN if finding it would block. It
/// may be neither a symbolic link (ELOOP) nor on a different file system than the directory (EXDEV).
int linux_open_cached(int directory, const char *name, int flags);

/// Opens `name` in `directory`, and makes it if `flags` say so, with that mode. It may be neither a symbolic link (ELOOP)
/// nor mounted there (EXDEV), not even from the same file system.
int linux_open_within(int directory, const char *name, int flags, unsigned mode);

/// Finds a directory in the same way; the descriptor is for use with other calls (O_PATH).
int linux_find_within(int directory, const char *name);

/// The identity of a file, and the mount by which it was found, as the kernel itself tells it from all
/// others: no file system is asked, so this never blocks. Unlike the number of an inode, the handle is not
/// used again for another file.
struct linux_identity {
  int32_t mount, type;
  uint32_t count;
  uint8_t handle[52];
};

/// Finds a file's identity; works also on an O_PATH descriptor. EOPNOTSUPP, EOVERFLOW: the file system has no
/// handle, or a longer one.
int linux_identify(int descriptor, struct linux_identity *identity);

/// Whether it is that file, found by that mount.
int linux_is(int descriptor, const struct linux_identity *identity);

/// Reads directory entries in the kernel's format: a sequence of struct linux_dirent64 (getdents64(2)).
ssize_t linux_read_directory(int descriptor, void *buffer, size_t capacity);

/// Reads like pread(2) from the page cache: EAGAIN if reading would block.
ssize_t linux_read_cached(int descriptor, void *buffer, size_t capacity, int64_t offset);

/// The position of the next bytes at or behind `offset` that are not a hole (SEEK_DATA of lseek(2)); ENXIO if
/// there are no such bytes. If the file system does not know about holes, it is `offset`.
int64_t linux_next_data(int descriptor, int64_t offset);

/// rename(2) within two directories that fails with EEXIST instead of replacing. If the file system cannot do
/// that in one step (NFS, FUSE), it uses link(2) and unlink(2).
int linux_rename_new(int from_directory, const char *from, int to_directory, const char *to);

/// The values that tell one state of a directory from another; times in nanoseconds since 1970.
struct linux_directory_status {
  uint64_t device, inode;
  int64_t modified, changed;
};

/// statx(2) of `path` in `directory`, or of `directory` itself if the path is empty, and never of a symbolic
/// link's target. A file system on another machine (NFS) is asked again, even though answers are remembered
/// here for some seconds.
int linux_directory_status(int directory, const char *path, struct linux_directory_status *status);

/// The type of the file system that a file is on: the magic number of statfs(2). Negative if it cannot be
/// found out.
int64_t linux_file_system_type(int descriptor);

/// Brings everything written to the file system to disk; done when this returns 0 (syncfs(2)).
int linux_sync_file_system(int descriptor);
