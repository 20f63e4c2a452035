#include "actor/lineage.h"

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

#include "base/buf.h"
#include "base/proc_read.h"
#include "base/proc_text.h"
#include "base/run.h"

enum {
	MAX_DEPTH = 64,  /* how far up a run is looked for */
	MAX_CHAIN = 16,  /* how far up ancestors are named */
	MAX_RETRIES = 8, /* for a child that is reparented while we look */
	ENVIRON_SMALL = 8192,
	ENVIRON_MAX = 2 << 20, /* the kernel's limit is a quarter of the stack's: 2 MiB */
};

/* An ancestor, running one program. Immutable but for refs and the lists. */
struct node {
	pid_t pid;
	int fd; /* of stat: a read fails when the process is gone, also if its pid lives again */
	struct proc_stat st;
	char *run;
	unsigned refs; /* under the lock; the table holds one */
	UT_hash_handle hh;
	struct node *prev, *next; /* lineage->used, the least recently used first */
};

struct lineage {
	pthread_mutex_t lock; /* never held while /proc is read */
	struct node *table, *used;
	size_t capacity;
};

struct lineage *lineage_new(size_t capacity)
{
	struct lineage *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->capacity = capacity;
	return l;
}

static void node_unref(struct node *n)
{
	if (--n->refs > 0)
		return;
	close(n->fd);
	free(n->run);
	free(n);
}

static void remove_locked(struct lineage *l, struct node *n)
{
	HASH_DEL(l->table, n);
	DL_DELETE(l->used, n);
	node_unref(n);
}

