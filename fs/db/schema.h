#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Installs, checks and upgrades schema `thule`. All calls block. */

/* The owner of the root directory of a new filesystem. */
struct schema_owner {
	uid_t uid;
	gid_t gid;
};

/* The superblock; see sql/schema/superblock.sql. */
struct superblock {
	char uuid[37]; /* text form, NUL-terminated */
	int schema_version;
	int64_t next_op; /* first ids not yet used */
	int64_t next_ino;
	int64_t next_blob;
};

/*
 * Makes sure that the database holds a filesystem that this program can use. Installs schema
 * `thule`, in one transaction, where there is none, with a root directory of mode 0755 that belongs
 * to *owner; racing callers install it once. A schema that is there is only checked.
 * `conn` must not be in a transaction.
 *
 * False with *err set: ERR_VERSION (the schema is newer or older than the program, or the server is
 * too old), ERR_USAGE (schema `thule` is something else's, the database is not UTF-8), ERR_AUTH
 * (the role may not), or what the connection says. Nothing is left half installed.
 */
bool schema_open(PGconn *conn, const struct schema_owner *owner, struct error *err);

/* Checks the same for a caller who only wants to use what is there: nothing is installed. False
 * with *err set: ERR_NOT_FOUND (no filesystem in this database), else as above. */
bool schema_check(PGconn *conn, struct error *err);

/*
 * Upgrades an installed schema to this program, in one transaction: migrates tables from older
 * versions, drops all views and functions and creates them again. Can be repeated at any time.
 * False with *err set: ERR_NOT_FOUND (no filesystem in this database), ERR_VERSION (the schema is
 * newer), ERR_LEASE (it is older, and mounted), or the server's refusal; then nothing has changed.
 */
bool schema_upgrade(PGconn *conn, struct error *err);

/* Reads the superblock into *out. False with *err set, *out untouched: ERR_CORRUPT without one. */
bool schema_superblock(PGconn *conn, struct superblock *out, struct error *err);
