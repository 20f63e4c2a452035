#pragma once

#include "base/budget.h"
#include "fs.h"

#define BUDGETS_MAX 12

/* Copies all budgets of the daemon. Returns how many there are. Any thread, without the lock. */
size_t budgets_read(struct fs *fs, struct budget out[static BUDGETS_MAX]);
