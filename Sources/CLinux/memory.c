#include "CLinuxMemory.h"

#include <malloc.h>

void linux_map_large_blocks(void) { mallopt(M_MMAP_THRESHOLD, 1 << 20); }

void linux_return_memory(void) { malloc_trim(0); }
