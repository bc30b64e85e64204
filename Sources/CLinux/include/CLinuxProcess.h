#pragma once
#include <signal.h>

#include <stdbool.h>
#include <sys/types.h>

/// The step at which `ocean_become_user` failed.
enum ocean_privilege_step {
    OCEAN_PRIVILEGE_OK = 0,
    OCEAN_PRIVILEGE_GROUPS,
    OCEAN_PRIVILEGE_IDS,
    OCEAN_PRIVILEGE_CAPABILITIES,
};

/// Gives up root for the user `name`, keeping only the capability to bind ports below 1024. Must run before
/// any thread is started: capabilities belong to threads. On failure errno says why.
enum ocean_privilege_step ocean_become_user(const char *name, uid_t uid, gid_t gid);

/// Forbids new privileges by exec, core dumps, and ptrace by others: passwords pass through this memory.
bool ocean_harden_process(void);

/// Raises the limit of open files to what is allowed; returns the limit in force.
long ocean_raise_file_limit(void);

/// The user for whom the kernel is asked about files: another user, if this process is root's, or this
/// process itself.
struct ocean_asker {
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    /// -1 for this process: then the three fields above mean nothing.
    int group_count;
    /// Set by the call: whether an answer about another user is only about the path itself, not about the
    /// directories that lead there.
    bool are_independent;
};

/// Asks the kernel what a user may do with files. Sets each of the `count` answers to 0 if the mode (of
/// access(2)) is allowed, and to the errno otherwise; ETIMEDOUT if there was no answer in that time. A child
/// process asks, so that a file system that does not answer delays only that. Reading permission bits would
/// not do: it knows nothing of ACLs, mount options and file servers. False if there is no child process.
bool ocean_may_access(struct ocean_asker *asker, const char *const *paths, const int *modes, int *answers, int count,
                      int milliseconds);

/// The number of threads of this process, or -1.
int ocean_thread_count(void);

/// The number of cores this process may run on (taskset, CPUAffinity= of systemd), or -1.
int ocean_usable_cores(void);

/// Names the calling thread for ps(1) and top(1): at most 15 characters.
void linux_name_thread(const char *name);

/// Waits for input, with the signals let through that `mask` does not have: 1 if there is input or its end, -1 and
/// errno otherwise (EINTR: a signal came).
int linux_await_input(int descriptor, const sigset_t *mask);
