#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "lock/holders.h"
#include "lock/lock.h"
#include "lock/session.h"

#define MS INT64_C(1000000)

/* Who waits is told when something is released, but not of a session that ends. */
#define AGAIN_NS (500 * MS)

/* Between attempts to connect, and between looks whether ops are committed. */
#define CONNECT_MS 200
#define SETTLE_MS  1

/* Asks in the order in which they came. */
struct ask_list {
	struct lock_ask *first, **end;
};

struct locking {
	struct locking_config config;
	pthread_t thread;
	int wake_fd; /* eventfd: the thread is to look */
	atomic_bool stop, look;
	pthread_mutex_t lock; /* of what follows */
	struct ask_list queue;
	struct holders holders;
	/* Of the thread. */
	struct lock_ask *asked;  /* which the database is asked for; NULL: none */
	struct ask_list waiters; /* for others to release something */
	struct lock_session session;
	int64_t last_request;
	bool unreachable; /* that was logged */
};

static void list_init(struct ask_list *list)
{
	*list = (struct ask_list){.end = &list->first};
}

static void list_add(struct ask_list *list, struct lock_ask *ask)
{
	ask->next = NULL;
	*list->end = ask;
	list->end = &ask->next;
}

/* Takes out the first one that fits, or returns NULL. */
static struct lock_ask *list_take(
	struct ask_list *list, bool (*fits)(const struct lock_ask *ask, int64_t now), int64_t now)
{
	for (struct lock_ask **p = &list->first; *p; p = &(*p)->next) {
		struct lock_ask *ask = *p;

		if (!fits(ask, now))
			continue;
		*p = ask->next;
		if (!*p)
			list->end = p;
		return ask;
	}
	return NULL;
}

static bool any(const struct lock_ask *ask, int64_t now)
{
	return true;
}

static bool is_due(const struct lock_ask *ask, int64_t now)
{
	return ask->due <= now;
}

static bool is_interrupted(const struct lock_ask *ask, int64_t now)
{
	return ask->interrupted && ask->interrupted(ask);
}

static struct lock_ask *take_asked(
	struct locking *l, bool (*fits)(const struct lock_ask *ask, int64_t now))
{
	struct lock_ask *ask;

	pthread_mutex_lock(&l->lock);
	ask = list_take(&l->queue, fits, 0);
	pthread_mutex_unlock(&l->lock);
	return ask;
}

/* --- the thread --- */

/* Sleeps for so long, -1: for ever, or until the thread is to look. */
static void rest(struct locking *l, int ms)
{
	PGconn *conn = l->session.conn;
	struct pollfd p[] = {{.fd = l->wake_fd, .events = POLLIN},
		{.fd = conn ? PQsocket(conn) : -1, .events = POLLIN}};
	eventfd_t ignored;

	poll(p, 2, ms);
	eventfd_read(l->wake_fd, &ignored);
}

static void finish(struct locking *l, struct lock_ask *ask, int error)
{
	if (ask->holder) {
		pthread_mutex_lock(&l->lock);
		ask->holder->pending--;
		holders_tidy(&l->holders, ask->holder);
		pthread_mutex_unlock(&l->lock);
	}
	ask->done(ask, error);
}

/* All that this mount's processes have is lost, and they are told so. */
static void lose(struct locking *l)
{
	struct buf fhs = {0};
	uint64_t fh;

	pthread_mutex_lock(&l->lock);
	holders_lose(&l->holders, &fhs);
	pthread_mutex_unlock(&l->lock);
	if (fhs.len)
		log_error("the locks on files that were held are lost: the session that had them "
			  "ended, and somebody else has taken one or the server has crashed; "
			  "files that were locked can neither be read nor written (EIO) until "
			  "they are closed");
	for (size_t i = 0; i < fhs.len; i += sizeof(fh)) {
		memcpy(&fh, fhs.data + i, sizeof(fh));
		l->config.lost(l->config.arg, fh);
	}
	buf_free(&fhs);
}

/* Whoever closes a file is not kept waiting for a database that is away. */
static void be_late(void *arg)
{
	struct locking *l = arg;

	if (l->asked && l->asked->late)
		l->asked->late(l->asked);
	pthread_mutex_lock(&l->lock);
	for (struct lock_ask *ask = l->queue.first; ask; ask = ask->next)
		if (ask->late)
			ask->late(ask);
	pthread_mutex_unlock(&l->lock);
}

static bool connect_session(struct locking *l)
{
	struct error err;
	bool kept = true;

	if (l->session.conn)
		return true;
	if (!lock_session_begin(&l->session, &kept, &err)) {
		if (!l->unreachable)
			log_warn("locks on files wait for the database: %s", err.text);
		l->unreachable = true;
		return false;
	}
	l->unreachable = false;
	if (!kept)
		lose(l);
	for (struct lock_ask *ask = l->waiters.first; ask; ask = ask->next)
		ask->due = 0;
	return true;
}

