#pragma once

#include "engine.h"

/* What a daemon that died leaves, and what the next one does with it. */

/* What is left of a daemon that is killed now: its journal's file, and a database. */
struct wreck {
	struct ring_key key;
	struct database *database;
	uint64_t mount;
	struct model model;
};

/* Copies the file byte by byte: its lock is on the other one. */
static inline void engine_copy_ring(const char *from, const char *to)
{
	char source[256], target[256], bytes[65536];
	FILE *in, *out;
	size_t n;

	engine_path(from, source);
	engine_path(to, target);
	in = fopen(source, "r");
	out = fopen(target, "w");
	ck_assert(in && out);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
	fclose(in);
	ck_assert_int_eq(fclose(out), 0);
}

/* For a drain that stands still; under the lock, its own or the caller's. `crashed`: the server has
 * lost what it had not flushed. */
static inline struct wreck engine_wreck(struct engine *e, const char *name, bool crashed)
{
	engine_copy_ring("own", name);
	return (struct wreck){
		.key = e->key,
		.mount = e->mount,
		.model = e->model,
		.database = memory_copy(e->database, crashed),
	};
}

/* Does what the next daemon does with it. False when the replay failed. */
static inline bool wreck_replay(struct wreck *w, const char *name, struct error *err)
{
	struct ring *ring = engine_ring(&w->key, name);
	struct database_session *s = batch_session(w->database, DATABASE_TAKE, err);
	struct database_progress p;
	uint64_t replayed;
	bool ok = s && database_progress(s, w->mount, &p, err);

	if (ok && !ring_empty(ring)) {
		ck_assert(ring_head_op(ring) <= p.last_op ||
			  journal_continues(ring, p.next_op - 1, p.at, p.last_op));
		ok = journal_replay(ring, s, &p.last_op, &p.next_blob, &replayed, err);
	}
	database_close(s);
	ring_close(ring);
	return ok;
}

/* Replays, again when it failed, compares, and removes what was left. */
static inline void wreck_verify(struct wreck *w, const char *name)
{
	struct error err;
	char path[256];

	if (!wreck_replay(w, name, &err))
		check_ok(wreck_replay(w, name, &err), &err);
	engine_verify(w->database, w->mount, &w->model);
	engine_path(name, path);
	ck_assert_int_ne(access(path, F_OK), 0); /* an empty journal goes with its daemon */
	database_free(w->database);
}
