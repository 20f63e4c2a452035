#pragma once

#include <stddef.h>

#include "fs.h"

/*
 * Paths of some inodes by the names that are in memory. The state has no way from an inode to its
 * names, so they are looked for, all at once and no further than PATHS_LOOK_MAX of them, because
 * the lock of the filesystem is held meanwhile.
 */
#define PATHS_LOOK_MAX 32768

struct path_found {
	uint64_t ino;
	char *path; /* owned; NULL: not found */
};

struct paths {
	struct path_found *found;
	size_t count;
	size_t left; /* names that may be looked at */
};

/* Makes room for up to `max` inodes, any of which may be wanted twice. */
void paths_init(struct paths *p, size_t max);
void paths_want(struct paths *p, uint64_t ino);

/* Looks for them, under the lock, once all are wanted. */
void paths_find(struct paths *p, struct state *s);

/* Returns the path of an inode that was wanted, with a name in it unless that is "", to be freed;
 * NULL when it was not found. */
char *paths_of(const struct paths *p, uint64_t ino, const char *name);
void paths_release(struct paths *p);
