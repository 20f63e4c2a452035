#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uthash.h>

#include "base/buf.h"
#include "command.h"
#include "db/conn.h"
#include "db/row.h"
#include "door.h"
#include "past.h"
#include "progress.h"
#include "tar/attributes.h"
#include "tar/sparse.h"

/*
 * Writes a tree of the past as a POSIX pax stream with libarchive. The tree comes through a cursor
 * and files come page by page, so that memory stays small whatever their size. Only files with
 * several names are remembered, to become hard links in the stream.
 */

enum { OPT_AT, OPT_QUIET };

static const struct command_option options[] = {
	[OPT_AT] = {0, "at", "T", "at this instant (default: now)"},
	[OPT_QUIET] = {'q', "quiet", NULL, PROGRESS_QUIET_HELP},
	{0},
};

/* Columns of command_tree. */
enum { PATH, INO, MODE, NLINK, UID, GID, RDEV, SIZE, MTIME, TARGET, XATTRS };

/* The first name of a file that has several, and its inode. */
struct linked {
	long long ino;
	char *path;
	UT_hash_handle hh;
};

struct stream {
	struct past *past;
	struct archive *archive;
	struct linked *links;
	struct progress progress;
	double bytes, all; /* of the files of the archive: written, and to be written */
	char *alone;       /* name of the only entry, when the path is not a directory */
};

static bool archive_fail(struct archive *a, struct error *err)
{
	return error_set(err, ERR_SYSTEM, "cannot write the archive: %s", archive_error_string(a));
}

/* Returns the path of an entry, to free(); its slashes are zeros in the answer of the query. */
static char *entry_path(struct bytes bytes)
{
	char *path = xcalloc(1, (size_t)bytes.len + 1);

	memcpy(path, bytes.data, bytes.len);
	for (size_t i = 0; i < bytes.len; i++)
		if (!path[i])
			path[i] = '/';
	return path;
}

/*
 * Returns the path of the inode if it is in the stream already; else NULL, and it is from now on.
 */
static const char *seen(struct stream *s, long long ino, const char *path)
{
	struct linked *l;

	HASH_FIND(hh, s->links, &ino, sizeof(ino), l);
	if (l)
		return l->path;
	l = xcalloc(1, sizeof(*l));
	l->ino = ino;
	l->path = xmemdup(path, strlen(path) + 1);
	HASH_ADD(hh, s->links, ino, sizeof(l->ino), l);
	return NULL;
}

static void describe(struct archive_entry *e, const PGresult *res, int row)
{
	int64_t ns = row_int(res, row, MTIME);
	int64_t second = ns / 1000000000 - (ns % 1000000000 < 0);

	archive_entry_set_mode(e, (mode_t)row_int(res, row, MODE));
	archive_entry_set_uid(e, row_int(res, row, UID));
	archive_entry_set_gid(e, row_int(res, row, GID));
	archive_entry_set_mtime(e, (time_t)second, (long)(ns - second * 1000000000));
	/* libpq puts a zero behind each value. */
	if (!PQgetisnull(res, row, TARGET))
		archive_entry_set_symlink(e, PQgetvalue(res, row, TARGET));
	archive_entry_set_rdev(e, (dev_t)row_int(res, row, RDEV));
	archive_entry_set_size(e, 0);
}

/* A regular file. */
static bool write_file(
	struct stream *s, struct archive_entry *e, const char *ino, int64_t size, struct error *err)
{
	struct tar_ranges ranges;
	bool ok;

	archive_entry_set_size(e, size);
	ok = tar_ranges_find(&ranges, s->past, ino, (uint64_t)size, e, err);
	if (ok && archive_write_header(s->archive, e) < ARCHIVE_WARN)
		ok = archive_fail(s->archive, err);
	ok = ok && tar_ranges_write(&ranges, s->past, ino, s->archive, err);
	tar_ranges_release(&ranges);
	return ok;
}

static bool write_entry(
	struct stream *s, struct archive_entry *e, const PGresult *res, int row, struct error *err)
{
	mode_t mode = (mode_t)row_int(res, row, MODE);
	const char *first = NULL;
	char ino[24];

	snprintf(ino, sizeof(ino), "%" PRId64, row_int(res, row, INO));
	describe(e, res, row);
	if (row_int(res, row, NLINK) > 1 && !S_ISDIR(mode))
		first = seen(s, row_int(res, row, INO), archive_entry_pathname(e));
	if (first)
		archive_entry_set_hardlink(e, first);
	else if (row_int(res, row, XATTRS) && !tar_attributes(s->past, ino, e, err))
		return false;
	if (S_ISREG(mode) && !first)
		return write_file(s, e, ino, row_int(res, row, SIZE), err);
	return archive_write_header(s->archive, e) >= ARCHIVE_WARN || archive_fail(s->archive, err);
}

static bool write_row(struct stream *s, const PGresult *res, int row, struct error *err)
{
	mode_t mode = (mode_t)row_int(res, row, MODE);
	struct archive_entry *e;
	char *path;
	bool ok;

	/* A tar file has no sockets. */
	if (S_ISSOCK(mode))
		return true;
	e = archive_entry_new();
	path = s->alone ? xmemdup(s->alone, strlen(s->alone) + 1)
			: entry_path(row_bytes(res, row, PATH));
	archive_entry_set_pathname(e, path);
	free(path);
	ok = write_entry(s, e, res, row, err);
	s->bytes += (double)row_int(res, row, SIZE);
	progress_step(&s->progress, s->bytes, s->all, "");
	archive_entry_free(e);
	return ok;
}

