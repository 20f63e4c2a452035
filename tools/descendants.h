#pragma once

#include <stdbool.h>

/* Makes the calling process the parent of those of its descendants that lose theirs. */
bool descendants_adopt(void);

/* Reaps the children that are dead already. True when others are left. */
bool descendants_reap(void);

/* Kills all children and, as they become children, what they have started, until none is left. */
void descendants_kill(void);
