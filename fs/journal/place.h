#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The directories in which journals lie: private to their owner, where nobody cleans up and nobody
 * else can put a file. Root: /run/thulefs. An ordinary user, and root where it may not write there,
 * as in a user namespace: $XDG_RUNTIME_DIR/thulefs if that is theirs, else a state directory, on
 * disk.
 */
#define PLACE_MAX 3

struct places {
	int count;
	char dir[PLACE_MAX][1024]; /* the first that will do is taken */
};

/* Where to look; touches nothing. ERR_NOT_FOUND when there is no such place for this user. */
bool places_list(struct places *p, struct error *err);

/*
 * Opens one as a directory descriptor: not a symbolic link, the caller's and nobody else's. `make`:
 * makes it, and what is missing above it but a home, where it is not there. -1 with *err set;
 * ERR_NOT_FOUND when it is not there.
 */
int place_open(const char *dir, bool make, struct error *err);

/* Bytes that may be had in the filesystem of this descriptor; UINT64_MAX: there is no limit. */
uint64_t place_room(int dirfd);
