#pragma once

#include <sched.h>
#include <stdbool.h>

/* The CPUs of this machine: `which` is "possible" or "online". Returns how many, or 0 where /sys
 * does not tell. */
unsigned int cpus_read(const char *which, cpu_set_t *set);
