#pragma once
#include <stddef.h>

/// Makes every block of a megabyte or more a mapping of its own, which goes back to the system when it is
/// freed (mallopt(3)). By default, glibc puts such blocks in its heaps once the first of them was freed, and
/// keeps the room they leave.
void linux_map_large_blocks(void);

/// Keeps the memory that is freed, all in one heap of large pages (mallopt(3), madvise(2)): for a program that needs
/// much, and soon ends. By default, each large block is a mapping of its own, whose pages are cleared and handed over
/// again and again.
void linux_keep_memory(void);

/// Limits the number of heaps, which threads share: each keeps its free memory for itself (M_ARENA_MAX of
/// mallopt(3)).
void linux_bound_heaps(int count);

/// Gives the heap's free memory back to the system (malloc_trim(3)).
void linux_return_memory(void);

/// Tells the system that all of this memory is about to be written: large pages, where the system has them,
/// need far fewer faults for it (MADV_HUGEPAGE of madvise(2)).
void linux_expect_use(void *start, size_t size);

/// Brings the memory at `place`, which will be read soon, into the processor's caches.
static inline void linux_prefetch(const void *place) { __builtin_prefetch(place); }

/// The first position of some bytes in others (memmem(3)); NULL if they are not in there.
const void *linux_find_bytes(const void *all, size_t size, const void *wanted, size_t wanted_size);
