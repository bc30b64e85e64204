#pragma once
#include <stddef.h>

/// From now on every block of a megabyte or more is a mapping of its own and goes back to the system when it is freed
/// (mallopt(3)). Left alone, glibc puts such blocks in its heaps once the first of them was freed, and keeps what they leave.
void linux_map_large_blocks(void);

/// At most that many heaps, which threads share: each keeps what is free in it for itself (M_ARENA_MAX of mallopt(3)).
void linux_bound_heaps(int count);

/// Gives what the heap has free back to the system (malloc_trim(3)).
void linux_return_memory(void);

/// All of this memory is about to be written: large pages, where the system has them, take far fewer faults for it
/// (MADV_HUGEPAGE of madvise(2)).
void linux_expect_use(void *start, size_t size);

/// Has the memory at `place`, which is going to be read soon, brought into the processor's caches.
static inline void linux_prefetch(const void *place) { __builtin_prefetch(place); }

/// Where some bytes begin for the first time in others (memmem(3)); NULL if they are not in there.
const void *linux_find_bytes(const void *all, size_t size, const void *wanted, size_t wanted_size);
