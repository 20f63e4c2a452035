/*
 * Batches against a real PostgreSQL: random changes of a few files in several transactions, and
 * then the database must tell every file as it was after any op (fs/journal/batch*.c,
 * sql/statements/apply_*.sql and copy_*.sql, sql/functions).
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/conn.h"
#include "db/libpq.h"
#include "db/schema.h"
#include "journal/batch.h"
#include "suite.h"

#define FILES    5
#define FILE_MAX (200 << 10) /* more than one extent */
#define BATCHES  20
#define SAMPLES  30
#define POOL     (1 << 20)

struct file {
	uint64_t ino; /* 0: there is no such file */
	uint64_t size;
	char bytes[FILE_MAX];
};

struct sample {
	uint64_t op;
	struct file files[FILES];
};

struct world {
	struct rng rng;
	int seed;
	PGconn *conn;
	struct database *database;
	struct database_session *session;
	struct batch *batch;
	uint64_t mount, op, next_ino, actor;
	int64_t at;
	char *pool;
	struct file files[FILES];
	struct sample *samples;
	int sample_count;
};

static void check_ok(bool ok, const struct error *err)
{
	ck_assert_msg(ok, "%s", err->text);
}

static struct world *world_new(int seed)
{
	struct world *w = calloc(1, sizeof(*w));
	struct schema_owner owner = {0, 0};
	struct superblock super;
	struct error err;
	PGresult *res;

	w->seed = seed;
	w->rng.state = (uint64_t)seed;
	w->pool = malloc(POOL);
	rng_fill(&w->rng, w->pool, POOL);
	w->samples = calloc(SAMPLES, sizeof(*w->samples));
	w->conn = db_connect(getenv("THULE_TEST_DB"), "unit", &err);
	check_ok(w->conn != NULL, &err);
	check_ok(schema_open(w->conn, &owner, &err), &err);
	check_ok(schema_superblock(w->conn, &super, &err), &err);
	res = db_query(w->conn,
		"insert into thule.mount (host, boot_id, pid, mountpoint, source, options, version,"
		" read_only, backend) values ('', '', 1, '', '', '', '', false, 1) returning id",
		0, NULL, &err);
	check_ok(res != NULL, &err);
	w->mount = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	w->op = (uint64_t)super.next_op - 1;
	w->next_ino = (uint64_t)super.next_ino;
	w->at = clock_now_ns() / 1000;
	w->batch = batch_new(w->mount, (uint64_t)super.next_blob);
	w->database = libpq_database(getenv("THULE_TEST_DB"), true);
	w->session = batch_session(w->database, DATABASE_TAKE, &err);
	check_ok(w->session != NULL, &err);
	return w;
}

static void world_free(struct world *w)
{
	batch_free(w->batch);
	database_close(w->session);
	database_free(w->database);
	PQfinish(w->conn);
	free(w->samples);
	free(w->pool);
	free(w);
}

/* --- records, as fs/op makes them --- */

static struct change *add(struct record *r, enum change_type type, unsigned int flags)
{
	struct change *e = &r->changes[r->change_count++];

	e->type = type;
	e->flags = flags;
	return e;
}

static struct record begin(struct world *w, enum op_kind kind, uint64_t ino)
{
	struct record r = {
		.op = ++w->op, .at = ++w->at, .kind = kind, .ino = ino, .off = -1, .len = -1};

	if (!w->actor) {
		w->actor = r.op;
		add(&r, CHANGE_ACTOR, 0)->actor.id = r.op;
	}
	r.actor = w->actor;
	return r;
}

static void add_inode(struct record *r, const struct file *f, unsigned int flags)
{
	add(r, CHANGE_INODE, flags)->inode.attr = (struct inode_attr){
		.ino = f->ino, .mode = S_IFREG | 0644, .nlink = 1, .size = f->size};
}

static void add_root(struct record *r)
{
	add(r, CHANGE_INODE, 0)->inode.attr =
		(struct inode_attr){.ino = 1, .mode = S_IFDIR | 0755, .nlink = 2, .size = 4096};
}

