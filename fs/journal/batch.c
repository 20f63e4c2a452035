#include "journal/batch.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "db/conn.h"
#include "journal/batch_impl.h"

/* 2 int2, 4 int4, 8 int8, t timestamptz, b bytea, x text: the parameters of each statement. */
static const struct {
	enum stmt stmt;
	const char *columns;
	bool past; /* only with history */
} layout[ROWS_COUNT] = {
	[ROWS_ACTOR] = {STMT_APPLY_ACTOR,
		"8xx48488"
		"8xxxxx"
		"4xxxxx2",
		true},
	[ROWS_OP] = {STMT_APPLY_OP, "8t288b8b8888x2", true},
	[ROWS_CLOCK_STEP] = {STMT_APPLY_CLOCK_STEP, "8t", true},
	[ROWS_BLOB] = {STMT_APPLY_BLOB, "8b"},
	[ROWS_ATIME] = {STMT_APPLY_ATIME, "88"},
	[ROWS_INODE_CLOSE] = {STMT_APPLY_INODE_CLOSE, "88t", true},
	[ROWS_INODE_HISTORY] = {STMT_APPLY_INODE_HISTORY, "844888888888448b8t8t", true},
	[ROWS_INODE_DELETE] = {STMT_APPLY_INODE_DELETE, "8"},
	[ROWS_INODE_UPDATE] = {STMT_APPLY_INODE_UPDATE, "844888888888448b8t"},
	[ROWS_INODE_INSERT] = {STMT_APPLY_INODE_INSERT, "844888888888448b8t"},
	[ROWS_DIRENT_CLOSE] = {STMT_APPLY_DIRENT_CLOSE, "8b8t"},
	[ROWS_DIRENT_HISTORY] = {STMT_APPLY_DIRENT_HISTORY, "8b888t8t", true},
	[ROWS_DIRENT_INSERT] = {STMT_APPLY_DIRENT_INSERT, "8b888t"},
	[ROWS_XATTR_CLOSE] = {STMT_APPLY_XATTR_CLOSE, "8b8t"},
	[ROWS_XATTR_HISTORY] = {STMT_APPLY_XATTR_HISTORY, "8bb8t8t", true},
	[ROWS_XATTR_INSERT] = {STMT_APPLY_XATTR_INSERT, "8bb8t"},
	[ROWS_EXTENT_CUT] = {STMT_APPLY_EXTENT_CUT, "8888t"},
	[ROWS_EXTENT_HISTORY] = {STMT_APPLY_EXTENT_HISTORY, "888888t8t", true},
	[ROWS_EXTENT_INSERT] = {STMT_APPLY_EXTENT_INSERT, "888888t"},
};

static enum array_type column_type(char c)
{
	switch (c) {
	case '2':
		return ARRAY_INT2;
	case '4':
		return ARRAY_INT4;
	case '8':
		return ARRAY_INT8;
	case 't':
		return ARRAY_TIMESTAMPTZ;
	case 'b':
		return ARRAY_BYTEA;
	}
	return ARRAY_TEXT;
}

static struct array *next_column(struct rows *r)
{
	struct array *a = &r->column[r->next];
	r->next = (r->next + 1) % r->columns;
	return a;
}

void rows_int(struct rows *r, int64_t v)
{
	array_add_int(next_column(r), v);
}

void rows_int_or_null(struct rows *r, int64_t v, int64_t null)
{
	struct array *a = next_column(r);
	if (v == null)
		array_add_null(a);
	else
		array_add_int(a, v);
}

void rows_time(struct rows *r, int64_t us)
{
	array_add_time(next_column(r), us);
}

void rows_bytes(struct rows *r, struct bytes b)
{
	array_add_bytes(next_column(r), b.data, b.len);
}

void rows_bytes_or_null(struct rows *r, struct bytes b)
{
	struct array *a = next_column(r);
	if (b.len)
		array_add_bytes(a, b.data, b.len);
	else
		array_add_null(a);
}

void rows_when(struct rows *r, struct when w)
{
	rows_int(r, (int64_t)w.op);
	rows_time(r, w.at);
}

struct batch *batch_new(uint64_t mount, uint64_t next_blob)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	b->mount = mount;
	b->next_blob = next_blob;
	b->history = true;
	for (int i = 0; i < ROWS_COUNT; i++) {
		struct rows *r = &b->rows[i];
		r->columns = (int)strlen(layout[i].columns);
		assert(r->columns <= ROWS_MAX_COLUMNS);
		for (int j = 0; j < r->columns; j++)
			array_init(&r->column[j], column_type(layout[i].columns[j]));
	}
	return b;
}

void batch_without_history(struct batch *b)
{
	b->history = false;
}

