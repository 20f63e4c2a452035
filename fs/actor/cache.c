#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#include "actor/actor.h"
#include "actor/facts.h"
#include "actor/process.h"
#include "actor/watch.h"
#include "base/budget.h"
#include "base/clock.h"
#include "base/mark.h"
#include "base/ns.h"
#include "base/proc_read.h"

/*
 * A hit must be known to be still true. An entry keeps a descriptor of /proc/PID/task/PID/stat,
 * which stands for that one process: when it has died a read fails, even if its pid lives again.
 * The one read gives comm, and with start_code and start_stack the place of the program in memory,
 * which execve(2) draws anew from about 2^30. Reading the link exe and cmdline instead costs more,
 * and cmdline can block (facts.h).
 *
 * Where that does not tell programs apart - address randomisation is off for the process, or we may
 * not see its addresses - the entry is `weak` and each use reads exe and cmdline again.
 *
 * A process that asks often is watched (watch.h), which costs a quarter of that read.
 *
 * A thread that is not the main one has an entry of its own, which only says whose thread it is.
 */

enum {
	RETRY_NS = 1000000000, /* after which cmdline is asked for again when it could not be had */
};

struct key {
	pid_t tid;
	uint32_t uid, gid;
};

struct entry {
	struct key key;
	pid_t tgid;          /* other than key.tid: a thread; then actor is NULL */
	int fd;              /* stat; of a thread, comm; -1: pid 0 */
	struct proc_stat st; /* of the main thread */
	struct actor *actor;
	bool weak;
	struct watch watch;
	size_t bytes;     /* that it counts as, with its actor; set by cache_add() */
	int64_t retry_at; /* 0, or the clock_mono_ns() from which to read again */
	unsigned refs;    /* under the cache's lock; the table holds one */
	UT_hash_handle hh;
	struct entry *prev, *next; /* cache->used, the least recently used first */
};

struct actor_cache {
	pthread_mutex_t lock; /* never held while /proc is read */
	struct entry *table, *used;
	size_t capacity;
	struct budget budget; /* of the bytes in the table */
	enum actor_detail detail;
	bool fixed_layout; /* randomisation is off for all */
	bool sees_host;    /* tid 0 is the kernel's */
	struct facts_reader *reader;
};

struct actor_cache *actor_cache_new(size_t capacity, uint64_t bytes, enum actor_detail detail)
{
	struct actor_cache *cache = calloc(1, sizeof(*cache));
	char level = '2';

