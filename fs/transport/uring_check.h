#pragma once

#include "base/error.h"

/* Returns whether the kernel has FUSE over io_uring, and has it on; else *err says what to do. */
bool uring_offered(struct error *err);

/* Says why io_uring itself was refused with an errno. Returns false. */
bool uring_refused(int error, struct error *err);
