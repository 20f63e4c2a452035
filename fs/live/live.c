#include "live/live.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "actor/facts.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/proc_read.h"
#include "base/proc_text.h"
#include "db/array.h"
#include "db/conn.h"
#include "live/asked.h"
#include "live/locks.h"
#include "live/waits.h"
#include "past/past.h"

/* Files that are closed sooner are never shown. */
#define YOUNG_NS INT64_C(1000000000)

/* After publishing, so many times as long as that took, nothing is published. */
#define REST_FACTOR 20

/* After the database has refused it. */
#define FAILED_REST_NS INT64_C(5000000000)

enum { LOCK_COLUMNS = 8, HANDLE_COLUMNS = 7, MAX_COLUMNS = 8 };

static const enum array_type lock_types[LOCK_COLUMNS] = {ARRAY_INT8, ARRAY_INT2, ARRAY_INT2,
	ARRAY_INT2, ARRAY_INT8, ARRAY_INT8, ARRAY_INT4, ARRAY_TEXT};
static const enum array_type handle_types[HANDLE_COLUMNS] = {
	ARRAY_INT8, ARRAY_INT8, ARRAY_INT4, ARRAY_INT4, ARRAY_TEXT, ARRAY_INT8, ARRAY_TIMESTAMPTZ};

struct locks {
	struct file_lock *lock;
	size_t count, cap;
};

struct live {
	struct fs *fs;
	char mount[24];
	uint32_t major, minor;
	int fd; /* /proc/locks */
	struct buf text;
	struct locks seen, now;
	struct buf aged; /* of struct aged */
	struct live_waits *waits;
	struct live_asked *asked;
	int64_t handles_at, rest_until;
	bool begun; /* this connection has the statements */
	bool clean; /* what was published is what is known to have been */
	struct array closed, column[MAX_COLUMNS];
};

/* A handle that is to be shown: a copy, because it may be closed meanwhile. */
struct aged {
	uint64_t fh, ino, actor;
	int64_t opened;
	struct actor *opener;
	int32_t pid;
	uint32_t flags;
};

struct live *live_new(struct fs *fs, uint64_t mount, const char *path, struct error *err)
{
	struct live *l = xcalloc(1, sizeof(*l));
	struct statx st;

	l->fs = fs;
	snprintf(l->mount, sizeof(l->mount), "%llu", (unsigned long long)mount);
	l->waits = live_waits_new(fs);
	l->asked = live_asked_new(fs);
	array_init(&l->closed, ARRAY_INT8);
	for (int i = 0; i < MAX_COLUMNS; i++)
		array_init(&l->column[i], ARRAY_INT8);
	l->fd = open("/proc/locks", O_RDONLY | O_CLOEXEC);
	/* DONT_SYNC: nobody serves requests yet, and the number is known without one. */
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &st) == 0) {
		l->major = st.stx_dev_major;
		l->minor = st.stx_dev_minor;
		return l;
	}
	error_sys(err, "cannot look at %s", path);
	live_free(l);
	return NULL;
}

void live_serve(struct live *l, live_write *write)
{
	live_asked_serve(l->asked, write, makedev(l->major, l->minor));
}

void live_free(struct live *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l->seen.lock);
	free(l->now.lock);
	buf_free(&l->text);
	buf_free(&l->aged);
	live_waits_free(l->waits);
	live_asked_free(l->asked);
	array_free(&l->closed);
	for (int i = 0; i < MAX_COLUMNS; i++)
		array_free(&l->column[i]);
	free(l);
}

static bool live_exec(
	struct live *l, PGconn *conn, enum stmt stmt, bool closed, int columns, struct error *err)
{
	const char *values[MAX_COLUMNS + 2] = {l->mount};
	int lengths[MAX_COLUMNS + 2] = {0}, formats[MAX_COLUMNS + 2] = {0}, n = 1;
	PGresult *res;
	bool ok;

	if (closed) {
		values[n] = array_param(&l->closed, &lengths[n]);
		formats[n++] = 1;
	}
	for (int i = 0; i < columns; i++, n++) {
		values[n] = array_param(&l->column[i], &lengths[n]);
		formats[n] = 1;
	}
	res = PQexecPrepared(conn, statements[stmt].name, n, values, lengths, formats, 0);
	ok = PQresultStatus(res) == PGRES_COMMAND_OK;
	if (!ok)
		db_error(conn, res, "cannot publish what is live", err);
	PQclear(res);
	return ok;
}

static void columns_reset(struct live *l, const enum array_type *types, int n)
{
	for (int i = 0; i < n; i++) {
		l->column[i].type = types[i];
		array_reset(&l->column[i]);
	}
}

static void add_int_or_null(struct array *a, int64_t v, bool known)
{
	if (known)
		array_add_int(a, v);
	else
		array_add_null(a);
}

/* The name of a process as it is now. */
static void add_comm(struct array *a, pid_t pid)
{
	char comm[PROC_COMM_MAX], *text = NULL;

	if (pid > 0 && proc_read_comm(pid, comm))
		text = proc_text(comm, strlen(comm));
	if (text)
		array_add_bytes(a, text, strlen(text));
	else
		array_add_null(a);
	free(text);
}