	if (!cache)
		return NULL;
	cache->reader = facts_reader_new(capacity / 4 + 8);
	if (!cache->reader) {
		free(cache);
		return NULL;
	}
	cache->capacity = capacity;
	cache->budget = (struct budget){.name = "processes", .limit = bytes};
	cache->detail = detail;
	proc_read_at(AT_FDCWD, "/proc/sys/kernel/randomize_va_space", &level, 1);
	cache->fixed_layout = level == '0';
	cache->sees_host = ns_sees_host();
	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

/* Drops a reference: with the lock, or without any other user. */
static void entry_unref(struct entry *e)
{
	if (!e || --e->refs > 0)
		return;
	if (e->fd >= 0)
		close(e->fd);
	watch_close(&e->watch);
	actor_unref(e->actor);
	free(e);
}

static void remove_locked(struct actor_cache *cache, struct entry *e)
{
	HASH_DEL(cache->table, e);
	DL_DELETE(cache->used, e);
	cache->budget.used -= e->bytes;
	entry_unref(e);
}

void actor_cache_free(struct actor_cache *cache)
{
	if (!cache)
		return;
	facts_reader_free(cache->reader);
	while (cache->used)
		remove_locked(cache, cache->used);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static struct entry *find_locked(struct actor_cache *cache, const struct key *key)
{
	struct entry *e;
	HASH_FIND(hh, cache->table, key, sizeof(*key), e);
	return e;
}

static struct entry *cache_find(struct actor_cache *cache, const struct key *key)
{
	struct entry *e;
	pthread_mutex_lock(&cache->lock);
	e = find_locked(cache, key);
	if (e) {
		e->refs++;
		DL_DELETE(cache->used, e);
		DL_APPEND(cache->used, e);
	}
	pthread_mutex_unlock(&cache->lock);
	return e;
}

static void cache_put(struct actor_cache *cache, struct entry *e)
{
	pthread_mutex_lock(&cache->lock);
	entry_unref(e);
	pthread_mutex_unlock(&cache->lock);
}

/* Drops e from the table, if it is still there, and the caller's reference. */
static void cache_drop(struct actor_cache *cache, struct entry *e)
{
	pthread_mutex_lock(&cache->lock);
	if (find_locked(cache, &e->key) == e)
		remove_locked(cache, e);
	entry_unref(e);
	pthread_mutex_unlock(&cache->lock);
}

/* Closes the older half of the cache's descriptors, when this process is out of them. */
static void cache_halve(struct actor_cache *cache)
{
	size_t n;
	pthread_mutex_lock(&cache->lock);
	for (n = HASH_COUNT(cache->table) / 2 + 1; n > 0 && cache->used; n--)
		remove_locked(cache, cache->used);
	pthread_mutex_unlock(&cache->lock);
}

static bool same_actor(const struct actor *a, const struct actor *b)
{
	return a->start_time == b->start_time && strcmp(a->comm, b->comm) == 0 &&
	       strcmp(a->exe, b->exe) == 0 && strcmp(a->cmdline, b->cmdline) == 0;
}

struct budget actor_cache_budget(struct actor_cache *cache)
{
	struct budget b;

	pthread_mutex_lock(&cache->lock);
	b = cache->budget;
	pthread_mutex_unlock(&cache->lock);
	return b;
}

/* Returns whether an entry must go before so many bytes more come in. */
static bool is_full(const struct actor_cache *cache, size_t bytes)
{
	return HASH_COUNT(cache->table) >= cache->capacity || budget_lacks(&cache->budget, bytes);
}

/*
 * Takes e into the table and returns a reference to the actor to use: the one that another thread
 * has put there meanwhile if it is the same, else e's own. Takes over the caller's reference to e.
 */
static struct actor *cache_add(struct actor_cache *cache, struct entry *e)
{
	struct actor *actor;
	struct entry *old;

	pthread_mutex_lock(&cache->lock);
	old = find_locked(cache, &e->key);
	if (old && old->actor && e->actor && same_actor(old->actor, e->actor)) {
		actor = actor_ref(old->actor);
		entry_unref(e);
		pthread_mutex_unlock(&cache->lock);
		return actor;
	}
	actor = actor_ref(e->actor);
	if (old)
		remove_locked(cache, old);
	e->bytes = sizeof(*e) + actor_bytes(e->actor);
	while (cache->used && is_full(cache, e->bytes))
		remove_locked(cache, cache->used);
	HASH_ADD(hh, cache->table, key, sizeof(e->key), e);
	if (e->hh.tbl) {
		DL_APPEND(cache->used, e);
		cache->budget.used += e->bytes;
	} else
		entry_unref(e); /* out of memory: works without */
	pthread_mutex_unlock(&cache->lock);
	return actor;
}

static int open_proc(struct actor_cache *cache, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		cache_halve(cache);
		fd = open(path, flags | O_CLOEXEC);
	}
	return fd;
}

/* Returns whether the addresses of a process no longer say which program it runs, because it has
 * none: it cannot exec. */
static bool without_memory(const struct proc_stat *st)
{
	return st->flags & (PROC_FLAG_KTHREAD | PROC_FLAG_EXITING);
}

static bool is_weak(const struct actor_cache *cache, const struct proc_stat *st)
{
	return !without_memory(st) && (cache->fixed_layout || st->start_stack == 0);
}

/* Reads the process (as thread tid sees it) into e->actor. False: no memory. */
static bool read_actor(struct actor_cache *cache, struct entry *e, int dirfd)
{
	struct process_notes notes;

	if (!process_read(cache->reader, cache->detail, dirfd, &e->st, e->actor, &notes))
		return false;
	if (notes.incomplete)
		e->retry_at = clock_mono_ns() + RETRY_NS;
	e->weak = is_weak(cache, &e->st) || (notes.fixed_layout && !without_memory(&e->st));
	return true;
}

static struct entry *entry_new(const struct key *key)
{
	struct entry *e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->key = *key;
	e->tgid = key->tid;
	e->fd = -1;
	watch_init(&e->watch);
	e->refs = 1;
	return e;
}

/* Returns an actor of which only the pid is known; it is not cached. */
static struct actor *unknown_actor(const struct key *key, const char *comm)
{
	struct actor *a = actor_new(key->tid, key->uid, key->gid);
	if (!a)
		return NULL;
	a->marks = key->tid > 0 ? ACTOR_INCOMPLETE : 0;
	a->comm = strdup(comm);
	if (actor_complete(a))
		return a;
	actor_unref(a);
	return NULL;
}

/* Finds out who process `key` is, and adds it. `tid` is the thread of it that waits for us. */
static struct actor *resolve_process(struct actor_cache *cache, const struct key *key, pid_t tid)
{
	char path[64];
	int dirfd;
	bool ok;
	struct entry *e = entry_new(key);