static void add_name(struct world *w, struct record *r, enum change_type type, int n, uint64_t ino)
{
	struct change *e = add(r, type, 0);
	char text[32];
	int len = snprintf(text, sizeof(text), "s%d-%d", w->seed, n);
	char *kept =
		w->pool + POOL - 64 * (n + 1); /* of the batch's lifetime; files do not use it */

	memcpy(kept, text, (size_t)len);
	e->dirent.parent = 1;
	e->dirent.ino = ino;
	e->dirent.cookie = r->op * 2;
	e->dirent.name = (struct bytes){kept, (uint32_t)len};
}

static void add_gone(struct record *r, const struct file *f)
{
	add(r, CHANGE_INODE_GONE, f->size ? 0 : CHANGE_FRESH)->gone = f->ino;
}

/* --- ops --- */

static void create_file(struct world *w, int n)
{
	struct file *f = &w->files[n];
	struct record r;

	memset(f, 0, sizeof(*f));
	f->ino = w->next_ino++;
	r = begin(w, OP_CREATE, f->ino);
	add_name(w, &r, CHANGE_DIRENT, n, f->ino);
	add_inode(&r, f, CHANGE_NEW);
	add_root(&r);
	batch_add(w->batch, &r);
}

static void write_file(struct world *w, struct file *f)
{
	static const uint64_t most[] = {50, 5000, 150000};
	struct record r = begin(w, OP_WRITE, f->ino);
	uint64_t off = rng_below(&w->rng, rng_below(&w->rng, 3) ? f->size + 1 : FILE_MAX);
	uint64_t len = 1 + rng_below(&w->rng, most[rng_below(&w->rng, 3)]);
	const char *data = w->pool + rng_below(&w->rng, POOL - FILE_MAX - 4096);
	struct change *e = add(&r, CHANGE_EXTENT, off >= f->size ? CHANGE_FRESH : 0);

	if (rng_below(&w->rng, 3) == 0 && f->size < FILE_MAX) {
		off = f->size;
		e->flags = CHANGE_FRESH;
	}
	if (off >= FILE_MAX) {
		off = 0;
		e->flags = 0;
	}
	if (len > FILE_MAX - off)
		len = FILE_MAX - off;
	e->extent.ino = f->ino;
	e->extent.off = off;
	e->extent.data = (struct bytes){data, (uint32_t)len};
	memcpy(f->bytes + off, data, len);
	if (off + len > f->size)
		f->size = off + len;
	add_inode(&r, f, 0);
	batch_add(w->batch, &r);
}

static void truncate_file(struct world *w, struct file *f)
{
	uint64_t size = rng_below(&w->rng, rng_below(&w->rng, 2) ? f->size + 1 : FILE_MAX);
	struct record r = begin(w, OP_TRUNCATE, f->ino);

	if (size < f->size) {
		struct change *e = add(&r, CHANGE_CUT, 0);
		e->extent.ino = f->ino;
		e->extent.off = size;
		e->extent.len = INT64_MAX - size;
		memset(f->bytes + size, 0, FILE_MAX - size);
	}
	f->size = size;
	add_inode(&r, f, 0);
	batch_add(w->batch, &r);
}

static void unlink_file(struct world *w, int n)
{
	struct file *f = &w->files[n];
	struct record r = begin(w, OP_UNLINK, f->ino);

	add_name(w, &r, CHANGE_DIRENT_GONE, n, f->ino);
	add_gone(&r, f);
	add_root(&r);
	batch_add(w->batch, &r);
	f->ino = 0;
}

/* To a name that may be there already. */
static void rename_file(struct world *w, int from, int to)
{
	struct file *f = &w->files[from], *victim = &w->files[to];
	struct record r = begin(w, OP_RENAME, f->ino);

	add_name(w, &r, CHANGE_DIRENT_GONE, from, f->ino);
	if (victim->ino) {
		add_name(w, &r, CHANGE_DIRENT_GONE, to, victim->ino);
		add_gone(&r, victim);
	}
	add_name(w, &r, CHANGE_DIRENT, to, f->ino);
	add_inode(&r, f, 0);
	add_root(&r);
	batch_add(w->batch, &r);
	*victim = *f;
	f->ino = 0;
}

