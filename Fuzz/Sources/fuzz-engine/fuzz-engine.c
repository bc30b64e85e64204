#include <stddef.h>
#include <stdint.h>

int fuzz_engine(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return fuzz_engine(bytes, count); }
