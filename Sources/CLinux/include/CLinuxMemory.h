#pragma once
#include <stddef.h>

/// Gives what the heap has free back to the system (malloc_trim(3)).
void linux_return_memory(void);

/// All of this memory is about to be written: large pages, where the system has them, take far fewer faults for it
/// (MADV_HUGEPAGE of madvise(2)).
void linux_expect_use(void *start, size_t size);

/// Has the memory at `place`, which is going to be read soon, brought into the processor's caches.
static inline void linux_prefetch(const void *place) { __builtin_prefetch(place); }