	if (!e)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", key->tid, key->tid);
	e->fd = open_proc(cache, path, O_RDONLY);
	/* Of the thread, since the main one may have exited and lost exe and cmdline. */
	snprintf(path, sizeof(path), "/proc/%d", tid);
	dirfd = open_proc(cache, path, O_PATH | O_DIRECTORY);
	if (e->fd < 0 || dirfd < 0 || !proc_pread_stat(e->fd, &e->st)) {
		if (dirfd >= 0)
			close(dirfd);
		cache_put(cache, e);
		return unknown_actor(key, "");
	}
	e->actor = actor_new(key->tid, key->uid, key->gid);
	ok = e->actor && read_actor(cache, e, dirfd);
	close(dirfd);
	if (ok)
		return cache_add(cache, e);
	cache_put(cache, e);
	return NULL;
}

/* Returns whether the process of a weak entry still runs the same program. */
static bool same_program(struct actor_cache *cache, const struct actor *a, pid_t tid)
{
	char path[32];
	bool same;
	int dirfd;

	snprintf(path, sizeof(path), "/proc/%d", tid);
	dirfd = open_proc(cache, path, O_PATH | O_DIRECTORY);
	if (dirfd < 0)
		return false;
	same = process_same(cache->reader, cache->detail, dirfd, a);
	close(dirfd);
	return same;
}

/* Returns whether e's process is the one that it was, with what it is now in *st. */
static bool still_same(
	struct actor_cache *cache, const struct entry *e, pid_t tid, struct proc_stat *st)
{
	if (!proc_pread_stat(e->fd, st))
		return false;
	/* Workers of the kernel change their names with every piece of work. */
	if (st->flags & PROC_FLAG_KTHREAD)
		return true;
	if (strcmp(st->comm, e->st.comm) != 0)
		return false;
	if (st->flags & PROC_FLAG_EXITING)
		return true;
	if (st->start_code != e->st.start_code || st->start_stack != e->st.start_stack)
		return false;
	return !e->weak || same_program(cache, e->actor, tid);
}

static bool still_true(struct actor_cache *cache, struct entry *e, pid_t tid)
{
	struct proc_stat st;
	int memory;
	bool same;

	if (e->retry_at && clock_mono_ns() >= e->retry_at)
		return false;
	if (e->fd < 0 || watch_holds(&e->watch, &e->st))
		return true;
	memory = watch_due(&e->watch) ? watch_open(tid) : -1;
	same = still_same(cache, e, tid, &st);
	if (memory >= 0 && same)
		watch_begin(&e->watch, memory, &st);
	else if (memory >= 0)
		close(memory);
	return same;
}

/* Returns the actor of e, or NULL when it is not true any more. Takes over the caller's reference
 * to e, which may be NULL. */
static struct actor *reuse(struct actor_cache *cache, struct entry *e, pid_t tid)
{
	struct actor *actor;

