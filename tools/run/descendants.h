#pragma once

#include <stdbool.h>

/* Makes the calling process the parent of its descendants that lose their own. */
bool descendants_adopt(void);

/* Reaps the children that have ended. Returns true when others are left. */
bool descendants_reap(void);

/* Kills all children, and then their descendants as these become children, until none is left. */
void descendants_kill(void);
