#pragma once

#include <libpq-fe.h>

#include "fs.h"
#include "transport/apart.h"

/* What others than the mount have changed in the database, while the journal was quiesced: state
 * and kernel drop it, and then changes go on. */
struct foreign {
	struct journal_marks marks;
	/* Rows of an inode, or of a directory and a name in it, and whether it came back; NULL: not
	 * known. */
	PGresult *touched;
	bool exact;           /* nothing else was changed */
	PGresult *orphans;    /* orphans_read(); NULL: there are none */
	struct quota *quotas; /* as they are now; taken */
	/* In a mount that follows: the last op and the last request that was performed, of which it
	 * is told with that. 0: not known. */
	uint64_t op, request;
};

/* On the control thread, without the lock. */
void foreign_go_on(struct fs *fs, struct apart *kernel, struct foreign *f);

/* What the kernel may have of the state: inodes, then pairs of a directory and a name. */
struct known {
	uint64_t *inos;
	size_t count;
	struct buf names; /* name_list() */
};

/* Under the lock: lists them. Without it: has the kernel drop them, and frees the list. */
void foreign_list(const struct state *s, struct known *k);
void foreign_drop(struct apart *kernel, struct known *k);

/* Under the lock: notes that the kernel has dropped what others changed, now or when it has dropped
 * all. */
void foreign_told(struct fs *fs);

/* In a mount that follows another: drops it from the state, and counts as invalidating until the
 * kernel has dropped it. Without f->touched all of the state is dropped, and listed. */
void foreign_follow(struct fs *fs, const struct foreign *f, struct known *known);

/*
 * The kernel drops what it remembers of what was changed. Without any lock of ours: the kernel may
 * have to finish a request of the same directory before it can do that.
 */
void foreign_invalidate(struct apart *kernel, const PGresult *touched);