static void change(struct world *w)
{
	int n = (int)rng_below(&w->rng, FILES), to = (int)rng_below(&w->rng, FILES);
	uint64_t what = rng_below(&w->rng, 20);

	if (!w->files[n].ino)
		create_file(w, n);
	else if (what < 13)
		write_file(w, &w->files[n]);
	else if (what < 17)
		truncate_file(w, &w->files[n]);
	else if (what < 18)
		unlink_file(w, n);
	else if (to != n)
		rename_file(w, n, to);
}

/* --- what the database says --- */

static void check_content(struct world *w, const char *path, const char *op, const struct file *f)
{
	const char *params[] = {path, op};
	PGresult *res = PQexecParams(w->conn, "select thule.content_at_op($1, $2::bigint)", 2, NULL,
		params, NULL, NULL, 1);

	ck_assert_msg(PQresultStatus(res) == PGRES_TUPLES_OK, "%s as of op %s: %s", path, op,
		PQresultErrorMessage(res));
	ck_assert_msg(PQgetlength(res, 0, 0) == (int)f->size &&
			      !memcmp(PQgetvalue(res, 0, 0), f->bytes, f->size),
		"%s as of op %s is wrong (%d bytes, %lu are right)", path, op,
		PQgetlength(res, 0, 0), (unsigned long)f->size);
	PQclear(res);
}

static void check_sample(struct world *w, const struct sample *s)
{
	char op[24], pattern[32], path[32];
	const char *params[] = {op, pattern};
	struct error err;
	PGresult *res;
	int row = 0;

	snprintf(op, sizeof(op), "%lu", (unsigned long)s->op);
	snprintf(pattern, sizeof(pattern), "/s%d-%%", w->seed);
	res = db_query(w->conn,
		"select path, ino, size from thule.file_at_op($1::bigint) where path like $2"
		" order by path collate \"C\"",
		2, params, &err);
	check_ok(res != NULL, &err);
	for (int i = 0; i < FILES; i++) {
		if (!s->files[i].ino)
			continue;
		snprintf(path, sizeof(path), "/s%d-%d", w->seed, i);
		ck_assert_int_lt(row, PQntuples(res));
		ck_assert_str_eq(PQgetvalue(res, row, 0), path);
		ck_assert_uint_eq(strtoull(PQgetvalue(res, row, 1), NULL, 10), s->files[i].ino);
		ck_assert_uint_eq(strtoull(PQgetvalue(res, row, 2), NULL, 10), s->files[i].size);
		check_content(w, path, op, &s->files[i]);
		row++;
	}
	ck_assert_int_eq(PQntuples(res), row);
	PQclear(res);
}

static void check_sound(struct world *w)
{
	struct error err;
	PGresult *res =
		db_query(w->conn, "select check_id, detail from thule.fsck limit 1", 0, NULL, &err);

	check_ok(res != NULL, &err);
	ck_assert_msg(
		PQntuples(res) == 0, "fsck: %s: %s", PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1));
	PQclear(res);
}

static void take_sample(struct world *w)
{
	struct sample *s = &w->samples[w->sample_count++];

	s->op = w->op;
	memcpy(s->files, w->files, sizeof(s->files));
}

static void commit(struct world *w)
{
	struct error err;

	check_ok(batch_commit(w->batch, w->session, true, &err), &err);
	batch_reset(w->batch);
}