void lineage_free(struct lineage *l)
{
	if (!l)
		return;
	while (l->used)
		remove_locked(l, l->used);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static void put(struct lineage *l, struct node *n)
{
	pthread_mutex_lock(&l->lock);
	node_unref(n);
	pthread_mutex_unlock(&l->lock);
}

static struct node *find(struct lineage *l, pid_t pid)
{
	struct node *n;

	pthread_mutex_lock(&l->lock);
	HASH_FIND_INT(l->table, &pid, n);
	if (n) {
		n->refs++;
		DL_DELETE(l->used, n);
		DL_APPEND(l->used, n);
	}
	pthread_mutex_unlock(&l->lock);
	return n;
}

/* Keeps n, which the caller goes on using, in the place of what there was about its pid. */
static void keep(struct lineage *l, struct node *n)
{
	struct node *old;

	pthread_mutex_lock(&l->lock);
	HASH_FIND_INT(l->table, &n->pid, old);
	if (old)
		remove_locked(l, old);
	while (l->used && HASH_COUNT(l->table) >= l->capacity)
		remove_locked(l, l->used);
	HASH_ADD_INT(l->table, pid, n);
	if (n->hh.tbl) { /* else out of memory */
		DL_APPEND(l->used, n);
		n->refs++;
	}
	pthread_mutex_unlock(&l->lock);
}

char *lineage_own_run(int dirfd)
{
	char small[ENVIRON_SMALL], *big = NULL, *run = NULL;
	const char *buf = small, *value;
	size_t len;
	long n = proc_read_at(dirfd, "environ", small, sizeof(small));

	if (n == sizeof(small) && (big = malloc(ENVIRON_MAX))) {
		buf = big;
		n = proc_read_at(dirfd, "environ", big, ENVIRON_MAX);
	}
	value = n > 0 ? proc_find_variable(buf, (size_t)n, RUN_VARIABLE, &len) : NULL;
	if (value && run_valid(value, len))
		run = strndup(value, len);
	free(big);
	return run;
}

/* Reads about process `pid`; NULL when it is gone, or out of memory or descriptors. */
static struct node *node_new(pid_t pid)
{
	struct node *n = calloc(1, sizeof(*n));
	struct proc_stat again;
	char path[64];
	int dirfd, error;

	if (!n)
		return NULL;
	n->pid = pid;
	n->refs = 1;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	n->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (n->fd < 0 || !proc_pread_stat(n->fd, &n->st))
		goto gone;
	/* After the addresses: if it runs another program by now, they will differ next time. */
	snprintf(path, sizeof(path), "/proc/%d", pid);
	dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		goto gone;
	n->run = lineage_own_run(dirfd);
	close(dirfd);
	/* Still there, so all of it was about one process. */
	if (proc_pread_stat(n->fd, &again))
		return n;
gone:
	error = errno;
	if (n->fd >= 0)
		close(n->fd);
	free(n->run);
	free(n);
	errno = error; /* for walk() */
	return NULL;
}

/* Returns what is remembered about `pid` and still true, with *st as it is now: a reference for
 * put(), or NULL. */
static struct node *get_known(struct lineage *l, pid_t pid, struct proc_stat *st)
{
	struct node *n = find(l, pid);

	if (n && proc_pread_stat(n->fd, st) && st->start_code == n->st.start_code &&
		st->start_stack == n->st.start_stack)
		return n;
	if (n)
		put(l, n);
	return NULL;
}

/* Returns the same, and reads it where it was not known; NULL when there is no such process. */
static struct node *get(struct lineage *l, pid_t pid, struct proc_stat *st, bool *known)
{
	struct node *n = get_known(l, pid, st);

	*known = n != NULL;
	if (n)
		return n;
	n = node_new(pid);
	if (!n)
		return NULL;
	*st = n->st;
	keep(l, n);
	return n;
}

static pid_t parent_of(int dirfd)
{
	struct proc_stat st;
	char buf[1024];
	long n = proc_read_at(dirfd, "stat", buf, sizeof(buf));

	return n > 0 && proc_parse_stat(buf, (size_t)n, &st) ? st.ppid : 0;
}

/*
 * Returns the parent of a child whose parent is *pid at the moment. Asks again which that is when
 * it may have been another: a process that was not known could be a new one with the pid of the
 * parent. `child` NULL is the process of dirfd.
 */
static struct node *get_parent(
	struct lineage *l, int dirfd, const struct node *child, pid_t *pid, struct proc_stat *st)
{
	for (int i = 0; i<MAX_RETRIES && * pid> 0; i++) {
		struct proc_stat now = {0};
		pid_t before = *pid;
		bool known;
		struct node *n = get(l, before, st, &known);

		if (n && known)
			return n;
		if (!child)
			*pid = parent_of(dirfd);
		else
			*pid = proc_pread_stat(child->fd, &now) ? now.ppid : 0;
		if (n && *pid == before)
			return n;
		if (n)
			put(l, n);
		else if (*pid == before)
			break;
	}
	return NULL;
}

static bool add_link(struct buf *chain, const struct proc_stat *st, int depth)
{
	char number[32], *comm;

	if (depth > 0)
		buf_add(chain, " <- ", 4);
	if (depth == MAX_CHAIN) {
		buf_add(chain, "...", 3);
		return true;
	}
	comm = proc_escape(st->comm, strlen(st->comm));
	if (!comm)
		return false;
	buf_add(chain, comm, strlen(comm));
	free(comm);
	buf_add(chain, number, (size_t)snprintf(number, sizeof(number), "[%d]", st->pid));
	return true;
}

static bool climb(struct lineage *l, int dirfd, pid_t pid, bool known_only, struct kin *out)
{
	struct buf chain = {0};
	struct node *child = NULL, *n;
	struct proc_stat st;
	char *run = NULL;
	bool ok = true;

	for (int depth = 0; ok && depth < MAX_DEPTH && (!run || depth <= MAX_CHAIN); depth++) {
		errno = 0;
		n = known_only ? get_known(l, pid, &st) : get_parent(l, dirfd, child, &pid, &st);
		if (!n) {
			/* In want of descriptors there may be more of them. */
			ok = known_only ? pid == 0 : errno != EMFILE && errno != ENFILE;
			break;
		}
		if (depth <= MAX_CHAIN)
			ok = add_link(&chain, &st, depth);
		if (!run && n->run)
			ok = ok && (run = strdup(n->run));
		if (child)
			put(l, child);
		child = n;
		pid = st.ppid;
	}
	if (child)
		put(l, child);
	buf_add(&chain, "", 1);
	if (!ok) {
		free(run);
		buf_free(&chain);
		return false;
	}
	*out = (struct kin){chain.data, run};
	return true;
}

bool lineage_read(struct lineage *l, int dirfd, struct kin *out)
{
	return climb(l, dirfd, parent_of(dirfd), false, out);
}

bool lineage_known(struct lineage *l, pid_t ppid, struct kin *out)
{
	return climb(l, -1, ppid, true, out);
}