/* --- locks --- */

static void locks_add(struct locks *list, const struct file_lock *lock)
{
	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->lock = xrealloc(list->lock, list->cap * sizeof(list->lock[0]));
	}
	list->lock[list->count++] = *lock;
}

static void read_all(int fd, struct buf *b)
{
	ssize_t n;

	buf_reset(b);
	while ((n = pread(fd, buf_reserve(b, 4096), 4096, (off_t)b->len)) > 0)
		b->len += (size_t)n;
}

/* Calls fn for each lock of this mount in the text. */
static void each_lock(struct live *l, const struct buf *text,
	void (*fn)(struct live *l, const struct file_lock *lock, pid_t pid), pid_t pid)
{
	const char *p = text->data, *end = p + text->len;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - p);
		struct file_lock lock;
		if (file_lock_parse(p, n, &lock) && lock.major == l->major &&
			lock.minor == l->minor)
			fn(l, &lock, pid);
		p += n + 1;
	}
}

static void now_add(struct live *l, const struct file_lock *lock, pid_t pid)
{
	if (!past_is(lock->ino))
		locks_add(&l->now, lock);
}

/* A process that has this lock in one of its open files. */
static void now_own(struct live *l, const struct file_lock *lock, pid_t pid)
{
	for (size_t i = 0; i < l->now.count; i++) {
		if (memcmp(&l->now.lock[i], lock, sizeof(*lock)) == 0) {
			l->now.lock[i].pid = pid;
			return;
		}
	}
}

static void look_in_process(struct live *l, pid_t pid)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		int fd = openat(dirfd(dir), d->d_name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		read_all(fd, &l->text);
		close(fd);
		each_lock(l, &l->text, now_own, pid);
	}
	if (dir)
		closedir(dir);
}

/*
 * A lock of an open file is of no process: who opened the file is asked first, and nobody else, as
 * it could be anyone.
 */
static void find_owners(struct live *l)
{
	struct handle *h, *tmp;
	struct buf pids = {0};
	bool wanted = false;

	for (size_t i = 0; i < l->now.count; i++)
		wanted = wanted || (l->now.lock[i].kind == LOCK_OFD && !l->now.lock[i].waiting);
	if (!wanted)
		return;
	pthread_mutex_lock(&l->fs->lock);
	HASH_ITER (hh, l->fs->state.handles, h, tmp) {
		for (size_t i = 0; h->pid > 0 && i < l->now.count; i++) {
			if (l->now.lock[i].kind == LOCK_OFD && l->now.lock[i].ino == h->ino) {
				buf_add(&pids, &h->pid, sizeof(h->pid));
				break;
			}
		}
	}
	pthread_mutex_unlock(&l->fs->lock);
	for (size_t i = 0; i < pids.len; i += sizeof(h->pid)) {
		int32_t pid;
		memcpy(&pid, pids.data + i, sizeof(pid));
		look_in_process(l, pid);
	}
	buf_free(&pids);
}

static bool publish_locks(struct live *l, PGconn *conn, struct error *err)
{
	struct array *c = l->column;

	columns_reset(l, lock_types, LOCK_COLUMNS);
	for (size_t i = 0; i < l->now.count; i++) {
		const struct file_lock *lock = &l->now.lock[i];
		array_add_int(&c[0], (int64_t)lock->ino);
		array_add_int(&c[1], lock->kind);
		array_add_int(&c[2], lock->writes);
		array_add_int(&c[3], lock->waiting);
		array_add_int(&c[4], (int64_t)lock->first);
		add_int_or_null(&c[5], (int64_t)lock->last, lock->last <= INT64_MAX);
		add_int_or_null(&c[6], lock->pid, lock->pid > 0);
		add_comm(&c[7], lock->pid);
	}
	return live_exec(l, conn, STMT_LIVE_LOCKS, false, LOCK_COLUMNS, err);
}

static bool step_locks(struct live *l, PGconn *conn, struct error *err)
{
	size_t bytes;

	l->now.count = 0;
	read_all(l->fd, &l->text);
	each_lock(l, &l->text, now_add, 0);
	bytes = l->now.count * sizeof(l->now.lock[0]);
	if (l->now.count)
		qsort(l->now.lock, l->now.count, sizeof(l->now.lock[0]), file_lock_compare);
	if (l->now.count == l->seen.count &&
		(!bytes || memcmp(l->now.lock, l->seen.lock, bytes) == 0))
		return true;
	/* What the kernel said is kept; to what is published owners are added. */
	l->seen.count = 0;
	for (size_t i = 0; i < l->now.count; i++)
		locks_add(&l->seen, &l->now.lock[i]);
	find_owners(l);
	if (publish_locks(l, conn, err))
		return true;
	l->seen.count = 0;
	return false;
}

/* --- open files --- */

