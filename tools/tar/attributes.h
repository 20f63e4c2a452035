#pragma once

#include <archive_entry.h>
#include <stdbool.h>

#include "past.h"

/*
 * Adds the extended attributes and access lists that an inode had to its entry of an archive. After
 * the entry's mode: libarchive keeps the permissions of a list's owner, group and others there.
 */
bool tar_attributes(struct past *past, const char *ino, struct archive_entry *e, struct error *err);
