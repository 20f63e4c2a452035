#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Long output for people, as git shows it: on a terminal, what is printed goes through the program
 * that $THULE_PAGER or $PAGER names, or else through `less -FRX`; an empty value or `cat` means
 * none. Anywhere else nothing happens.
 */
struct pager {
	pid_t pid; /* 0: none */
};

void pager_begin(struct pager *p);
/* Returns when the reader has seen enough. */
void pager_end(struct pager *p);

/* True when stdout is a terminal, perhaps behind a pager, and NO_COLOR is not set
 * (https://no-color.org). */
bool pager_colour(void);
