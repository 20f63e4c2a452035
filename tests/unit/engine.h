#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "db/row.h"
#include "journal/journal.h"
#include "memory.h"
#include "suite.h"

/*
 * An engine for tests: operations on files of one directory, as records that fs/op would make, the
 * journal with its drain, and the database in memory. Beside them a model notes what was
 * acknowledged, and engine_verify() compares a database with it.
 */

#define ENGINE_FILES 8
#define ENGINE_BYTES 256
#define ENGINE_OPS   256

struct model_file {
	char name[16]; /* "": there is none */
	uint64_t ino, cookie;
	size_t size;
	char data[ENGINE_BYTES];
};

struct model {
	struct model_file files[ENGINE_FILES];
	struct {
		uint64_t op, ino;
		uint16_t kind;
	} log[ENGINE_OPS];
	int ops;
	uint64_t next_ino, next_cookie;
};

struct engine {
	struct database *database;
	uint64_t mount;
	struct ring_key key;
	struct disk disk; /* of no server: nobody looks at it */
	pthread_mutex_t lock;
	pthread_cond_t called;
	struct journal *journal;
	struct model model;
};

static inline void check_ok(bool ok, const struct error *err)
{
	ck_assert_msg(ok, "%s", err->text);
}

static inline void engine_committed(void *arg, const struct batch *b, uint64_t op)
{
}

/* The file of a journal, by the process and a name: what a failed test leaves is in the way of
 * nobody. */
static inline void engine_path(const char *name, char path[256])
{
	snprintf(path, 256, "/tmp/thulefs-engine-%d-%s.journal", (int)getpid(), name);
}

static inline struct ring *engine_ring(const struct ring_key *key, const char *name)
{
	char path[256];
	struct ring_wish wish = {.path = path, .size = RING_SIZE_MIN};
	struct error err;
	struct ring *ring;

	engine_path(name, path);
	ring = ring_open(key, &wish, &err);
	check_ok(ring != NULL, &err);
	return ring;
}

/* Starts the drain on a new database. `lock` and `committed` are of the filesystem, if there is
 * one.
 */
static inline struct engine *engine_begin(pthread_mutex_t *lock,
	void (*committed)(void *arg, const struct batch *b, uint64_t op), void *arg)
{
	struct engine *e = calloc(1, sizeof(*e));
	struct database_session *session;
	struct journal_config config;
	struct ring *ring;
	struct error err;

	e->database = memory_new();
	e->mount = memory_mount(e->database);
	snprintf(e->key.uuid, sizeof(e->key.uuid), "engine-%d", (int)getpid());
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->called, NULL);
	e->model.next_ino = 2;
	e->model.next_cookie = COOKIE_MIN;
	session = batch_session(e->database, DATABASE_TAKE, &err);
	check_ok(session != NULL, &err);
	ring = engine_ring(&e->key, "own");
	ring_begin(ring, e->mount, 1, 0);
	config = (struct journal_config){
		.database = e->database,
		.key = &e->key,
		.mount = e->mount,
		.next_op = 2,
		.next_blob = 1,
		.history = true,
		.disk = &e->disk,
		.lock = lock ? lock : &e->lock,
		.committed = committed,
		.arg = arg,
	};
	e->journal = journal_start(&config, session, ring, &err);
	check_ok(e->journal != NULL, &err);
	return e;
}

static inline struct engine *engine_start(void)
{
	return engine_begin(NULL, engine_committed, NULL);
}

/* Stops the drain. Everything acknowledged is to be in the database then. */
static inline void engine_stop(struct engine *e)
{
	ck_assert(journal_stop(e->journal));
	journal_free(e->journal);
	e->journal = NULL;
}

