#pragma once

#include <stdbool.h>

#include "base/error.h"

/* What is wanted of a restored backup. */
struct restore_wish {
	const char *from;    /* the backup */
	const char *to;      /* a home for a private server of its own: missing, or empty */
	const char *instant; /* as it was typed; NULL: as far as there is WAL */
	const char *archive; /* where the archive is now, "none", or NULL: where it was */
	bool keep_identity;  /* it takes the place of the original */
};

/* What came of it. */
struct restore_result {
	char home[4096];
	char filesystem[40]; /* uuid */
	char wanted[24];     /* op of the instant, or "" */
	char op[24], at[64]; /* the last op that is there, and its time */
};

/*
 * Restores a backup into a private server of its own, which runs afterwards. False with *err set,
 * and nothing is left: ERR_NOT_FOUND, ERR_USAGE, ERR_NO_SPACE, ERR_CORRUPT when the archive has a
 * gap before the instant.
 */
bool backup_restore(
	const struct restore_wish *wish, struct restore_result *result, struct error *err);
