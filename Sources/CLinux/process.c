#define _GNU_SOURCE
#include "CLinuxProcess.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Uses the kernel's own interface; libcap would be one dependency for one bit. */
static int keep_only_bind_service(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2];
    memset(data, 0, sizeof data);
    data[0].effective = data[0].permitted = 1u << CAP_NET_BIND_SERVICE;
    return (int)syscall(SYS_capset, &header, data);
}

enum ocean_privilege_step ocean_become_user(const char *name, uid_t uid, gid_t gid)
{
    if (initgroups(name, gid) != 0) return OCEAN_PRIVILEGE_GROUPS;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return OCEAN_PRIVILEGE_CAPABILITIES;
    if (setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) return OCEAN_PRIVILEGE_IDS;
    if (keep_only_bind_service() != 0) return OCEAN_PRIVILEGE_CAPABILITIES;
    return OCEAN_PRIVILEGE_OK;
}

bool ocean_harden_process(void)
{
    struct rlimit none = {0, 0};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           setrlimit(RLIMIT_CORE, &none) == 0;
}

long ocean_raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    return limit.rlim_cur > (rlim_t)1 << 30 ? 1L << 30 : (long)limit.rlim_cur;
}

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/* Asks about the file at the path, not about the directories that lead there: root finds it, then the user asks. */
static int refusal_itself(uid_t uid, gid_t gid, const char *path, int mode)
{
    int descriptor = open(path, O_PATH | O_CLOEXEC);
    if (descriptor < 0) return errno;
    setfsgid(gid);
    setfsuid(uid);
    long answer = syscall(SYS_faccessat2, descriptor, "", mode, AT_EMPTY_PATH | AT_EACCESS);
    int code = answer == 0 ? 0 : errno;
    setfsuid(0);
    setfsgid(0);
    close(descriptor);
    return code;
}

/* Answers in a process of its own: a file system that does not answer delays only that process. Does only what is safe
 * after a fork in a process with threads. */
static void answer_and_exit(int done, const struct ocean_asker *asker, const char *const *paths, const int *modes,
                            int *answers, int count)
{
    /* It may outlive the process that asks: a reader of its output, or a user of its port, must not wait for it. */
    if (syscall(SYS_close_range, 0, done - 1, 0) != 0 || syscall(SYS_close_range, done + 1, ~0u, 0) != 0)
        for (int fd = 0; fd < 65536; fd++)
            if (fd != done) close(fd);
    bool is_other = asker->group_count >= 0;
    if (is_other && setgroups((size_t)asker->group_count, asker->groups) != 0) _exit(1);
    if (is_other && !asker->are_independent &&
        (setresgid(asker->gid, asker->gid, asker->gid) != 0 || setresuid(asker->uid, asker->uid, asker->uid) != 0))
        _exit(1);
    for (int i = 0; i < count; i++) {
        if (is_other && asker->are_independent) answers[i] = refusal_itself(asker->uid, asker->gid, paths[i], modes[i]);
        else answers[i] = faccessat(AT_FDCWD, paths[i], modes[i], AT_EACCESS) == 0 ? 0 : errno;
    }
    _exit(write(done, "", 1) == 1 ? 0 : 1);
}

static bool comes_in_time(int descriptor, int milliseconds)
{
    struct timespec now, end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    for (int left = milliseconds;;) {
        struct pollfd event = {.fd = descriptor, .events = POLLIN};
        int count = poll(&event, 1, left);
        if (count >= 0 || errno != EINTR) return count > 0;
        clock_gettime(CLOCK_MONOTONIC, &now);
        left = milliseconds - (int)((now.tv_sec - end.tv_sec) * 1000 + (now.tv_nsec - end.tv_nsec) / 1000000);
        if (left < 0) return false;
    }
}

bool ocean_may_access(struct ocean_asker *asker, const char *const *paths, const int *modes, int *answers, int count,
                      int milliseconds)
{
    int done[2];
    if (count <= 0 || pipe2(done, O_CLOEXEC) != 0) return false;
    size_t size = (size_t)count * sizeof *answers;
    int *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        close(done[0]);
        close(done[1]);
        return false;
    }
    for (int i = 0; i < count; i++) shared[i] = ETIMEDOUT;
    /* Linux 5.8; a filter of system calls may not know it. */
    asker->are_independent = syscall(SYS_faccessat2, AT_FDCWD, "/", F_OK, AT_EACCESS) == 0;
    /* A child's child belongs to init: if it hangs, nobody here waits for it. */
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) answer_and_exit(done[1], asker, paths, modes, shared, count);
        _exit(grandchild < 0);
    }
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    close(done[1]);
    bool has_begun = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    char byte;
    bool is_answered =
        has_begun && (!comes_in_time(done[0], milliseconds) || read(done[0], &byte, 1) == 1);
    close(done[0]);
    if (is_answered) memcpy(answers, shared, size);
    munmap(shared, size);
    return is_answered;
}

int ocean_thread_count(void)
{
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(tasks));)
        if (entry->d_name[0] != '.') count++;
    closedir(tasks);
    return count;
}

int ocean_usable_cores(void)
{
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : -1;
}

void linux_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

int linux_await_input(int descriptor, const sigset_t *mask)
{
    struct pollfd input = {.fd = descriptor, .events = POLLIN};
    return ppoll(&input, 1, NULL, mask);
}