void batch_reset(struct batch *b)
{
	inode_fold_reset(b);
	name_folds_reset(b);
	extent_fold_reset(b);
	for (int i = 0; i < ROWS_COUNT; i++)
		for (int j = 0; j < b->rows[i].columns; j++)
			array_reset(&b->rows[i].column[j]);
	b->next_ino = b->first_op = b->last_op = 0;
	b->ops = b->bytes = 0;
	b->finished = b->changed = false;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	batch_reset(b);
	for (int i = 0; i < ROWS_COUNT; i++)
		for (int j = 0; j < b->rows[i].columns; j++)
			array_free(&b->rows[i].column[j]);
	free(b->blobs);
	free(b->runs);
	free(b);
}

static void add_actor(struct batch *b, const struct actor_image *a)
{
	struct rows *r = &b->rows[ROWS_ACTOR];

	rows_int(r, (int64_t)a->id);
	rows_bytes(r, a->text[ACTOR_HOST]);
	rows_bytes(r, a->text[ACTOR_BOOT_ID]);
	rows_int(r, a->pid);
	rows_int(r, (int64_t)a->start_time);
	rows_int(r, a->ppid);
	rows_int(r, a->uid);
	rows_int(r, a->gid);
	rows_int_or_null(r, a->loginuid, -1);
	rows_bytes(r, a->text[ACTOR_EXE]);
	rows_bytes(r, a->text[ACTOR_COMM]);
	rows_bytes(r, a->text[ACTOR_CMDLINE]);
	rows_bytes(r, a->text[ACTOR_CGROUP]);
	rows_bytes_or_null(r, a->text[ACTOR_USERNAME]);
	rows_int(r, a->session);
	rows_bytes(r, a->text[ACTOR_CWD]);
	rows_bytes(r, a->text[ACTOR_CHAIN]);
	rows_bytes(r, a->text[ACTOR_UNIT]);
	rows_bytes_or_null(r, a->text[ACTOR_TAG]);
	rows_bytes_or_null(r, a->text[ACTOR_RUN]);
	rows_int(r, (int16_t)a->marks);
}

static void add_op(struct batch *b, const struct record *r)
{
	struct rows *rows = &b->rows[ROWS_OP];

	rows_int(rows, (int64_t)r->op);
	rows_time(rows, r->at);
	rows_int(rows, r->kind);
	rows_int(rows, (int64_t)r->ino);
	rows_int_or_null(rows, (int64_t)r->parent, 0);
	rows_bytes_or_null(rows, r->name);
	rows_int_or_null(rows, (int64_t)r->new_parent, 0);
	rows_bytes_or_null(rows, r->new_name);
	rows_int_or_null(rows, r->off, -1);
	rows_int_or_null(rows, r->len, -1);
	rows_int(rows, (int64_t)r->actor);
	rows_int(rows, (int64_t)b->mount);
	rows_bytes_or_null(rows, r->tag);
	rows_int(rows, r->flags & RECORD_DEFERRED ? 1 : 0);
	if (r->flags & RECORD_CLOCK_STEP)
		rows_when(&b->rows[ROWS_CLOCK_STEP], (struct when){r->op, r->at});
}

static void add_effect(struct batch *b, const struct effect *e, struct when w, uint64_t actor)
{
	switch (e->type) {
	case EFFECT_ACTOR:
		add_actor(b, &e->actor);
		break;
	case EFFECT_INODE:
		inode_fold_put(b, e, w);
		break;
	case EFFECT_INODE_GONE: {
		struct inode_fold *f;
		HASH_FIND(hh, b->inodes, &e->gone, sizeof(e->gone), f);
		extent_fold_cut(b, e->gone, 0, INT64_MAX, w,
			!(e->flags & EFFECT_FRESH) && (!f || f->existed));
		inode_fold_gone(b, e->gone, w);
		if (e->flags & EFFECT_XATTRS)
			xattr_fold_inode_gone(b, e->gone, w);
		break;
	}
	case EFFECT_DIRENT:
		dirent_fold_put(b, e, w);
		break;
	case EFFECT_DIRENT_GONE:
		dirent_fold_gone(b, e, w);
		break;
	case EFFECT_XATTR:
		xattr_fold_put(b, e, w);
		break;
	case EFFECT_XATTR_GONE:
		xattr_fold_gone(b, e, w);
		break;
	case EFFECT_EXTENT:
		extent_fold_write(b, e, w, actor);
		break;
	case EFFECT_CUT:
		extent_fold_cut(
			b, e->extent.ino, e->extent.off, e->extent.off + e->extent.len, w, true);
		break;
	case EFFECT_SHARE:
		extent_fold_share(b, e, w, actor);
		break;
	case EFFECT_ATIME:
		inode_fold_atime(b, e);
		break;
	}
}

void batch_add(struct batch *b, const struct record *r)
{
	struct when w = {r->op, r->at};

	if (!b->ops++)
		b->first_op = r->op;
	b->last_op = r->op;
	b->last_at = r->at;
	if (r->kind != OP_NONE) {
		b->changed = true;
		add_op(b, r);
	}
	for (unsigned int i = 0; i < r->effect_count; i++)
		add_effect(b, &r->effects[i], w, r->actor);
}

