#pragma once

/* What the parts of the batch share; nobody else includes this. */

#include <uthash.h>

#include "base/buf.h"
#include "base/limits.h"
#include "db/array.h"
#include "db/statement.h"
#include "journal/batch.h"

/* The statements of a batch, in the order in which they are sent. */
enum rows_id {
	ROWS_ACTOR,
	ROWS_OP,
	ROWS_CLOCK_STEP,
	ROWS_BLOB,
	ROWS_ATIME,
	ROWS_INODE_CLOSE,
	ROWS_INODE_HISTORY,
	ROWS_INODE_DELETE,
	ROWS_INODE_UPDATE,
	ROWS_INODE_INSERT,
	ROWS_DIRENT_CLOSE,
	ROWS_DIRENT_HISTORY,
	ROWS_DIRENT_INSERT,
	ROWS_XATTR_CLOSE,
	ROWS_XATTR_HISTORY,
	ROWS_XATTR_INSERT,
	ROWS_EXTENT_CUT,
	ROWS_EXTENT_HISTORY,
	ROWS_EXTENT_INSERT,
	ROWS_COUNT,
};

#define ROWS_MAX_COLUMNS 21

/* The parameters of one statement: a column is an array, all of the same length. */
struct rows {
	int columns;
	int next; /* column that the next rows_add_*() fills */
	struct array column[ROWS_MAX_COLUMNS];
};

/* When something was done: the op and its time, microseconds since the epoch. */
struct when {
	uint64_t op;
	int64_t at;
};

struct inode_fold {
	uint64_t ino;
	bool existed;      /* the database has a row for it from before this batch */
	bool live;         /* it exists after what was folded so far; cur and from are valid */
	struct when ended; /* of the row from before, if it existed */
	struct when from;  /* when cur began */
	struct inode_attr cur;
	struct bytes target; /* in the record's memory */
	UT_hash_handle hh;
};

/* An access to what the database has, before the batch does anything else to it. */
struct atime_fold {
	uint64_t ino;
	int64_t ns;
	UT_hash_handle hh;
};

/* A name of a directory, or an extended attribute of an inode. */
struct name_fold {
	uint64_t ino, cookie; /* of a name */
	struct bytes value;   /* of an attribute; in the record's memory */
	bool existed, live;   /* as in inode_fold */
	struct when ended, from;
	UT_hash_handle hh;
	uint16_t name_len;
	uint64_t of; /* directory or inode; the key: it and the name, contiguous */
	char name[];
};

/* A run of bytes of a file that was written in this batch. */
struct piece {
	uint64_t off, len;
	uint64_t blob; /* its id */
	uint64_t blob_off;
	uint64_t actor;
	struct when from;
	size_t own; /* index in batch.blobs; BLOB_SHARED: it is in the database already */
};

#define BLOB_SHARED SIZE_MAX

/* A range of a file that ended for what the database had there. Cuts of a file are disjoint. */
struct cut {
	uint64_t lo, hi;
	struct when at;
};

struct extent_fold {
	uint64_t ino;
	struct piece *pieces;
	size_t piece_count, piece_cap;
	struct cut *cuts;
	size_t cut_count, cut_cap;
	bool sealed; /* since the last piece, something was cut off: nothing may join that piece */
	UT_hash_handle hh;
};

/* Bytes of a blob: a chain of runs in the records' memory. */
struct run {
	const char *data;
	uint32_t len;
	int32_t next; /* index in batch.runs, -1 ends */
};

struct blob {
	uint64_t id;
	uint32_t len;
	int32_t first, last; /* runs */
};

struct batch {
	uint64_t mount;
	bool history; /* send the log and the versions that ended as well */
	uint64_t next_blob;
	uint64_t next_ino; /* one past the largest new inode number, 0: none */
	uint64_t first_op, last_op;
	int64_t last_at;
	size_t ops, bytes;
	bool changed;  /* some of the records are ops */
	bool finished; /* folds were turned into rows */
	struct inode_fold *inodes;
	struct atime_fold *atimes;
	struct name_fold *dirents;
	struct name_fold *xattrs;
	struct extent_fold *extents;
	struct blob *blobs;
	size_t blob_count, blob_cap;
	struct run *runs;
	size_t run_count, run_cap;
	struct rows rows[ROWS_COUNT];
};

/* Appends to the next column of a rows; after the last column the next row starts. */
void rows_int(struct rows *r, int64_t v);
void rows_int_or_null(struct rows *r, int64_t v, int64_t null);
void rows_time(struct rows *r, int64_t us);
void rows_bytes(struct rows *r, struct bytes b);
void rows_bytes_or_null(struct rows *r, struct bytes b);
void rows_when(struct rows *r, struct when w); /* two columns */

void inode_fold_put(struct batch *b, const struct effect *e, struct when w);
void inode_fold_atime(struct batch *b, const struct effect *e);
void inode_fold_gone(struct batch *b, uint64_t ino, struct when w);
void inode_fold_finish(struct batch *b);
void inode_fold_reset(struct batch *b);

void dirent_fold_put(struct batch *b, const struct effect *e, struct when w);
void dirent_fold_gone(struct batch *b, const struct effect *e, struct when w);
void xattr_fold_put(struct batch *b, const struct effect *e, struct when w);
void xattr_fold_gone(struct batch *b, const struct effect *e, struct when w);
/* Ends all attributes of an inode. */
void xattr_fold_inode_gone(struct batch *b, uint64_t ino, struct when w);
void name_folds_finish(struct batch *b);
void name_folds_reset(struct batch *b);

void extent_fold_write(struct batch *b, const struct effect *e, struct when w, uint64_t actor);
void extent_fold_share(struct batch *b, const struct effect *e, struct when w, uint64_t actor);
/* Ends [lo, hi); `in_database` false when the file is known to have nothing there. */
void extent_fold_cut(
	struct batch *b, uint64_t ino, uint64_t lo, uint64_t hi, struct when w, bool in_database);
void extent_fold_finish(struct batch *b);
void extent_fold_reset(struct batch *b);
