#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_impl.h"
#include "control/foreign.h"
#include "control/orphans.h"
#include "control/writer.h"
#include "db/conn.h"

/*
 * How often it is looked whether a SQL transaction, or another mount, asks for the right to write:
 * while nothing happens, while changes are committed, and after one that had it, which others often
 * follow, or after a mount has said that it asks.
 */
#define LOOK_IDLE_NS   (80 * MS)
#define LOOK_BUSY_NS   (6 * MS)
#define LOOK_FOLLOW_NS (1 * MS)
#define FOLLOW_NS      (30 * MS)

/* How often a mount that follows looks what was committed. */
#define FOLLOWING_NS (20 * MS)

/* A mount that has taken the lease over has it for as long before it moves on, while it has
 * something to do, and that is when it made an op lately, or one is waited for to be committed: two
 * that are busy do not change places with each op. */
#define BURST_NS (20 * MS)
#define PAUSE_NS (2 * MS)

/* Between tries to take it over from a session that keeps it. */
#define AGAIN_NS (50 * MS)

/* How often a mount that is not alone looks whether it still is not; and for how long another one
 * may be without a session before it counts as dead. */
#define OTHERS_NS (500 * MS)
#define DEAD_NS   (120000 * MS)

int64_t turns_due(const struct control *c)
{
	int64_t now = clock_mono_ns(), rest = LOOK_IDLE_NS;

	if (c->follows && c->hurried)
		return now;
	if (c->follows)
		rest = FOLLOWING_NS;
	else if (now - c->turn_at < FOLLOW_NS)
		rest = LOOK_FOLLOW_NS;
	else if (now - c->told_at < 2 * LOOK_IDLE_NS)
		rest = LOOK_BUSY_NS;
	return c->looked_at + rest;
}

/* Reads what others changed after op `since`. Until it succeeds, or it is time to end: then it is
 * not known. */
static void read_changed(struct control *c, uint64_t since, bool orphans, struct foreign *f)
{
	struct error err;

	while (!c->conn || !writer_changed(c->conn, since, orphans, f, &err))
		if (!wait_again(c, &err))
			return;
}

static void set_shared(struct control *c, bool shared)
{
	pthread_mutex_lock(&c->fs->lock);
	c->fs->state.shared = c->shared = shared;
	pthread_mutex_unlock(&c->fs->lock);
}

/* Under no lock: changes go on, unless the mount follows another. */
static void resume(struct control *c)
{
	pthread_mutex_lock(&c->fs->lock);
	journal_resume(c->fs->journal);
	foreign_told(c->fs);
	pthread_mutex_unlock(&c->fs->lock);
}

/* Takes all who wait for what others have committed. */
static void take_waiters(struct control *c)
{
	pthread_mutex_lock(&c->fs->lock);
	follow_append(&c->catching, &c->fs->followers);
	pthread_mutex_unlock(&c->fs->lock);
}

/* This mount knows all; what it dropped before may still be on its way to the kernel. */
static void call_waiters(struct control *c)
{
	take_waiters(c);
	invalidator_call(c->invalidator, c->catching);
	c->catching = NULL;
	invalidator_call(c->invalidator, opens_take(c));
}

static void set_handing(struct control *c, bool handing)
{
	pthread_mutex_lock(&c->fs->lock);
	c->fs->handing = handing;
	pthread_mutex_unlock(&c->fs->lock);
}

/* Another mount has the lease; `known` is the last op of before that, and `request` the last one
 * that was performed. What it closes is committed for a while: see opens_rely(), or opens_doubt().
 */
static void begin_following(struct control *c, uint64_t known, uint64_t request)
{
	c->follows = true;
	c->known = known;
	c->request = request;
	c->free = false;
	pthread_mutex_lock(&c->fs->lock);
	c->fs->kept_late = false;
	pthread_mutex_unlock(&c->fs->lock);
	set_shared(c, true);
	/* For what has begun to wait while it was not known. */
	follow_wake(c->fs);
}

