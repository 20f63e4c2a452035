#pragma once

#include "command.h"

/*
 * Finds the command whose name is most like a word that is none: as few letters as possible have to
 * be put in, left out, replaced, or swapped with their neighbour. Returns NULL when none is near.
 */
const struct command *nearest(const struct command *const *commands, const char *word);
