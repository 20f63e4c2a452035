#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdint.h>

#include "past.h"

/* Where a file has bytes: rows of command_data. All zeroes: nobody has asked, it is whole. */
struct tar_ranges {
	PGresult *rows;
	uint64_t size; /* of the file */
	bool has_holes;
};

/*
 * Asks where a file of `size` bytes has holes, and writes them into its entry, whose size is set.
 * tar_ranges_release() it in any case.
 */
bool tar_ranges_find(struct tar_ranges *r, struct past *past, const char *ino, uint64_t size,
	struct archive_entry *e, struct error *err);
void tar_ranges_release(struct tar_ranges *r);

/* Writes the bytes of a file whose header is written. ERR_CORRUPT where the file has more or less
 * than its size says. */
bool tar_ranges_write(const struct tar_ranges *r, struct past *past, const char *ino,
	struct archive *archive, struct error *err);
