#pragma once

#include <stdbool.h>
#include <sys/types.h>

/// Where `ocean_become_user` failed.
enum ocean_privilege_step {
    OCEAN_PRIVILEGE_OK = 0,
    OCEAN_PRIVILEGE_GROUPS,
    OCEAN_PRIVILEGE_IDS,
    OCEAN_PRIVILEGE_CAPABILITIES,
};

/// Gives up root for the user `name`, keeping only the capability to bind ports below 1024.
/// Must run before any thread is started: capabilities belong to threads. On failure errno says why.
enum ocean_privilege_step ocean_become_user(const char *name, uid_t uid, gid_t gid);

/// No new privileges by exec, no core dumps and no ptrace by others: passwords pass through this memory.
bool ocean_harden_process(void);

/// Raises the limit of open files to what is allowed; returns the limit in force.
long ocean_raise_file_limit(void);

/// The one who asks the kernel about files: a user, for a process of root, or this process.
struct ocean_asker {
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    /// -1 for this process: then the three above mean nothing.
    int group_count;
    /// Set: whether an answer about another user is about the path alone, and not about the directories that lead there.
    bool are_independent;
};

/// What somebody may do with files, as the kernel says it. Sets each of the `count` answers to 0 if that is what the mode
/// asks (of access(2)), and to the errno otherwise; ETIMEDOUT where there was no answer in that time: a file system that
/// does not answer keeps a child process, which asks: no reading of permission bits knows of ACLs, mount options and file
/// servers. False if there is none.
bool ocean_may_access(struct ocean_asker *asker, const char *const *paths, const int *modes, int *answers, int count,
                      int milliseconds);

/// The number of threads of this process, or -1.
int ocean_thread_count(void);

/// The number of cores this process may run on (taskset, CPUAffinity= of systemd), or -1.
int ocean_usable_cores(void);

/// What the calling thread is called in ps(1) and top(1): 15 characters at most.
void linux_name_thread(const char *name);
