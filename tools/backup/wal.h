#pragma once

#include <limits.h>
#include <stdbool.h>

#include "backup/label.h"
#include "base/error.h"
#include "cluster/account.h"

/* Where the WAL is that was written after a backup. */
struct wal {
	char own[PATH_MAX];     /* pg_wal of the backup */
	char archive[PATH_MAX]; /* "": there is none */
	char live[PATH_MAX];  /* pg_wal of the server that it was taken from; "": it is not here */
	unsigned int segment; /* bytes of a segment */
};

/* A segment that is missing, though there are later ones. */
struct wal_gap {
	char missing[32], later[32]; /* "": there is no gap */
};

/*
 * Finds it for the backup in `dir`. `archive`: where it is now; NULL: where the label says; "none":
 * it is done without. False with *err set: ERR_NOT_FOUND when the archive is not there, ERR_USAGE
 * when the account cannot reach it.
 */
bool wal_find(const char *dir, const struct backup_label *label, const char *archive,
	const struct account *account, struct wal *wal, struct error *err);

/* Looks for a gap, and sets `last` to the name of the last segment that is there. */
void wal_look(const struct wal *wal, struct wal_gap *gap, char last[static 32]);

/* Sets dst to the server's restore_command, quoted for postgresql.conf. */
bool wal_restore_command(const struct wal *wal, char *dst, size_t size, struct error *err);
