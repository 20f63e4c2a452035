#pragma once

#include <stdbool.h>

#include "backup/label.h"
#include "base/error.h"
#include "target.h"

/*
 * Takes a backup of the server of a filesystem into `dir`, which is made, or is empty: data/, a
 * copy with the WAL that it needs, verified, and `label`. What the mount has acknowledged is
 * committed before. Fills *label. False with *err set, and nothing is left: ERR_USAGE (the
 * directory, the server's settings), ERR_AUTH (the role may not), ERR_NO_SPACE, ERR_CORRUPT (the
 * copy is not what the server sent).
 */
bool backup_take(
	const struct target *t, const char *dir, struct backup_label *label, struct error *err);

/* Checks each byte of the backup in `dir` against the list that was made with it. ERR_CORRUPT. */
bool backup_verify(const char *dir, const struct backup_label *label, struct error *err);
