#pragma once
#include <stdint.h>
#include <sys/types.h>

// File calls that need _GNU_SOURCE or take variadic arguments. All return what the system call returns: -1 and errno on
// failure.

/// Takes an exclusive open-file-description lock on one byte, without waiting: EAGAIN when it is held elsewhere.
int linux_lock_byte(int descriptor, int64_t offset);
int linux_unlock_byte(int descriptor, int64_t offset);

/// A descriptor of what is there, be it a symbolic link, for use with other calls and not for reading (O_PATH).
int linux_find(int directory, const char *name, int flags);

/// The same of the directory at `path`, unless there is a symbolic link in it (ELOOP); ENOSYS before Linux 5.6.
int linux_find_without_links(const char *path);

/// Opens `name` in `directory`, neither of which may be a symbolic link (ELOOP, ENOTDIR), if the kernel has the names in its
/// caches: EAGAIN when finding them would block; ENOSYS before Linux 5.6, EINVAL before 5.12. Creates nothing. Where there are
/// symbolic links on the way to the directory, it must be the one of that device and inode (ELOOP).
int linux_open_cached_file(const char *directory, uint64_t device, uint64_t inode, const char *name, int flags);

/// Directory entries as the kernel writes them: a sequence of struct linux_dirent64 (getdents64(2)).
ssize_t linux_read_directory(int descriptor, void *buffer, size_t capacity);

/// pread(2) of what is in the page cache: EAGAIN when reading would block.
ssize_t linux_read_cached(int descriptor, void *buffer, size_t capacity, int64_t offset);

/// Where the next bytes are at or behind `offset` that are no hole (SEEK_DATA of lseek(2)): ENXIO if none are. Where the file
/// system does not know of holes, `offset`.
int64_t linux_next_data(int descriptor, int64_t offset);

/// rename(2) within two directories that fails with EEXIST instead of replacing. Where the file system can not do that in
/// one step (NFS, FUSE), link(2) and unlink(2).
int linux_rename_new(int from_directory, const char *from, int to_directory, const char *to);

/// What tells one state of a directory from another; times in nanoseconds since 1970.
struct linux_directory_status {
  uint64_t device, inode;
  int64_t modified, changed;
};

/// statx(2) of `path` in `directory`, or of `directory` itself if the path is empty, and never of what a symbolic link
/// points to. Of a file system on another machine (NFS) that machine is asked, whatever is remembered here for some seconds.
int linux_directory_status(int directory, const char *path, struct linux_directory_status *status);

/// The kind of file system that a file is on: the magic number of statfs(2). Negative if it can not be told.
int64_t linux_file_system_type(int descriptor);
int64_t linux_file_system_type_of(const char *path);

/// Everything written to the file system is on disk when this returns 0 (syncfs(2)).
int linux_sync_file_system(int descriptor);
