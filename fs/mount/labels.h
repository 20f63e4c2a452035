#pragma once

#include <libpq-fe.h>

#include "fs.h"

/* Finds out whether a file may have an SELinux label: where the kernel has no SELinux, and no file
 * has one, nobody needs to be told so for each file. False with *err set. */
bool labels_find(struct fs *fs, PGconn *conn, struct error *err);