static void drop_session(struct locking *l)
{
	log_warn("the session that holds the locks on files is lost, connecting again");
	lock_session_drop(&l->session);
}

/* Under the lock of the room: what the question has made of who asked. */
static void note(struct lock_ask *ask, enum lock_outcome outcome, bool held)
{
	if (outcome == LOCK_LOST || outcome == LOCK_REFUSED)
		return;
	ask->holder->held = held;
	if (!held)
		ask->holder->count = 0;
	else if (ask->lock.mode != LOCK_NONE)
		holder_add_fh(ask->holder, ask->fh);
}

static int errno_of(enum lock_outcome outcome)
{
	switch (outcome) {
	case LOCK_DONE:
		return 0;
	case LOCK_CONFLICT:
		return EAGAIN;
	case LOCK_CIRCLE:
		return EDEADLK;
	default:
		return ENOLCK;
	}
}

/* What others may have from now on is only released when what was written under it is there for
 * them. */
static void settle(struct locking *l, const struct lock_ask *ask)
{
	bool releases = ask->lock.mode == LOCK_NONE;

	pthread_mutex_lock(&l->lock);
	releases = releases || (ask->lock.mode == LOCK_SHARED && ask->holder->held);
	pthread_mutex_unlock(&l->lock);
	while (releases && !atomic_load(&l->stop) && !l->config.settled(l->config.arg, ask->upto))
		rest(l, SETTLE_MS);
}

/* Asks the database. Returns false when the session was lost: it is to be asked again. */
static bool perform(struct locking *l, struct lock_ask *ask)
{
	bool held = false, lost = false;
	enum lock_outcome outcome;

	if (ask->question == LOCK_TEST) {
		outcome = lock_session_test(&l->session, &ask->lock);
		if (outcome != LOCK_LOST)
			finish(l, ask, errno_of(outcome));
		return outcome != LOCK_LOST;
	}
	pthread_mutex_lock(&l->lock);
	lost = ask->holder->lost;
	pthread_mutex_unlock(&l->lock);
	if (lost) {
		finish(l, ask, ask->lock.mode == LOCK_NONE ? 0 : EIO);
		return true;
	}
	settle(l, ask);
	if (ask->waits && !ask->request)
		ask->request = ++l->last_request;
	outcome = lock_session_set(&l->session, &ask->lock, ask->request, &held);
	if (outcome == LOCK_LOST)
		return false;
	pthread_mutex_lock(&l->lock);
	note(ask, outcome, held);
	pthread_mutex_unlock(&l->lock);
	if (outcome == LOCK_WAITS) {
		ask->due = clock_mono_ns() + AGAIN_NS;
		list_add(&l->waiters, ask);
	} else {
		finish(l, ask, errno_of(outcome));
	}
	return true;
}

/* Ends those who wait no longer. */
static void end_interrupted(struct locking *l)
{
	struct lock_ask *ask;

	atomic_store(&l->look, false);
	while ((ask = take_asked(l, is_interrupted)))
		finish(l, ask, EINTR);
	while ((ask = list_take(&l->waiters, is_interrupted, 0))) {
		if (l->session.conn && lock_session_leave(&l->session, ask->request) == LOCK_LOST)
			drop_session(l);
		finish(l, ask, EINTR);
	}
}

static void retry(void *arg, uint64_t ino)
{
	struct locking *l = arg;

	for (struct lock_ask *ask = l->waiters.first; ask; ask = ask->next)
		if (!ino || ask->lock.ino == ino)
			ask->due = 0;
}

/* Whether locks are held or waited for, so that a session is needed though nobody asks. */
static bool is_needed(struct locking *l)
{
	bool held;

	pthread_mutex_lock(&l->lock);
	held = holders_any(&l->holders);
	pthread_mutex_unlock(&l->lock);
	return held || l->waiters.first;
}

/* Nothing is asked: sleeps. */
static void idle(struct locking *l)
{
	int ms = l->waiters.first ? (int)(AGAIN_NS / MS) : -1;

	if (!l->session.conn && is_needed(l)) {
		if (!connect_session(l))
			rest(l, CONNECT_MS);
		return;
	}
	rest(l, ms);
	if (l->session.conn && !lock_session_released(&l->session, retry, l))
		drop_session(l);
}

