#include "build.h"

const char *build_commit(void) { return OCEAN_COMMIT; }
