// Preloaded into a server under test: makes file calls on certain paths fail or take long, or ends the
// process in the middle of one.
//
// The plan for this is in a file of one page, which the test changes while the server runs. OCEAN_FAULTS is
// its path.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// The same numbers as in Support/Faults.swift.
enum { OPEN = 1, UNLINK = 2, RENAME = 4, WRITE = 8, SYNC = 16, READ = 32, STATUS = 64, LIST = 128, TRUNCATE = 256, MKDIR = 512 };
enum { KILL = 0, KILL_HALFWAY = -1, SLOW = -2, HANG = -3 };

struct plan {
  atomic_uint calls;  // bits; 0: nothing happens
  int32_t action;     // an errno, or one of the above
  uint32_t first;     // the number of the first call that it happens to, from 0
  uint32_t count;     // to how many calls it happens
  atomic_uint met;    // calls so far
  uint32_t reserved[11];
  char parts[1024];   // parts of paths: a path is meant if it contains one of them; separated and ended by NULs
};

static struct plan *plan;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("OCEAN_FAULTS");
  int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  int file = path ? real_open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *memory = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory != MAP_FAILED) plan = memory;
}

enum outcome { PASSES, FAILS, ENDS_HALFWAY };

// Decides about a call; if it fails, errno says how.
static enum outcome meet(unsigned call, int directory, const char *name) {
  if (!plan || !(atomic_load(&plan->calls) & call)) return PASSES;
  int saved = errno;
  char path[4096] = "";
  if (!name || name[0] != '/') {
    if (directory != AT_FDCWD) {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
      ssize_t length = readlink(link, path, sizeof path / 2);
      if (length > 0) path[length] = 0;
    }
    if (name) strcat(path, "/");
  }
  if (name) strncat(path, name, sizeof path / 2 - 2);
  errno = saved;
  bool isMeant = false;
  for (const char *part = plan->parts; *part; part += strlen(part) + 1) isMeant |= strstr(path, part) != NULL;
  if (!isMeant) return PASSES;
  unsigned number = atomic_fetch_add(&plan->met, 1);
  if (number < plan->first || number - plan->first >= plan->count) return PASSES;
  if (plan->action == SLOW || plan->action == HANG) {
    do {
      usleep(100000);
    } while (atomic_load(&plan->calls) && plan->action == HANG);
    errno = saved;
    return PASSES;
  }
  if (plan->action == KILL_HALFWAY && call == WRITE) return ENDS_HALFWAY;
  if (plan->action <= 0) {
    kill(getpid(), SIGKILL);
    pause();
  }
  errno = plan->action;
  return FAILS;
}

static bool fails(unsigned call, int directory, const char *name) { return meet(call, directory, name) == FAILS; }

#define REAL(name) ({ static typeof(&name) real; if (!real) real = (typeof(&name))dlsym(RTLD_NEXT, #name); real; })

#define OPENING(name)                                                                 \
  int name(const char *path, int flags, ...) {                                        \
    va_list list;                                                                     \
    va_start(list, flags);                                                            \
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, int) : 0;               \
    va_end(list);                                                                     \
    return fails(OPEN, AT_FDCWD, path) ? -1 : REAL(name)(path, flags, mode);          \
  }
OPENING(open)
OPENING(open64)

#define OPENING_AT(name)                                                              \
  int name(int directory, const char *path, int flags, ...) {                         \
    va_list list;                                                                     \
    va_start(list, flags);                                                            \
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, int) : 0;               \
    va_end(list);                                                                     \
    return fails(OPEN, directory, path) ? -1 : REAL(name)(directory, path, flags, mode); \
  }
OPENING_AT(openat)
OPENING_AT(openat64)

// The C library has no function for openat2.
long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long arguments[6];
  for (int i = 0; i < 6; i++) arguments[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_openat2 && fails(OPEN, (int)arguments[0], (const char *)arguments[1])) return -1;
  return REAL(syscall)(
      number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

int unlink(const char *path) { return fails(UNLINK, AT_FDCWD, path) ? -1 : REAL(unlink)(path); }

int unlinkat(int directory, const char *path, int flags) {
  return fails(UNLINK, directory, path) ? -1 : REAL(unlinkat)(directory, path, flags);
}

int rename(const char *from, const char *to) { return fails(RENAME, AT_FDCWD, to) ? -1 : REAL(rename)(from, to); }

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
  return fails(RENAME, to_directory, to) ? -1 : REAL(renameat2)(from_directory, from, to_directory, to, flags);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  return fails(RENAME, to_directory, to) ? -1 : REAL(renameat)(from_directory, from, to_directory, to);
}

