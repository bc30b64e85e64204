#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rand.h>
#include <stddef.h>
#include <stdint.h>

int fuzz_tls(const uint8_t *bytes, size_t count);
void fuzz_tls_prepare(void);

// libcrypto's random octets are those of SplitMix64: an input does the same in every run.
static uint64_t state;

static int octets(unsigned char *out, int count) {
  while (count-- > 0) {
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    *out++ = (unsigned char)(z ^ (z >> 31));
  }
  return 1;
}

static int status(void) { return 1; }

static const RAND_METHOD method = {.bytes = octets, .pseudorand = octets, .status = status};

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  if (RAND_set_rand_method(&method) != 1) return 1;
  fuzz_tls_prepare();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  state = 1;
  return fuzz_tls(bytes, count);
}
