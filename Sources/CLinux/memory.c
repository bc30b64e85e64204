#define _GNU_SOURCE
#include "CLinuxMemory.h"

#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void linux_map_large_blocks(void) { mallopt(M_MMAP_THRESHOLD, 1 << 20); }

void linux_bound_heaps(int count) { mallopt(M_ARENA_MAX, count > 0 ? count : 1); }

void linux_keep_memory(void) {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 512 << 20);
  mallopt(M_ARENA_MAX, 1);
  char *before = sbrk(0);
  // Makes the heap grow, by what M_TOP_PAD says. Nothing of it is used before it is written.
  free(malloc(1 << 20));
  char *after = sbrk(0);
  if (before != (void *)-1 && after != (void *)-1 && before < after) linux_expect_use(before, (size_t)(after - before));
}

void linux_return_memory(void) { malloc_trim(0); }

void linux_expect_use(void *start, size_t size) {
  const uintptr_t page = 2 << 20;
  uintptr_t first = ((uintptr_t)start + page - 1) & ~(page - 1), end = ((uintptr_t)start + size) & ~(page - 1);
  if (first < end) madvise((void *)first, end - first, MADV_HUGEPAGE);
}

const void *linux_find_bytes(const void *all, size_t size, const void *wanted, size_t wanted_size) {
  return memmem(all, size, wanted, wanted_size);
}