/* Fails when the caller may not read some of the tree, which makes the archive incomplete. */
static bool tell_left(struct stream *s, const char *const *params, struct error *err)
{
	PGresult *res =
		past_query(s->past, statements[STMT_COMMAND_TREE_LEFT].text, 3, params, false, err);
	bool ok = res && !strcmp(PQgetvalue(res, 0, 0), "0");

	if (res && !ok)
		error_set(err, ERR_AUTH,
			"%s of the entries below %s are not in the archive, because you may not "
			"read them: %s%s",
			PQgetvalue(res, 0, 0), s->past->path, PQgetvalue(res, 0, 1),
			strcmp(PQgetvalue(res, 0, 0), "1") ? " and more" : "");
	PQclear(res);
	return ok;
}

/* Writes the tree from the door, which has no cursors. */
static bool write_all(struct stream *s, const char *const *params, struct error *err)
{
	PGresult *res =
		past_query(s->past, statements[STMT_COMMAND_TREE].text, 3, params, true, err);
	bool ok = res && row_check(STMT_COMMAND_TREE, res, 0, err);

	for (int row = 0; ok && row < PQntuples(res); row++)
		ok = write_row(s, res, row, err);
	PQclear(res);
	return ok;
}

/* Sums up what is to be written, where somebody sees how far it is. The door is not asked for that.
 */
static bool measure(struct stream *s, const char *const *params, struct error *err)
{
	PGresult *res;

	if (!s->progress.shown)
		return true;
	res = past_query(s->past, statements[STMT_COMMAND_TREE_SIZE].text, 2, params, false, err);
	if (res)
		s->all = atof(PQgetvalue(res, 0, 0));
	PQclear(res);
	return res != NULL;
}

static bool write_tree(struct stream *s, struct error *err)
{
	const char *params[] = {s->past->ino, s->past->op, NULL};
	char declare[2048];
	PGresult *res;
	bool ok, more = true;

	if (door_behind(s->past->conn))
		return write_all(s, params, err);
	if (!measure(s, params, err))
		return false;
	snprintf(declare, sizeof(declare), "declare tree no scroll cursor for %s",
		statements[STMT_COMMAND_TREE].text);
	res = past_query(s->past, declare, 3, params, false, err);
	ok = res != NULL;
	PQclear(res);
	while (ok && more) {
		res = past_query(s->past, "fetch 500 from tree", 0, NULL, true, err);
		/* Invalid names would end up elsewhere when the archive is unpacked. */
		ok = res && row_check(STMT_COMMAND_TREE, res, 0, err);
		more = ok && PQntuples(res) > 0;
		for (int row = 0; ok && row < PQntuples(res); row++)
			ok = write_row(s, res, row, err);
		PQclear(res);
	}
	return ok;
}

static bool write_archive(struct past *p, bool quiet, struct error *err)
{
	struct stream s = {.past = p, .archive = archive_write_new()};
	struct linked *l, *tmp;
	bool ok, whole;

	progress_begin(&s.progress, "writing", quiet);
	if (!s.archive)
		return error_set(err, ERR_SYSTEM, "out of memory");
	/* Names that are not UTF-8 are marked in the stream; the others need no mark. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (strcmp(p->kind, "directory"))
		s.alone = strrchr(p->target.mounted ? p->target.path : p->path, '/') + 1;
	/* Of the two formats of attributes, GNU tar knows this one as well. */
	ok = archive_write_set_format_pax(s.archive) == ARCHIVE_OK &&
	     archive_write_set_format_option(s.archive, "pax", "xattrheader", "SCHILY") ==
		     ARCHIVE_OK &&
	     archive_write_open_fd(s.archive, STDOUT_FILENO) == ARCHIVE_OK;
	if (!ok)
		archive_fail(s.archive, err);
	ok = ok && write_tree(&s, err);
	progress_end(&s.progress);
	whole = !ok || !door_behind(p->conn) ||
		tell_left(&s, (const char *[]){p->ino, p->op, NULL}, err);
	if (ok && archive_write_close(s.archive) != ARCHIVE_OK)
		ok = archive_fail(s.archive, err);
	if (!ok)
		archive_write_fail(s.archive);
	archive_write_free(s.archive);
	HASH_ITER (hh, s.links, l, tmp) {
		HASH_DEL(s.links, l);
		free(l->path);
		free(l);
	}
	return ok && whole;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct past p;
	bool ok;

	if (isatty(STDOUT_FILENO)) {
		error_set(&err, ERR_USAGE,
			"an archive is not for a terminal: write it to a file with >, or pipe it "
			"into `tar -x`");
		return command_fail(&err);
	}
	if (!past_open(&p, args->operand[0], args->option[OPT_AT], false, &err))
		return command_fail(&err);
	ok = write_archive(&p, args->option[OPT_QUIET], &err);
	past_close(&p);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_tar = {
	.name = "tar",
	.operands = "PATH [--at T] [--quiet]",
	.summary = "write a tree as it was to standard output, as a tar archive",
	.help = "The archive is in POSIX pax format, with names relative to PATH: `tar -x -C\n"
		"DIR` unpacks it. It has extended attributes and access control lists, which\n"
		"GNU tar unpacks with --xattrs --xattrs-include=* --acls. Sockets are left\n"
		"out.\n"
		"\n" HELP_PAST_PATH "\n\n" HELP_INSTANT,
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
