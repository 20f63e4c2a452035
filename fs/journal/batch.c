#include "journal/batch.h"

#include <stdlib.h>

#include "journal/batch_impl.h"
#include "journal/send.h"

struct batch *batch_new(uint64_t mount, uint64_t next_blob)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	b->mount = mount;
	b->history = true;
	b->inodes.rows = b->names.rows = b->extents.rows = b->rows;
	b->extents.next_blob = next_blob;
	rows_init(b->rows);
	return b;
}

void batch_without_history(struct batch *b)
{
	b->history = false;
}

void batch_reset(struct batch *b)
{
	coalesce_inodes_reset(&b->inodes);
	coalesce_names_reset(&b->names);
	coalesce_extents_reset(&b->extents);
	rows_reset(b->rows);
	b->first_op = b->last_op = 0;
	b->ops = 0;
	b->finished = b->changed = false;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	batch_reset(b);
	coalesce_extents_free(&b->extents);
	rows_free(b->rows);
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

static void add_inode_gone(struct batch *b, const struct change *e, struct when w)
{
	bool in_database =
		!(e->flags & CHANGE_FRESH) && !coalesce_inode_is_new(&b->inodes, e->gone);

	coalesce_cut(&b->extents, e->gone, 0, INT64_MAX, w.op, in_database);
	coalesce_inode_gone(&b->inodes, e->gone, w);
	if (e->flags & CHANGE_XATTRS)
		coalesce_xattrs_gone(&b->names, e->gone, w);
}

static void add_change(struct batch *b, const struct change *e, struct when w, uint64_t actor)
{
	switch (e->type) {
	case CHANGE_ACTOR:
		add_actor(b, &e->actor);
		break;
	case CHANGE_INODE:
		coalesce_inode(&b->inodes, e, w);
		break;
	case CHANGE_INODE_GONE:
		add_inode_gone(b, e, w);
		break;
	case CHANGE_DIRENT:
		coalesce_dirent(&b->names, e, w);
		break;
	case CHANGE_DIRENT_GONE:
		coalesce_dirent_gone(&b->names, e, w);
		break;
	case CHANGE_XATTR:
		coalesce_xattr(&b->names, e, w);
		break;
	case CHANGE_XATTR_GONE:
		coalesce_xattr_gone(&b->names, e, w);
		break;
	case CHANGE_EXTENT:
		coalesce_write(&b->extents, e, w.op, actor);
		break;
	case CHANGE_CUT:
		coalesce_cut(&b->extents, e->extent.ino, e->extent.off,
			e->extent.off + e->extent.len, w.op, true);
		break;
	case CHANGE_SHARE:
		coalesce_share(&b->extents, e, w.op, actor);
		break;
	case CHANGE_ATIME:
		coalesce_atime(&b->inodes, e);
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
	for (unsigned int i = 0; i < r->change_count; i++)
		add_change(b, &r->changes[i], w, r->actor);
}

size_t batch_ops(const struct batch *b)
{
	return b->ops;
}

size_t batch_bytes(const struct batch *b)
{
	return b->extents.bytes;
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
	return b->extents.next_blob;
}

void batch_set_next_blob(struct batch *b, uint64_t next_blob)
{
	b->extents.next_blob = next_blob;
}

void batch_each_inode(const struct batch *b, void (*fn)(void *arg, uint64_t ino), void *arg)
{
	for (const struct coalesced_inode *i = b->inodes.inodes; i; i = i->hh.next)
		fn(arg, i->ino);
}

void batch_finish(struct batch *b)
{
	if (b->finished)
		return;
	coalesce_inodes_finish(&b->inodes);
	coalesce_names_finish(&b->names);
	coalesce_extents_finish(&b->extents);
	b->finished = true;
}

struct database_session *batch_session(
	struct database *db, enum database_lease lease, struct error *err)
{
	enum stmt ids[SEND_STATEMENTS];

	int count = send_statements(ids);

	return database_open_writer(
		db, lease, &(struct database_statements){.ids = ids, .count = count}, err);
}

bool batch_commit(struct batch *b, struct database_session *s, bool flush, struct error *err)
{
	struct send_marks marks;

	batch_finish(b);
	marks = (struct send_marks){
		.mount = b->mount,
		.last_op = b->changed ? b->last_op : 0,
		.next_ino = b->inodes.next_ino,
		.next_blob = b->extents.next_blob,
	};
	return send_batch(s, b->rows, &marks, b->history, flush, err);
}
