#define _GNU_SOURCE
#include "CLinuxProcess.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel's own interface; libcap would be one dependency for one bit. */
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

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/* Asks about what is at the path, not about the directories that lead there: root finds it, then the user asks. */
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

/* In the child only what is safe after a fork in a process with threads. */
bool ocean_may_access(uid_t uid, gid_t gid, const gid_t *groups, int group_count, const char *const *paths,
                      const int *modes, int *answers, int count, bool *are_independent)
{
    if (group_count < 0 || count <= 0) return false;
    size_t size = (size_t)count * sizeof *answers;
    int *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return false;
    /* Linux 5.8; a filter of system calls may know less. */
    *are_independent = syscall(SYS_faccessat2, AT_FDCWD, "/", F_OK, AT_EACCESS) == 0;
    pid_t child = fork();
    if (child == 0) {
        if (setgroups((size_t)group_count, groups) != 0) _exit(1);
        if (!*are_independent && (setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)) _exit(1);
        for (int i = 0; i < count; i++) {
            if (*are_independent) shared[i] = refusal_itself(uid, gid, paths[i], modes[i]);
            else shared[i] = access(paths[i], modes[i]) == 0 ? 0 : errno;
        }
        _exit(0);
    }
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    bool is_answered = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
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