size_t batch_ops(const struct batch *b)
{
	return b->ops;
}

size_t batch_bytes(const struct batch *b)
{
	return b->bytes;
}

uint64_t batch_last_op(const struct batch *b)
{
	return b->last_op;
}

int64_t batch_last_at(const struct batch *b)
{
	return b->last_at;
}

uint64_t batch_next_blob(const struct batch *b)
{
	return b->next_blob;
}

void batch_set_next_blob(struct batch *b, uint64_t next_blob)
{
	b->next_blob = next_blob;
}

bool batch_prepare(PGconn *conn, struct error *err)
{
	for (int i = 0; i < ROWS_COUNT; i++)
		if (!db_prepare(conn, layout[i].stmt, err))
			return false;
	return db_prepare(conn, STMT_APPLY_MARK, err);
}

static bool send_rows(struct rows *r, enum stmt stmt, PGconn *conn)
{
	const char *values[ROWS_MAX_COLUMNS];
	int lengths[ROWS_MAX_COLUMNS], formats[ROWS_MAX_COLUMNS];

	for (int i = 0; i < r->columns; i++) {
		assert(r->column[i].count == r->column[0].count);
		values[i] = array_param(&r->column[i], &lengths[i]);
		formats[i] = 1;
	}
	return PQsendQueryPrepared(
		conn, statements[stmt].name, r->columns, values, lengths, formats, 0);
}

/* How far ids were used: in the transaction of the batch, so a batch is applied exactly once. */
static bool send_mark(const struct batch *b, PGconn *conn)
{
	uint64_t marks[4] = {htobe64(b->mount), htobe64(b->changed ? b->last_op : 0),
		htobe64(b->next_ino), htobe64(b->next_blob)};
	const char *values[4];
	int lengths[4], formats[4];

	for (int i = 0; i < 4; i++) {
		values[i] = (const char *)&marks[i];
		lengths[i] = sizeof(marks[i]);
		formats[i] = 1;
	}
	return PQsendQueryPrepared(
		conn, statements[STMT_APPLY_MARK].name, 4, values, lengths, formats, 0);
}

static bool send_text(PGconn *conn, const char *sql)
{
	return PQsendQueryParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);
}

static bool send_all(struct batch *b, PGconn *conn, bool sync, int *sent)
{
	*sent = 0;
	if (!send_text(conn, "begin") || !++*sent)
		return false;
	if (sync && (!send_text(conn, "set local synchronous_commit = on") || !++*sent))
		return false;
	for (int i = 0; i < ROWS_COUNT; i++)
		if (b->rows[i].column[0].count > 0 && (b->history || !layout[i].past) &&
			(!send_rows(&b->rows[i], layout[i].stmt, conn) || !++*sent))
			return false;
	if (!send_mark(b, conn) || !++*sent)
		return false;
	if (!send_text(conn, "commit") || !++*sent)
		return false;
	return PQpipelineSync(conn);
}

/*
 * The server went without answering. libpq may call the connection good still: of a write that
 * failed it makes an error result without SQLSTATE, when the server has said nothing or, as one
 * that crashes does, a warning alone. *err keeps what it told.
 */
static bool lost(PGconn *conn, bool told, struct error *err)
{
	if (!told)
		return db_error(conn, NULL, "the connection was lost during a batch", err);
	if (err)
		err->class = ERR_UNREACHABLE;
	return false;
}

/* Reads the answers up to the end of the pipeline. False with *err set when any is an error. */
static bool read_answers(PGconn *conn, struct error *err)
{
	bool ok = true;

	for (;;) {
		PGresult *res = PQgetResult(conn);
		ExecStatusType status;

		/* One NULL ends the answers of a statement. */
		if (!res)
			res = PQgetResult(conn);
		if (!res)
			return lost(conn, !ok, err);
		status = PQresultStatus(res);
		if (status == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			return ok;
		}
		if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
			status != PGRES_PIPELINE_ABORTED && ok)
			ok = db_error(conn, res, "the database refused a batch", err);
		PQclear(res);
	}
}

bool batch_commit(struct batch *b, PGconn *conn, bool sync, struct error *err)
{
	int sent;

	if (!b->finished) {
		inode_fold_finish(b);
		name_folds_finish(b);
		extent_fold_finish(b);
		b->finished = true;
	}
	if (!send_all(b, conn, sync, &sent))
		return db_error(conn, NULL, "cannot send a batch", err);
	if (read_answers(conn, err))
		return true;
	/* What was refused is still in a transaction, in which nothing else would be taken. */
	if (PQstatus(conn) == CONNECTION_OK && send_text(conn, "rollback") && PQpipelineSync(conn))
		read_answers(conn, NULL);
	return false;
}