/* One step with what is asked. */
static void serve(struct locking *l)
{
	struct lock_ask *ask = l->asked;

	if (is_interrupted(ask, 0)) {
		/* The row of one that has waited goes now, or with the next session. */
		if (ask->request && l->session.conn)
			lock_session_leave(&l->session, ask->request);
		l->asked = NULL;
		finish(l, ask, EINTR);
	} else if (!connect_session(l)) {
		be_late(l);
		rest(l, CONNECT_MS);
	} else if (perform(l, ask)) {
		l->asked = NULL;
	} else if (!atomic_load(&l->stop)) {
		drop_session(l);
	}
}

static void *thread_main(void *arg)
{
	struct locking *l = arg;
	struct lock_ask *ask;

	while (!atomic_load(&l->stop)) {
		if (atomic_load(&l->look))
			end_interrupted(l);
		if (!l->asked)
			l->asked = take_asked(l, any);
		if (!l->asked)
			l->asked = list_take(&l->waiters, is_due, clock_mono_ns());
		if (l->asked)
			serve(l);
		else
			idle(l);
	}
	if (l->asked)
		finish(l, l->asked, ENODEV);
	l->asked = NULL;
	while ((ask = take_asked(l, any)) || (ask = list_take(&l->waiters, any, 0)))
		finish(l, ask, ENODEV);
	return NULL;
}

/* --- of others --- */

static void wake(struct locking *l)
{
	eventfd_write(l->wake_fd, 1);
}

bool locking_ask(struct locking *l, struct lock_ask *ask)
{
	const struct lock *lock = &ask->lock;
	struct holder *h = NULL;

	pthread_mutex_lock(&l->lock);
	if (ask->question == LOCK_SET) {
		h = lock->mode == LOCK_NONE
			    ? holders_find(&l->holders, lock->ino, lock->owner, lock->flock)
			    : holders_get(&l->holders, lock->ino, lock->owner, lock->flock);
		if (!h) {
			pthread_mutex_unlock(&l->lock);
			return false;
		}
		h->pending++;
		if (ask->closes)
			h->count = 0;
		else if (lock->mode != LOCK_NONE)
			holder_add_fh(h, ask->fh);
	}
	ask->holder = h;
	ask->request = ask->due = 0;
	list_add(&l->queue, ask);
	pthread_mutex_unlock(&l->lock);
	wake(l);
	return true;
}

bool locking_holds(struct locking *l, const struct lock *lock)
{
	bool holds;

	pthread_mutex_lock(&l->lock);
	holds = holders_find(&l->holders, lock->ino, lock->owner, lock->flock) != NULL;
	pthread_mutex_unlock(&l->lock);
	return holds;
}

static void closed(struct lock_ask *ask, int error)
{
	free(ask);
}

void locking_close(struct locking *l, uint64_t ino, uint64_t fh, uint64_t upto)
{
	bool asked = false;

	pthread_mutex_lock(&l->lock);
	for (struct holder *h = holders_first(&l->holders, ino); h; h = h->next) {
		struct lock_ask *ask;

		/* Whoever has another open file by which it locks has closed this one before. */
		if (!holder_drop_fh(h, fh) || h->count)
			continue;
		ask = xcalloc(1, sizeof(*ask));
		ask->lock = (struct lock){.ino = ino,
			.owner = h->key.owner,
			.flock = h->key.flock,
			.last = LOCK_BYTES_MAX};
		ask->closes = true;
		ask->upto = upto;
		ask->done = closed;
		ask->holder = h;
		h->pending++;
		list_add(&l->queue, ask);
		asked = true;
	}
	pthread_mutex_unlock(&l->lock);
	if (asked)
		wake(l);
}

void locking_look(struct locking *l)
{
	atomic_store(&l->look, true);
	wake(l);
}

struct locking *locking_start(const struct locking_config *config, struct error *err)
{
	struct locking *l = xcalloc(1, sizeof(*l));

	l->config = *config;
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&l->lock, NULL);
	list_init(&l->queue);
	list_init(&l->waiters);
	l->session = (struct lock_session){.conninfo = config->conninfo,
		.mount = config->mount,
		.wake_fd = l->wake_fd,
		.stop = &l->stop,
		.late = be_late,
		.arg = l};
	if (l->wake_fd >= 0 && pthread_create(&l->thread, NULL, thread_main, l) == 0)
		return l;
	error_sys(err, "cannot start a thread");
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
	return NULL;
}

void locking_stop(struct locking *l)
{
	if (!l)
		return;
	atomic_store(&l->stop, true);
	wake(l);
	pthread_join(l->thread, NULL);
}

void locking_free(struct locking *l)
{
	struct lock_ask *ask;

	if (!l)
		return;
	/* Of files that were closed after the thread had ended. */
	while ((ask = take_asked(l, any)))
		finish(l, ask, ENODEV);
	lock_session_end(&l->session);
	holders_free(&l->holders);
	close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
