#pragma once

#include "fs.h"
#include "mount/origin.h"

/* The database's side of a mount that writes. */
struct present {
	struct ring_key key; /* of the journal, which points at it */
	uint64_t mount;      /* thule.mount.id */
};

/*
 * Opens the schema, or installs it, takes the lease, commits what an earlier daemon left, and
 * starts the journal: sets fs->journal, and what of *fs comes from the database. False with *err
 * set: ERR_LEASE when another mount has the lease.
 */
bool present_open(struct present *p, const struct origin *o, struct fs *fs, struct error *err);

/* Registers that the mount ended when `clean`, else says in *err where the journal's file is; then
 * lets go of the lease. For after journal_stop(). */
void present_close(struct present *p, struct fs *fs, bool clean, struct error *err);
