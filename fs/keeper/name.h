#pragma once

#include <signal.h>

/* What commands know of the keeper: the name of its process, and the signal that has it start its
 * program anew, from the path where that was. */
#define KEEPER_COMM    "thulefs-keeper"
#define KEEPER_REPLACE SIGUSR2
