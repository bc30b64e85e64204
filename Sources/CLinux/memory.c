#include "CLinuxMemory.h"

#include <malloc.h>

void linux_return_memory(void) { malloc_trim(0); }
