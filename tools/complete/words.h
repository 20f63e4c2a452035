#pragma once

#include "command.h"

/*
 * Completes a command line of `thule` for a shell, by the tables that --help and the manual are
 * made of. `words` are the `n` words after `thule`; the last one is what was typed so far of the
 * word in question, perhaps "". Prints a line for each word that it can become: the word, a tab,
 * and its meaning. One that ends in = : or , goes on. A line that begins with a tab says what else
 * there may be, for the shell to find:
 *
 *     file, directory, user, group, process
 *     command N         the words from number N on (0 is the first) are another command line
 *
 * Never starts a server, never says why it knows nothing, and ends after two seconds at most.
 */
void complete_words(const struct command *const *commands, int n, char **words);