static inline void engine_free(struct engine *e)
{
	fault_reset();
	if (e->journal)
		engine_stop(e);
	database_free(e->database);
	pthread_cond_destroy(&e->called);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

/* --- waiting for the journal --- */

struct engine_waiter {
	struct journal_waiter waiter;
	struct engine *engine;
	bool called;
	int error;
};

static inline void engine_called(struct journal_waiter *waiter, int error)
{
	struct engine_waiter *w = (struct engine_waiter *)waiter;

	pthread_mutex_lock(&w->engine->lock);
	w->called = true;
	w->error = error;
	pthread_cond_broadcast(&w->engine->called);
	pthread_mutex_unlock(&w->engine->lock);
}

/* Under the lock. Returns what the waiter was told. */
static inline int engine_await(struct engine_waiter *w)
{
	while (!w->called)
		pthread_cond_wait(&w->engine->called, &w->engine->lock);
	return w->error;
}

/* Waits for one of journal_sync() and journal_commit(), again for as long as the database refuses.
 */
static inline void engine_wait(
	struct engine *e, bool (*wait)(struct journal *j, struct journal_waiter *w))
{
	int error = -1;

	pthread_mutex_lock(&e->lock);
	while (error) {
		struct engine_waiter w = {.waiter = {.fn = engine_called}, .engine = e};
		error = wait(e->journal, &w.waiter) ? 0 : engine_await(&w);
		ck_assert(!journal_failed(e->journal));
	}
	pthread_mutex_unlock(&e->lock);
}

/* As fsync(2) does: everything is on the server's disk. */
static inline void engine_sync(struct engine *e)
{
	engine_wait(e, journal_sync);
}

/* Everything is committed, and a server that crashes may lose it. */
static inline void engine_commit(struct engine *e)
{
	engine_wait(e, journal_commit);
}

/* Takes the lock when there is room for a record. */
static inline void engine_lock(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	while (journal_room(e->journal, ENGINE_BYTES, JOURNAL_CHANGE) != JOURNAL_ROOM) {
		struct engine_waiter w = {.waiter = {.fn = engine_called}, .engine = e};

		ck_assert(!journal_failed(e->journal));
		journal_wait_room(e->journal, &w.waiter);
		ck_assert_int_eq(engine_await(&w), 0);
	}
}

static inline void model_log(struct model *m, uint64_t op, enum op_kind kind, uint64_t ino)
{
	ck_assert_int_lt(m->ops, ENGINE_OPS);
	m->log[m->ops].op = op;
	m->log[m->ops].kind = (uint16_t)kind;
	m->log[m->ops++].ino = ino;
}

/* Under the lock, which it lets go of: acknowledges the op. */
static inline void engine_append(struct engine *e, struct record *r)
{
	r->at = journal_next_at(e->journal);
	journal_append(e->journal, r);
	model_log(&e->model, r->op, (enum op_kind)r->kind, r->ino);
	pthread_mutex_unlock(&e->lock);
}

/* --- operations --- */

static inline struct change *engine_change(
	struct record *r, enum change_type type, unsigned int flags)
{
	struct change *c = &r->changes[r->change_count++];

	c->type = type;
	c->flags = flags;
	return c;
}

static inline void engine_put_inode(
	struct record *r, const struct model_file *f, unsigned int flags)
{
	engine_change(r, CHANGE_INODE, flags)->inode.attr = (struct inode_attr){
		.ino = f->ino,
		.mode = S_IFREG | 0644,
		.nlink = 1,
		.size = f->size,
		.allocated = f->size,
	};
}

static inline struct bytes engine_bytes(const char *text)
{
	return (struct bytes){text, (uint32_t)strlen(text)};
}

/* The name is the caller's, and not the model's, which changes before the record is written. */
static inline void engine_put_name(
	struct record *r, enum change_type type, const struct model_file *f, const char *name)
{
	struct change *c = engine_change(r, type, 0);

	c->dirent.parent = 1;
	c->dirent.ino = f->ino;
	c->dirent.cookie = f->cookie;
	c->dirent.name = engine_bytes(name);
}

static inline void engine_put_gone(struct record *r, const struct model_file *f)
{
	engine_change(r, CHANGE_INODE_GONE, f->size ? 0 : CHANGE_FRESH)->gone = f->ino;
}

static inline struct model_file *model_find(struct model *m, const char *name)
{
	for (int i = 0; i < ENGINE_FILES; i++)
		if (!strcmp(m->files[i].name, name))
			return &m->files[i];
	return NULL;
}

static inline void engine_create(struct engine *e, const char *name)
{
	struct record r = {.kind = OP_CREATE, .parent = 1, .off = -1, .len = -1};
	struct model_file *f;

	engine_lock(e);
	f = model_find(&e->model, "");
	ck_assert_ptr_nonnull(f);
	*f = (struct model_file){.ino = e->model.next_ino++, .cookie = e->model.next_cookie++};
	snprintf(f->name, sizeof(f->name), "%s", name);
	r.ino = f->ino;
	r.name = engine_bytes(name);
	engine_put_inode(&r, f, CHANGE_NEW);
	engine_put_name(&r, CHANGE_DIRENT, f, name);
	engine_append(e, &r);
}

static inline void engine_write(struct engine *e, const char *name, size_t off, const char *text)
{
	size_t len = strlen(text);
	struct record r = {.kind = OP_WRITE, .off = (int64_t)off, .len = (int64_t)len};
	struct model_file *f;
	struct change *c;
	bool fresh;

	engine_lock(e);
	f = model_find(&e->model, name);
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_le(off + len, ENGINE_BYTES);
	fresh = off >= f->size;
	memcpy(f->data + off, text, len);
	if (f->size < off + len)
		f->size = off + len;
	r.ino = f->ino;
	engine_put_inode(&r, f, 0);
	c = engine_change(&r, CHANGE_EXTENT, fresh ? CHANGE_FRESH : 0);
	c->extent.ino = f->ino;
	c->extent.off = off;
	c->extent.data = (struct bytes){text, (uint32_t)len};
	engine_append(e, &r);
}

/* Over the file that has the name, if there is one. */
static inline void engine_rename(struct engine *e, const char *from, const char *to)
{
	struct record r = {.kind = OP_RENAME, .parent = 1, .new_parent = 1, .off = -1, .len = -1};
	struct model_file *f, *victim;

	engine_lock(e);
	f = model_find(&e->model, from);
	victim = model_find(&e->model, to);
	ck_assert_ptr_nonnull(f);
	r.ino = f->ino;
	r.name = engine_bytes(from);
	r.new_name = engine_bytes(to);
	engine_put_name(&r, CHANGE_DIRENT_GONE, f, from);
	if (victim) {
		engine_put_name(&r, CHANGE_DIRENT_GONE, victim, to);
		engine_put_gone(&r, victim);
		*victim = (struct model_file){0};
	}
	snprintf(f->name, sizeof(f->name), "%s", to);
	f->cookie = e->model.next_cookie++;
	engine_put_name(&r, CHANGE_DIRENT, f, to);
	engine_put_inode(&r, f, 0);
	engine_append(e, &r);
}

static inline void engine_unlink(struct engine *e, const char *name)
{
	struct record r = {.kind = OP_UNLINK, .parent = 1, .off = -1, .len = -1};
	struct model_file *f;

	engine_lock(e);
	f = model_find(&e->model, name);
	ck_assert_ptr_nonnull(f);
	r.ino = f->ino;
	r.name = engine_bytes(name);
	engine_put_name(&r, CHANGE_DIRENT_GONE, f, name);
	engine_put_gone(&r, f);
	*f = (struct model_file){0};
	engine_append(e, &r);
}

/* --- what a database has --- */

/* Asks a statement with number parameters, as the reader does, and checks the shape of the rows. */
static inline PGresult *engine_ask(
	struct database_session *s, enum stmt stmt, int nparams, const int64_t *params)
{
	uint64_t be[4];
	const char *values[4];
	int lengths[4];
	struct error err;
	PGresult *res;

	for (int i = 0; i < nparams; i++) {
		be[i] = htobe64((uint64_t)params[i]);
		values[i] = (const char *)&be[i];
		lengths[i] = sizeof(be[i]);
	}
	ck_assert(database_ask(s,
		&(struct database_call){
			.stmt = stmt, .nparams = nparams, .values = values, .lengths = lengths}));
	ck_assert(database_answer(s, &res));
	ck_assert_int_eq(PQresultStatus(res), PGRES_TUPLES_OK);
	check_ok(row_check(stmt, res, (uint64_t)params[0], &err), &err);
	return res;
}

static inline void verify_content(struct database_session *s, const struct model_file *f)
{
	PGresult *res = engine_ask(
		s, STMT_READ_DATA, 3, (const int64_t[]){(int64_t)f->ino, 0, ENGINE_BYTES});
	char data[ENGINE_BYTES] = "";
	size_t bytes = 0;

	for (int i = 0; i < PQntuples(res); i++) {
		struct bytes piece = row_bytes(res, i, 1);
		memcpy(data + row_int(res, i, 0), piece.data, piece.len);
		bytes += piece.len;
	}
	ck_assert_uint_eq(bytes, f->size); /* the tests write no holes: no byte is there twice */
	ck_assert_mem_eq(data, f->data, f->size);
	PQclear(res);
}

/* Columns of read_dir. */
enum { DIR_INO = 0, DIR_SIZE = 6, DIR_NAME = 17, DIR_COOKIE = 18 };

static inline void verify_files(struct database_session *s, struct model *m)
{
	PGresult *res = engine_ask(s, STMT_READ_DIR, 3, (const int64_t[]){1, 0, 1000});
	int live = 0;

	for (int i = 0; i < ENGINE_FILES; i++)
		live += *m->files[i].name != '\0';
	ck_assert_int_eq(PQntuples(res), live);
	for (int i = 0; i < live; i++) {
		struct bytes name = row_bytes(res, i, DIR_NAME);
		char text[16] = "";
		const struct model_file *f;

		ck_assert_uint_lt(name.len, sizeof(text));
		memcpy(text, name.data, name.len);
		f = model_find(m, text);
		ck_assert_msg(f != NULL, "a name that nobody gave: %s", text);
		ck_assert_uint_eq((uint64_t)row_int(res, i, DIR_INO), f->ino);
		ck_assert_uint_eq((uint64_t)row_int(res, i, DIR_SIZE), f->size);
		/* The state gives the cookies where it takes part. */
		if (f->cookie)
			ck_assert_uint_eq((uint64_t)row_int(res, i, DIR_COOKIE), f->cookie);
		verify_content(s, f);
	}
	PQclear(res);
}

/* Everything acknowledged is in the database exactly once, in order, and nothing else. */
static inline void engine_verify(struct database *db, uint64_t mount, struct model *m)
{
	struct database_session *s;
	struct database_progress p;
	struct error err;
	int64_t at = 0;

	fault_reset();
	ck_assert_int_eq(memory_count(db, MEMORY_OP), m->ops);
	for (int i = 0; i < m->ops; i++) {
		ck_assert_uint_eq((uint64_t)memory_int(db, MEMORY_OP, i, 0), m->log[i].op);
		ck_assert_int_eq(memory_int(db, MEMORY_OP, i, 2), m->log[i].kind);
		ck_assert_uint_eq((uint64_t)memory_int(db, MEMORY_OP, i, 3), m->log[i].ino);
		ck_assert_int_gt(memory_int(db, MEMORY_OP, i, 1), at);
		at = memory_int(db, MEMORY_OP, i, 1);
	}
	s = database_open_reader(db, "unit", &(struct database_statements){0}, &err);
	check_ok(s != NULL, &err);
	check_ok(database_progress(s, mount, &p, &err), &err);
	ck_assert_uint_eq(p.last_op, m->log[m->ops - 1].op);
	ck_assert_uint_eq(p.next_op, p.last_op + 1);
	ck_assert_uint_eq(p.next_ino, m->next_ino);
	verify_files(s, m);
	database_close(s);
}
