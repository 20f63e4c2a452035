#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdint.h>

#include "past.h"

/* The ranges of a file that have bytes: rows of command_data. All zeroes: the file is whole. */
struct tar_ranges {
	PGresult *rows;
	uint64_t size; /* of the file */
	bool has_holes;
};

/*
 * Asks for the holes of a file of `size` bytes, and writes them into its entry, whose size is set.
 * Call tar_ranges_release() in any case.
 */
bool tar_ranges_find(struct tar_ranges *r, struct past *past, const char *ino, uint64_t size,
	struct archive_entry *e, struct error *err);
void tar_ranges_release(struct tar_ranges *r);

/*
 * Writes the bytes of a file whose header is written. ERR_CORRUPT when the file has more or fewer
 * bytes than its size says.
 */
bool tar_ranges_write(const struct tar_ranges *r, struct past *past, const char *ino,
	struct archive *archive, struct error *err);