/* The session of the drain was lost meanwhile, or what has no name any more is to be read, too. */
static void complete(struct control *c, const struct writer *w, bool orphans)
{
	struct foreign *f = w->changed;

	if (!f->touched) {
		read_changed(c, w->since, orphans, f);
		f->quotas = wait_quotas(c);
	} else if (orphans && writer_nameless(f->touched)) {
		PQclear(f->touched);
		read_changed(c, w->since, true, f);
	}
}

static void free_changed(struct foreign *f)
{
	PQclear(f->touched);
	PQclear(f->orphans);
	quotas_free(&f->quotas);
	f->touched = f->orphans = NULL;
}

/* A SQL transaction, or another mount, asks for the right to write. */
static void serve_writer(struct control *c, bool moves)
{
	struct foreign f = {.exact = true};
	struct writer w = {.fs = c->fs, .conninfo = c->conninfo, .changed = &f};
	struct moment lent = {.boot = clock_boot_ns()};
	struct error err;

	if (c->fs->kept)
		kept_begin_foreign(c->fs->kept);
	set_handing(c, moves);
	if (!writer_lend(&w, &err)) {
		log_warn("%s", err.text);
		free_changed(&f);
	}
	if (w.moved) {
		lent.server = w.lent_at;
		opens_rely(c, &lent);
		begin_following(c, w.since, w.request);
		resume(c);
	} else if (w.since && f.marks.next_op > w.since + 1) {
		complete(c, &w, !c->fs->state.shared);
		foreign_go_on(c->fs, c->kernel, &f);
	} else {
		resume(c);
	}
	set_handing(c, false);
	if (!c->follows)
		call_waiters(c);
	free_changed(&f);
	c->turn_at = clock_mono_ns();
}

/* Whoever had the lease may have been asked by those who open files. */
static void promise(struct fs *fs)
{
	pthread_mutex_lock(&fs->lock);
	follow_promise(fs, FOLLOW_TAKEN_NS);
	pthread_mutex_unlock(&fs->lock);
}

/* Takes the lease over; `free`: only if nobody has it. */
static void take_turn(struct control *c, bool free)
{
	struct foreign f = {.exact = true};
	struct writer w = {.fs = c->fs,
		.conninfo = c->conninfo,
		.mount = c->mount,
		.free = free,
		.since = c->known,
		.changed = &f};
	struct error err;

	if (c->fs->kept)
		kept_begin_foreign(c->fs->kept);
	if (!writer_take(&w, &err)) {
		if (err.class != ERR_BUSY)
			log_warn("%s", err.text);
		c->try_at = clock_mono_ns() + AGAIN_NS;
		free_changed(&f);
		resume(c);
		return;
	}
	/* A request may have changed what no op names, and a server that crashed has lost what was
	 * known here. */
	f.exact = f.request == c->request && f.marks.next_op > c->known;
	if (!f.exact)
		invalidator_drop(c->invalidator, &(struct foreign){0}, NULL);
	c->follows = false;
	promise(c->fs);
	foreign_go_on(c->fs, c->kernel, &f);
	free_changed(&f);
	c->got_at = c->turn_at = clock_mono_ns();
	c->asked = true;
	call_waiters(c);
}

/* Nothing was changed since it was looked last. */
static void knows_all(struct control *c, const struct writer_seen *seen)
{
	pthread_mutex_lock(&c->fs->lock);
	if (c->fs->kept && !c->fs->invalidating)
		kept_follow(c->fs->kept, seen->op, seen->request);
	pthread_mutex_unlock(&c->fs->lock);
	invalidator_call(c->invalidator, c->catching);
}

/* Of a mount that follows: drops what was changed since; after a request was performed, all. */
static void catch_up(struct control *c, const struct writer_seen *seen)
{
	struct foreign f = {.exact = true, .op = seen->op, .request = seen->request};

	/* What was known may be lost, where a server has crashed. */
	if (seen->op > c->known)
		read_changed(c, c->known, false, &f);
	f.exact = seen->request == c->request;
	if (seen->op != c->known || seen->request != c->request)
		invalidator_drop(c->invalidator, &f, c->catching);
	else
		knows_all(c, seen);
	PQclear(f.touched);
	c->known = seen->op;
	c->request = seen->request;
	c->catching = NULL;
}