START_TEST(past_of_random_changes)
{
	struct world *w = world_new(_i);

	for (int batch = 0; batch < BATCHES; batch++) {
		/* Some batches have so many rows that they are copied, and half of them a row of a
		 * table alone. */
		uint64_t most = batch % 2 ? 2 : batch % 8 == 6 ? 800 : 40;
		uint64_t ops = 1 + rng_below(&w->rng, most);
		for (uint64_t i = 0; i < ops; i++) {
			change(w);
			if (w->sample_count < (batch + 1) * SAMPLES / BATCHES &&
				rng_below(&w->rng, ops) < 4)
				take_sample(w);
		}
		commit(w);
		check_sound(w);
	}
	ck_assert_int_gt(w->sample_count, SAMPLES / 2);
	for (int i = 0; i < w->sample_count; i++)
		check_sample(w, &w->samples[i]);
	world_free(w);
}
END_TEST

static uint64_t count(struct world *w, const char *sql)
{
	struct error err;
	uint64_t n;

	check_ok(db_query_u64(w->conn, sql, w->mount, &n, &err), &err);
	return n;
}

#define COUNT_OPS "select count(*) from thule.op where mount = $1::bigint"

/* What the server refuses in the middle of many rows leaves nothing, and the session goes on. */
START_TEST(many_rows_are_refused_whole)
{
	struct world *w = world_new(99);
	struct error err;
	uint64_t blobs;

	for (int i = 0; i < 1000; i++) {
		struct file f = {.ino = w->next_ino++, .size = 3};
		struct record r = begin(w, OP_CREATE, f.ino);
		struct change *e = add(&r, CHANGE_EXTENT, CHANGE_FRESH);

		e->extent.ino = f.ino;
		e->extent.data = (struct bytes){"abc", 3};
		add_inode(&r, &f, CHANGE_NEW);
		batch_add(w->batch, &r);
	}
	check_ok(batch_commit(w->batch, w->session, true, &err), &err);
	ck_assert_uint_eq(count(w, COUNT_OPS), 1000);
	blobs = count(w, "select count(*) from thule.blob where $1 > 0");
	/* The ids of all of them are taken now. */
	ck_assert(!batch_commit(w->batch, w->session, true, &err));
	ck_assert_int_eq(err.class, ERR_INTERNAL);
	ck_assert_str_eq(err.sqlstate, "23505");
	ck_assert(database_alive(w->session, NULL));
	batch_reset(w->batch);
	create_file(w, 0);
	commit(w);
	ck_assert_uint_eq(count(w, COUNT_OPS), 1001);
	ck_assert_uint_eq(count(w, "select count(*) from thule.blob where $1 > 0"), blobs);
	world_free(w);
}
END_TEST

/* A batch that fails when its transaction ends, after each statement was taken. */
START_TEST(commit_is_refused)
{
	struct world *w = world_new(98);
	struct error err;

	check_ok(db_exec(w->conn,
			 "create function public.refuse() returns trigger language plpgsql as"
			 " $$ begin raise sqlstate '54000'; end $$;"
			 "create constraint trigger refuse after insert on thule.op"
			 " initially deferred for each row execute function public.refuse()",
			 &err),
		&err);
	create_file(w, 0);
	ck_assert(!batch_commit(w->batch, w->session, true, &err));
	ck_assert_str_eq(err.sqlstate, "54000");
	ck_assert_int_ne(err.class, ERR_UNREACHABLE);
	ck_assert(database_alive(w->session, NULL));
	ck_assert_uint_eq(count(w, COUNT_OPS), 0);
	check_ok(db_exec(w->conn, "drop trigger refuse on thule.op; drop function public.refuse()",
			 &err),
		&err);
	commit(w);
	ck_assert_uint_eq(count(w, COUNT_OPS), 1);
	world_free(w);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, past_of_random_changes, 0, 4);
	tcase_add_test(tc, commit_is_refused);
	tcase_add_test(tc, many_rows_are_refused_whole); /* its files have no names for fsck */
}

int main(int argc, char **argv)
{
	if (getenv("THULE_TEST_DB"))
		return suite_main("apply", add_tests);
	execl(THULE_SOURCE_DIR "/tests/unit/run-with-db", "run-with-db", argv[0], NULL);
	return 77;
}
