#pragma once

#include <stdint.h>

/*
 * Whoever has limited what is run in a shell (ulimit -S) did not mean a program that stays: raises
 * the soft limits of CPU time, memory, sizes of files and processes to the hard ones, for this
 * process and what it starts.
 */
void rlimits_raise(void);

/* Returns after so many seconds of CPU time the kernel kills this process; 0: it does not. */
uint64_t rlimits_cpu_seconds(void);
