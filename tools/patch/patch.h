#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "past.h"

/* Paragraph of help of the commands that print patches. */
#define HELP_PATCH                                                                                 \
	"A patch is what `git apply` and `patch -p1` take: created, changed, deleted and\n"        \
	"renamed files and symbolic links, and modes. Files with a zero byte are binary,\n"        \
	"and are said to differ, as are those of more than 16 MiB, which are not\n"                \
	"compared. It has no directories, devices, owners, times and xattrs.\n"                    \
	"It needs the program `diff`."

/* Prints what files were and what they became, as a patch or as the lines that each gained and
 * lost. */
struct patch {
	struct past *past; /* a snapshot of the database, to read bytes of files in */
	bool counts;       /* only how many lines or bytes, a line for each file */
	bool people;       /* for a terminal: nothing steers it */
	bool colour;
	long files; /* how many were printed */
};

/* Begins a patch on stdout, which is paged already if it is to be. */
struct patch patch_begin(struct past *past, bool counts);

/*
 * Prints rows of thule_internal.patch_files, of what there was after op `from` and what there is
 * after op `to`. Memory is bounded by two files of CONTENT_MAX bytes and what diff(1) needs for
 * them. Returns false with *err set.
 */
bool patch_print(struct patch *patch, const PGresult *files, const char *from, const char *to,
	struct error *err);
