#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "request/request_impl.h"

/* Less than this is not worth a place in the file. */
#define SPILL_MIN_BYTES 65536

struct spill {
	pthread_mutex_t lock;
	char *folder;
	int fd; /* -1: not made yet */
	bool failed;
	long count; /* of slots in the file */
	long *unused, unused_count;
};

struct spill *spill_new(void)
{
	const char *folder = secure_getenv("TMPDIR");
	struct spill *s = xcalloc(1, sizeof(*s));

	/* Not the journal's, which may be in memory. */
	s->folder = strdup(folder && *folder ? folder : "/var/tmp");
	if (!s->folder)
		abort();
	s->fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void spill_free(struct spill *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	pthread_mutex_destroy(&s->lock);
	free(s->folder);
	free(s->unused);
	free(s);
}

static bool is_open(struct spill *s)
{
	if (s->fd < 0 && !s->failed)
		s->fd = open(s->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return s->fd >= 0;
}

static long take_slot(struct spill *s)
{
	if (s->unused_count)
		return s->unused[--s->unused_count];
	s->unused = realloc(s->unused, (size_t)(s->count + 1) * sizeof(*s->unused));
	if (!s->unused)
		abort();
	return s->count++;
}

enum direction { OUT, IN };

/* Writes or reads all of a slot's bytes; false with errno. */
static bool transfer(int fd, enum direction way, char *bytes, size_t len, long slot)
{
	off_t at = slot * (off_t)REQUEST_BYTES_MAX;

	while (len) {
		ssize_t n = way == OUT ? pwrite(fd, bytes, len, at) : pread(fd, bytes, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
		at += n;
	}
	return true;
}

/* Several threads may fail at once, and one says so. */
static void say_failed(struct spill *s, int error)
{
	bool said;

	pthread_mutex_lock(&s->lock);
	said = s->failed;
	s->failed = true;
	pthread_mutex_unlock(&s->lock);
	if (!said)
		log_warn("writes that wait for the database stay in memory: no file for them in "
			 "%s: %s",
			s->folder, strerror(error));
}

long spill_put(struct spill *s, char *bytes, size_t len)
{
	long slot = -1;
	int error;

	pthread_mutex_lock(&s->lock);
	if (is_open(s))
		slot = take_slot(s);
	error = errno;
	pthread_mutex_unlock(&s->lock);
	if (slot >= 0) {
		if (transfer(s->fd, OUT, bytes, len, slot))
			return slot;
		error = errno;
		spill_release(s, slot);
	}
	say_failed(s, error);
	return -1;
}

bool spill_get(struct spill *s, long slot, char *bytes, size_t len)
{
	return transfer(s->fd, IN, bytes, len, slot);
}

void spill_release(struct spill *s, long slot)
{
	pthread_mutex_lock(&s->lock);
	s->unused[s->unused_count++] = slot;
	/* Nothing is in it any more: the disk gets its room back. */
	if (s->unused_count == s->count) {
		if (ftruncate(s->fd, 0) == 0)
			s->count = s->unused_count = 0;
	}
	pthread_mutex_unlock(&s->lock);
}

/* Under the lock: the newest write in memory that nobody needs yet, since that is needed last. */
static struct request *to_spill(struct requests *rs)
{
	for (struct request *r = rs->head.prev; r != &rs->head; r = r->prev)
		if (r->info.state == REQUEST_WAITING && r->bytes && !r->spilling &&
			r->len >= SPILL_MIN_BYTES)
			return r;
	return NULL;
}

void requests_spill(struct requests *rs)
{
	struct request *r;

	pthread_mutex_lock(&rs->lock);
	while (rs->bytes > REQUEST_BUDGET_BYTES && (r = to_spill(rs))) {
		long slot = r->slot;

		r->spilling = true;
		pthread_mutex_unlock(&rs->lock);
		if (slot < 0)
			slot = spill_put(rs->spill, r->bytes, r->len);
		pthread_mutex_lock(&rs->lock);
		r->spilling = false;
		r->slot = slot;
		/* It may have been woken meanwhile. */
		if (slot >= 0 && r->info.state != REQUEST_READY)
			request_drop_bytes(r);
		pthread_cond_broadcast(&rs->spilled);
		if (slot < 0)
			break;
	}
	pthread_mutex_unlock(&rs->lock);
}

bool request_unspill(struct request *r)
{
	struct requests *rs = r->owner;
	bool ok;

	if (r->bytes || r->slot < 0)
		return true;
	r->spilling = true; /* its bytes stay, whatever becomes of it */
	pthread_mutex_unlock(&rs->lock);
	r->bytes = malloc(r->len);
	if (!r->bytes)
		abort();
	ok = spill_get(rs->spill, r->slot, r->bytes, r->len);
	pthread_mutex_lock(&rs->lock);
	r->spilling = false;
	rs->bytes += r->len;
	return ok;
}