	if (!e)
		return NULL;
	if (!still_true(cache, e, tid)) {
		cache_drop(cache, e);
		return NULL;
	}
	actor = actor_ref(e->actor);
	cache_put(cache, e);
	return actor;
}

/* Returns the process of a thread that is seen for the first time, or 0 when it is gone, and
 * remembers it. */
static pid_t resolve_thread(struct actor_cache *cache, const struct key *key)
{
	char path[64], buf[4096];
	struct entry *e;
	pid_t tgid = 0;
	long n;
	int dirfd;

	snprintf(path, sizeof(path), "/proc/%d", key->tid);
	dirfd = open_proc(cache, path, O_PATH | O_DIRECTORY);
	if (dirfd < 0)
		return 0;
	n = proc_read_at(dirfd, "status", buf, sizeof(buf));
	if (n < 0 || !proc_parse_tgid(buf, (size_t)n, &tgid))
		tgid = 0;
	if (tgid > 0 && tgid != key->tid && (e = entry_new(key))) {
		e->tgid = tgid;
		e->fd = openat(dirfd, "comm", O_RDONLY | O_CLOEXEC);
		if (e->fd >= 0)
			cache_add(cache, e);
		else
			cache_put(cache, e);
	}
	close(dirfd);
	return tgid;
}

/* Returns whether the thread that e was made for still exists, by the file that is cheapest to
 * read. */
static bool thread_alive(const struct entry *e)
{
	char comm[64];
	return pread(e->fd, comm, sizeof(comm), 0) > 0;
}

/* Returns an actor that has numbers alone: the kernel (`comm`), and with ACTOR_OFF everybody. */
static struct actor *resolve_nobody(
	struct actor_cache *cache, const struct key *key, const char *comm, bool named)
{
	struct entry *e = entry_new(key);

	if (!e)
		return NULL;
	e->actor = unknown_actor(key, comm);
	if (e->actor && named && !process_read_user(cache->reader, e->actor))
		e->retry_at = clock_mono_ns() + RETRY_NS;
	if (e->actor)
		return cache_add(cache, e);
	cache_put(cache, e);
	return NULL;
}

/* Returns the process that thread key->tid belongs to, or 0 when it is gone. Takes over the
 * reference to e, which may be NULL. */
static pid_t process_of(struct actor_cache *cache, const struct key *key, struct entry *e)
{
	if (e && thread_alive(e)) {
		pid_t tgid = e->tgid;
		cache_put(cache, e);
		return tgid;
	}
	if (e)
		cache_drop(cache, e);
	return resolve_thread(cache, key);
}

struct actor *actor_get(struct actor_cache *cache, pid_t tid, uint32_t uid, uint32_t gid)
{
	bool off = cache->detail == ACTOR_OFF;
	struct key key = {tid > 0 && !off ? tid : 0, uid, gid};
	struct entry *e = cache_find(cache, &key);
	struct actor *actor;
	pid_t tgid;

	if (e && e->actor) {
		actor = reuse(cache, e, tid);
		if (actor)
			return actor;
		e = NULL; /* and the number may be of any thread now */
	}
	if (key.tid == 0)
		return resolve_nobody(cache, &key, off || !cache->sees_host ? "" : "kernel", off);
	tgid = process_of(cache, &key, e);
	if (tgid == 0)
		return unknown_actor(&key, "");
	if (tgid != tid) {
		key.tid = tgid;
		actor = reuse(cache, cache_find(cache, &key), tid);
		if (actor)
			return actor;
	}
	return resolve_process(cache, &key, tid);
}
