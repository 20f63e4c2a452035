#include <errno.h>
#include <linux/fuse.h>

#include "base/clock.h"
#include "base/log.h"
#include "request/request_impl.h"

/*
 * -o soft: a request that has waited for longer than its limit is answered with EIO, and goes as
 * one does whose process was killed: what is suspended has changed nothing, and what is kept frees
 * what it has when its wait is over.
 *
 * Processes can queue in the kernel for a lock that the process before them holds in its request,
 * as all do who make names in one directory. So that they do not wait for the limit one after the
 * other, nobody is given it anew while nothing is answered: once one has waited for all of it
 * without an answer to anybody, others wait for a moment alone, until something is answered.
 */

/* The log tells of them at most once in so long. */
#define TELL_NS INT64_C(60000000000)

/* Slots of the file that are let go of at a time, without the lock. */
#define SLOTS_MAX 64

void requests_set_limit(struct requests *rs, int64_t ns)
{
	pthread_mutex_lock(&rs->lock);
	rs->limit.ns = ns;
	pthread_mutex_unlock(&rs->lock);
}

struct request_expired requests_expired(struct requests *rs)
{
	struct request_expired e;

	pthread_mutex_lock(&rs->lock);
	e = (struct request_expired){rs->limit.ns, rs->limit.count, rs->limit.at};
	pthread_mutex_unlock(&rs->lock);
	return e;
}

/* Nobody waits for the first two, and what they end would stay for ever; the third waits for
 * somebody to release a lock. */
static bool is_unlimited(uint32_t opcode)
{
	return opcode == FUSE_RELEASE || opcode == FUSE_RELEASEDIR || opcode == FUSE_SETLKW;
}

void limit_watch(struct request *r)
{
	struct requests *rs = r->owner;

	if (!rs->limit.ns || is_unlimited(r->info.opcode))
		return;
	r->limited = true;
	rs->limit.watched++;
	if (rs->resting)
		pthread_cond_signal(&rs->look);
}

void limit_unwatch(struct request *r)
{
	r->owner->limit.watched -= r->limited;
	r->limited = false;
}

void limit_answered(struct requests *rs)
{
	rs->limit.answered = clock_mono_ns();
	rs->limit.silent = false;
}

/* Under the lock. */
static bool is_over(const struct request *r, int64_t now)
{
	const struct request_limit *limit = &r->owner->limit;

	return r->limited && r->info.state == REQUEST_WAITING &&
	       now - r->began >= (limit->silent ? LOOK_NS : limit->ns);
}

/* Under the lock. */
static void expire(struct request *r, int64_t now, request_end_fn *end)
{
	struct request_limit *limit = &r->owner->limit;

	if (now - r->began >= limit->ns && limit->answered < r->began)
		limit->silent = true;
	if (!limit->untold)
		limit->first = r->info;
	limit->untold++;
	limit->count++;
	limit->at = clock_now_ns();
	trace_error(r->owner->trace, EIO);
	end(r, EIO);
}

/* Under the lock, which it lets go of. */
static void tell(struct requests *rs, int64_t now)
{
	struct request_limit *limit = &rs->limit;
	struct request_info first = limit->first;
	uint64_t n = limit->untold;

	if (!n || (limit->told && now - limit->told < TELL_NS))
		return;
	limit->untold = 0;
	limit->told = now;
	pthread_mutex_unlock(&rs->lock);
	log_error("the database does not answer: %llu request%s waited for %lld s (-o soft) and "
		  "failed with EIO, first one of process %d for %s; what was acknowledged stays in "
		  "the journal, and is committed when the database is back",
		(unsigned long long)n, n > 1 ? "s" : "", (long long)(limit->ns / 1000000000),
		first.pid, request_wait_name(first.wait));
	pthread_mutex_lock(&rs->lock);
}

void limit_look(struct requests *rs, request_end_fn *end)
{
	int64_t now = clock_mono_ns();
	long slots[SLOTS_MAX];
	size_t n;

	do {
		n = 0;
		for (struct request *r = rs->head.next; r != &rs->head && n < SLOTS_MAX;
			r = r->next) {
			if (!is_over(r, now))
				continue;
			expire(r, now, end);
			if (r->slot >= 0 && !r->spilling) {
				slots[n++] = r->slot;
				r->slot = -1;
			}
		}
		pthread_mutex_unlock(&rs->lock);
		for (size_t i = 0; i < n; i++)
			spill_release(rs->spill, slots[i]);
		pthread_mutex_lock(&rs->lock);
	} while (n == SLOTS_MAX);
	tell(rs, now);
}
