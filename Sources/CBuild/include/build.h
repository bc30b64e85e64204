#pragma once

/// The commit that the program was built from, and its date; "" if the build was not told.
const char *build_commit(void);