bool turns_look(struct control *c)
{
	struct error err;

	if (c->follows) {
		take_waiters(c);
		c->hurried = false;
	}
	c->looking =
		c->follows ? opens_look(c, &err) : writer_look(c->conn, STMT_WRITE_ASKED, &err);
	return c->looking;
}

/* Whether the mount is to keep the lease a little longer. */
static bool is_in_burst(struct control *c)
{
	int64_t now = clock_mono_ns();
	uint64_t op;
	bool waited;

	if (now - c->got_at >= BURST_NS)
		return false;
	pthread_mutex_lock(&c->fs->lock);
	op = journal_next_op(c->fs->journal);
	waited = journal_waited(c->fs->journal);
	pthread_mutex_unlock(&c->fs->lock);
	if (op != c->burst_op || waited)
		c->burst_at = now;
	c->burst_op = op;
	return now - c->burst_at < PAUSE_NS;
}

bool turns_answer(struct control *c)
{
	struct writer_seen seen;
	enum writer_answer answer = writer_asks(c->conn, &seen);

	if (answer == WRITER_LOST)
		return false;
	c->looking = answer == WRITER_WAITS;
	if ((answer == WRITER_ASKS || answer == WRITER_MOVES) && !is_in_burst(c))
		serve_writer(c, answer == WRITER_MOVES);
	if (c->follows && seen.op) {
		opens_seen(c, &seen);
		catch_up(c, &seen);
	}
	/* The answer was dropped for another question. */
	c->hurried |= !c->looking && c->catching;
	if (!c->looking)
		c->looked_at = clock_mono_ns();
	return c->conn && wait_notified(c);
}

/* No other mount is left: what was open in none of them ends. */
static void be_alone(struct control *c)
{
	struct error err;

	set_shared(c, false);
	if (!orphans_sweep(c->fs, c->conn, &err))
		log_warn("%s", err.text);
}

/* Looks for other mounts, now and then. A mount that follows takes the lease that nobody has had
 * for a while, so that what is asked of the filesystem finds somebody. */
static void look_for_others(struct control *c)
{
	int64_t now = clock_mono_ns();
	bool others, alive, free;
	char id[24];
	const char *params[] = {id};
	PGresult *res;
	struct error err;

	if (now < c->others_at + OTHERS_NS || wait_is_asking(c))
		return;
	c->others_at = now;
	snprintf(id, sizeof(id), "%" PRIu64, c->mount);
	res = db_query(c->conn, statements[STMT_FOLLOW_OTHERS].text, 1, params, &err);
	if (!res)
		return;
	others = strtoull(PQgetvalue(res, 0, 0), NULL, 10) != 0;
	alive = *PQgetvalue(res, 0, 1) == 't';
	free = *PQgetvalue(res, 0, 2) == 't';
	PQclear(res);
	c->alone_at = alive ? 0 : c->alone_at ? c->alone_at : now;
	if (c->follows && free && c->free)
		take_turn(c, true);
	else if (!c->follows && (!others || (c->alone_at && now - c->alone_at > DEAD_NS)))
		be_alone(c);
	c->free = free;
}

bool turns_follow(struct control *c)
{
	uint64_t known;
	bool follows;

	pthread_mutex_lock(&c->fs->lock);
	follows = journal_following(c->fs->journal);
	known = journal_next_op(c->fs->journal) - 1;
	pthread_mutex_unlock(&c->fs->lock);
	/* The session of the drain was lost, and another mount has written meanwhile. */
	if (follows && !c->follows) {
		opens_doubt(c);
		begin_following(c, known, 0);
		if (c->fs->kept)
			kept_begin_foreign(c->fs->kept);
		invalidator_drop(c->invalidator, &(struct foreign){0}, NULL);
	}
	if (c->follows && clock_mono_ns() >= c->try_at &&
		(journal_pressed(c->fs->journal) || opens_wait_long(c)))
		take_turn(c, false);
	if (c->shared && c->conn)
		look_for_others(c);
	return c->follows;
}

void turns_end(struct control *c)
{
	take_waiters(c);
	follow_call(c->catching, EIO);
	c->catching = NULL;
	opens_end(c);
}
