#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Requests that wait for something: what a process asked for that a signal may be ending meanwhile.
 *
 * A process that is being killed stays until each request of its own is answered (Linux fuse_dev.c,
 * request_wait_answer), and the kernel says with FUSE_INTERRUPT, once, that a signal has come, not
 * which. Signals that a program handles must not be seen by what it asks of a filesystem, so a
 * request is ended, with EINTR, only when its thread is about to die (SIGKILL is pending for it, as
 * it is after every signal that ends a process). That is looked at when the interrupt comes, and
 * then again and again, because a later signal is not told.
 */
struct waiting_list;

/* One that waits. Its owner has it in a struct of his own. */
struct waiting {
	struct waiting *next, *prev;
	uint64_t unique; /* of the FUSE request */
	int64_t since;   /* CLOCK_MONOTONIC, ns */
	int32_t pid;     /* thread that asks; 0: of a foreign pid namespace, or the kernel */
	int fd;          /* on which it is to be answered */
	bool signalled;  /* the kernel has told that a signal came */
	bool answered;   /* with EINTR */
};

struct waiting_list *waiting_new(struct error *err);
void waiting_free(struct waiting_list *l);

/* Adds w, whose unique, pid, fd and signalled are set, and the rest is zero. Any thread. */
void waiting_add(struct waiting_list *l, struct waiting *w);
/* Takes it out. False: it has been answered, and gets no other reply; nor is it added again. */
bool waiting_remove(struct waiting_list *l, struct waiting *w);

/* A signal came for a request, which may not wait yet. */
void waiting_signalled(struct waiting_list *l, uint64_t unique);