static void age(void *arg, struct handle *h)
{
	struct live *l = arg;
	struct actor *opener = actor_ref(h->opener);
	struct aged a = {.fh = h->fh,
		.ino = h->ino,
		.actor = opener ? opener->id : 0,
		.opened = h->opened,
		.opener = opener,
		.pid = h->pid,
		.flags = h->flags};

	buf_add(&l->aged, &a, sizeof(a));
}

static void add_opener(struct live *l, const struct aged *a)
{
	char text[2048];
	pid_t pid = a->pid;
	long n = -1;

	if (a->opener && a->opener->pid > 0) {
		array_add_int(&l->column[3], a->opener->pid);
		array_add_bytes(&l->column[4], a->opener->comm, strlen(a->opener->comm));
		return;
	}
	/* Nobody was looked up when it was opened for reading: the kernel gave a thread. */
	if (pid > 0)
		n = proc_read(pid, "status", text, sizeof(text));
	if (n > 0)
		proc_parse_tgid(text, (size_t)n, &pid);
	add_int_or_null(&l->column[3], pid, pid > 0);
	add_comm(&l->column[4], pid);
}

static void add_handle(struct live *l, const struct aged *a)
{
	int64_t since = clock_now_ns() - (clock_mono_ns() - a->opened);
	struct array *c = l->column;

	array_add_int(&c[0], (int64_t)a->fh);
	array_add_int(&c[1], (int64_t)a->ino);
	array_add_int(&c[2], (int32_t)a->flags);
	add_opener(l, a);
	add_int_or_null(&c[5], (int64_t)a->actor, a->actor != 0);
	array_add_time(&c[6], since / 1000);
}

static bool step_handles(struct live *l, PGconn *conn, struct error *err)
{
	struct state *s = &l->fs->state;
	int64_t now = clock_mono_ns();
	struct aged a;
	bool changed;

	if (now < l->handles_at + YOUNG_NS)
		return true;
	l->handles_at = now;
	array_reset(&l->closed);
	buf_reset(&l->aged);
	pthread_mutex_lock(&l->fs->lock);
	for (size_t i = 0; i < s->closed_count; i++)
		array_add_int(&l->closed, (int64_t)s->closed[i]);
	s->closed_count = 0;
	handles_show(s, now - YOUNG_NS, age, l);
	pthread_mutex_unlock(&l->fs->lock);
	changed = l->closed.count || l->aged.len;
	columns_reset(l, handle_types, HANDLE_COLUMNS);
	for (size_t i = 0; i < l->aged.len; i += sizeof(a)) {
		memcpy(&a, l->aged.data + i, sizeof(a));
		add_handle(l, &a);
		actor_unref(a.opener);
	}
	return !changed || live_exec(l, conn, STMT_LIVE_HANDLES, true, HANDLE_COLUMNS, err);
}

/* --- all of it --- */

void live_connected(struct live *l)
{
	l->begun = l->clean = false;
	l->rest_until = 0;
}

static bool begin(struct live *l, PGconn *conn, struct error *err)
{
	l->begun =
		db_prepare(conn, STMT_LIVE_BEGIN, err) && db_prepare(conn, STMT_LIVE_LOCKS, err) &&
		db_prepare(conn, STMT_LIVE_HANDLES, err) &&
		db_prepare(conn, STMT_LIVE_REQUESTS, err) &&
		db_prepare(conn, STMT_LIVE_ASKED, err) &&
		db_prepare(conn, STMT_LIVE_LATENCY, err) && db_prepare(conn, STMT_LIVE_REPORT, err);
	return l->begun;
}

/* Nothing of what was published before counts. */
static bool begin_again(struct live *l, PGconn *conn, struct error *err)
{
	l->seen.count = 0;
	live_waits_begin(l->waits);
	pthread_mutex_lock(&l->fs->lock);
	handles_hide(&l->fs->state);
	pthread_mutex_unlock(&l->fs->lock);
	l->clean = live_exec(l, conn, STMT_LIVE_BEGIN, false, 0, err);
	return l->clean;
}

static bool publish(struct live *l, PGconn *conn, struct error *err)
{
	return (l->begun || begin(l, conn, err)) && (l->clean || begin_again(l, conn, err)) &&
	       step_locks(l, conn, err) && step_handles(l, conn, err) &&
	       live_waits_step(l->waits, conn, l->mount, err);
}

bool live_step(struct live *l, PGconn *conn, struct error *err)
{
	int64_t start = clock_mono_ns();
	bool rests = start < l->rest_until, ok;

	/* An answer is taken all the same: until then nothing else is asked on the session. */
	if (rests && !live_waits(l, conn))
		return true;
	ok = (rests || publish(l, conn, err)) && live_asked_step(l->asked, conn, l->mount, err);
	if (!rests)
		l->rest_until = start + (clock_mono_ns() - start) * REST_FACTOR;
	if (!ok) {
		l->clean = false;
		l->rest_until = start + FAILED_REST_NS;
	}
	return ok;
}

bool live_waits(const struct live *l, const PGconn *conn)
{
	return live_asked_waits(l->asked, conn);
}

void live_end(struct live *l, PGconn *conn)
{
	if (l->begun)
		live_exec(l, conn, STMT_LIVE_BEGIN, false, 0, NULL);
}
