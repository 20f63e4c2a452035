#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * What a backup says of itself: the file `label` in its directory, a line for each field. It is
 * written last, so a directory without one holds no finished backup.
 */
struct backup_label {
	char filesystem[40]; /* uuid */
	char database[128], role[128], superuser[128];
	char version[16]; /* major, of the server */
	char segment[24]; /* bytes of a segment of WAL */
	char began[64], ended[64];
	char first_op[24], last_op[24]; /* the last op before it began, and before it ended */
	char home[PATH_MAX];            /* of the private server; "": it is another one */
	char data[PATH_MAX];            /* the server's data folder; "": not known */
	char archive[PATH_MAX];         /* of its WAL; "": there is none */
};

/* Reads the label of the backup in `dir`. False with *err set: ERR_NOT_FOUND when there is none. */
bool label_read(const char *dir, struct backup_label *label, struct error *err);

/* Writes it and flushes it. False with *err set. */
bool label_write(const char *dir, const struct backup_label *label, struct error *err);
