#pragma once

#include <stdint.h>

/*
 * Raises the soft limits of CPU time, memory, sizes of files and processes to the hard ones, for
 * this process and what it starts. Whoever limited what a shell runs (ulimit -S) did not mean a
 * program that stays.
 */
void rlimits_raise(void);

/* Returns the seconds of CPU time after which the kernel kills this process, or 0 when it never
 * does. */
uint64_t rlimits_cpu_seconds(void);
