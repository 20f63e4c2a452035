#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cluster/cluster.h"

/*
 * The archive of a cluster: a directory to which its server copies each segment of WAL that is
 * full, and one that is not after five minutes. With a backup (backup/) it leads to any instant
 * since. HOME/archive has the name of the directory; where that file is not, there is no archive.
 */

#define ARCHIVE_SETTING "archive"

/* Sets dir to the directory; to "" where there is none. */
void archive_read(const struct cluster *c, char dir[PATH_MAX]);
bool archive_is_on(const struct cluster *c);

/* Sets dst to the server's archive_command, quoted for postgresql.conf; without an archive that is
 * one that does nothing. */
bool archive_command(const struct cluster *c, char *dst, size_t size, struct error *err);
