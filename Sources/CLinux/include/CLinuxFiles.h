#pragma once
#include <stdint.h>
#include <sys/types.h>

// File calls that need _GNU_SOURCE or take variadic arguments. All return what the system call returns: -1 and errno on
// failure.

/// Takes an exclusive open-file-description lock on one byte, without waiting: EAGAIN when it is held elsewhere.
int linux_lock_byte(int descriptor, int64_t offset);
int linux_unlock_byte(int descriptor, int64_t offset);
/// The same for all bytes there can be, exclusive or shared. It takes the place of all that the descriptor has locked.
int linux_lock_all(int descriptor, int exclusive);

/// A descriptor of what is there, be it a symbolic link, for use with other calls and not for reading (O_PATH).
int linux_find(int directory, const char *name, int flags);

/// The same of the directory at `path`, unless there is a symbolic link in it (ELOOP); ENOSYS before Linux 5.6.
int linux_find_without_links(const char *path);

/// A descriptor of the directory at `path`, as above, if the kernel has all names on the way in its caches: EAGAIN when finding
/// them would block; ENOSYS before Linux 5.6, EINVAL before 5.12. It may be of any file system: what is not the one expected may
/// block in whatever call comes next, in close(2) as well.
int linux_find_cached(const char *path);

/// Opens `name` in `directory` if the kernel has the name in its caches: EAGAIN when finding it would block. It may be neither a
/// symbolic link (ELOOP) nor on another file system than the directory (EXDEV).
int linux_open_cached(int directory, const char *name, int flags);

/// Which file it is, and by which mount it was found, as the kernel itself tells it apart from all others: no file system is
/// asked, so this never blocks. Unlike a number of an inode the handle is not used again for another file.
struct linux_identity {
  int32_t mount, type;
  uint32_t count;
  uint8_t handle[52];
};

/// Also of a descriptor that serves for nothing else (O_PATH). EOPNOTSUPP, EOVERFLOW: the file system has no handle, or a longer
/// one.
int linux_identify(int descriptor, struct linux_identity *identity);

/// Whether it is that file, found by that mount.
int linux_is(int descriptor, const struct linux_identity *identity);

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

/// Everything written to the file system is on disk when this returns 0 (syncfs(2)).
int linux_sync_file_system(int descriptor);
