#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Pages long output for people, as git does: on a terminal, stdout goes through the program that
 * $THULE_PAGER or $PAGER names, or else through `less -FRX`; an empty value or `cat` means none.
 * Does nothing elsewhere. A program that is not there is told on stderr, and the output is printed
 * as it is.
 */
struct pager {
	pid_t pid; /* 0: none */
};

void pager_begin(struct pager *p);
/* Ends the paging; returns when the reader has left the pager. */
void pager_end(struct pager *p);

/* Lets nothing be paged by this program, nor by those that it runs. */
void pager_forbid(void);

/* Returns true when stdout is a terminal, perhaps behind a pager. */
bool pager_terminal(void);

/* Does the same where NO_COLOR is not set (https://no-color.org). */
bool pager_colour(void);
