#pragma once

/// Gives what the heap has free back to the system (malloc_trim(3)).
void linux_return_memory(void);