int mkdirat(int directory, const char *path, mode_t mode) {
  return fails(MKDIR, directory, path) ? -1 : REAL(mkdirat)(directory, path, mode);
}

int mkdir(const char *path, mode_t mode) { return fails(MKDIR, AT_FDCWD, path) ? -1 : REAL(mkdir)(path, mode); }

ssize_t write(int file, const void *bytes, size_t count) {
  switch (meet(WRITE, file, NULL)) {
    case FAILS: return -1;
    case PASSES: return REAL(write)(file, bytes, count);
    case ENDS_HALFWAY: break;
  }
  ssize_t result = REAL(write)(file, bytes, count / 2);
  kill(getpid(), SIGKILL);
  pause();
  return result;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  return fails(WRITE, file, NULL) ? -1 : REAL(pwrite)(file, bytes, count, offset);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  return fails(WRITE, file, NULL) ? -1 : REAL(pwrite64)(file, bytes, count, offset);
}

int fsync(int file) { return fails(SYNC, file, NULL) ? -1 : REAL(fsync)(file); }
int syncfs(int file) { return fails(SYNC, file, NULL) ? -1 : REAL(syncfs)(file); }
int fdatasync(int file) { return fails(SYNC, file, NULL) ? -1 : REAL(fdatasync)(file); }
int ftruncate(int file, off_t length) { return fails(TRUNCATE, file, NULL) ? -1 : REAL(ftruncate)(file, length); }
int ftruncate64(int file, off64_t length) { return fails(TRUNCATE, file, NULL) ? -1 : REAL(ftruncate64)(file, length); }

ssize_t read(int file, void *bytes, size_t count) {
  return fails(READ, file, NULL) ? -1 : REAL(read)(file, bytes, count);
}
ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
  return fails(READ, file, NULL) ? -1 : REAL(pread)(file, bytes, count, offset);
}
ssize_t pread64(int file, void *bytes, size_t count, off64_t offset) {
  return fails(READ, file, NULL) ? -1 : REAL(pread64)(file, bytes, count, offset);
}
ssize_t preadv2(int file, const struct iovec *vector, int count, off_t offset, int flags) {
  return fails(READ, file, NULL) ? -1 : REAL(preadv2)(file, vector, count, offset, flags);
}
ssize_t preadv64v2(int file, const struct iovec *vector, int count, off64_t offset, int flags) {
  return fails(READ, file, NULL) ? -1 : REAL(preadv64v2)(file, vector, count, offset, flags);
}

ssize_t getdents64(int file, void *buffer, size_t capacity) {
  return fails(LIST, file, NULL) ? -1 : REAL(getdents64)(file, buffer, capacity);
}

int stat(const char *path, struct stat *status) {
  return fails(STATUS, AT_FDCWD, path) ? -1 : REAL(stat)(path, status);
}
int lstat(const char *path, struct stat *status) {
  return fails(STATUS, AT_FDCWD, path) ? -1 : REAL(lstat)(path, status);
}
int fstat(int file, struct stat *status) { return fails(STATUS, file, NULL) ? -1 : REAL(fstat)(file, status); }
int fstatat(int directory, const char *path, struct stat *status, int flags) {
  return fails(STATUS, directory, path) ? -1 : REAL(fstatat)(directory, path, status, flags);
}
int statx(int directory, const char *path, int flags, unsigned mask, struct statx *status) {
  return fails(STATUS, directory, path) ? -1 : REAL(statx)(directory, path, flags, mask, status);
}
int link(const char *from, const char *to) { return fails(RENAME, AT_FDCWD, to) ? -1 : REAL(link)(from, to); }
int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags) {
  return fails(RENAME, to_directory, to) ? -1 : REAL(linkat)(from_directory, from, to_directory, to, flags);
}
