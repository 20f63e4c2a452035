#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>

#include "journal/journal_impl.h"

/* What each state says of the lease: nothing is acknowledged and nothing is asked of the database
 * without it, as the database may be somebody else's by then. */
static const enum journal_lease leases[DRAIN_STATES] = {
	[DRAIN_RECONNECTING] = JOURNAL_LEASE_LOST,
	[DRAIN_RECOVERING] = JOURNAL_LEASE_LOST,
	[DRAIN_FAILED] = JOURNAL_LEASE_GONE,
};

static const enum ring_state ring_states[] = {
	[JOURNAL_LEASED] = RING_LEASED,
	[JOURNAL_LEASE_LOST] = RING_LOST,
	[JOURNAL_LEASE_GONE] = RING_FENCED,
};

enum journal_lease machine_lease(const struct journal *j)
{
	return leases[j->drain.state];
}

/* Only says that somebody has the lock; that is enough to find a place that forgets it. */
static bool is_locked(struct journal *j)
{
	return pthread_mutex_trylock(j->config.lock) == EBUSY;
}

void machine_move(struct journal *j, enum drain_state to)
{
	enum journal_lease was = machine_lease(j);

	assert(is_locked(j));
	drain_move(&j->drain, to);
	if (machine_lease(j) == was)
		return;
	ring_tell(j->ring, ring_states[machine_lease(j)]);
	if (j->on_lease)
		j->on_lease(j->on_lease_arg, machine_lease(j));
}

bool machine_quiesced(const struct journal *j)
{
	return j->drain.target == DRAIN_QUIESCE || j->following;
}

void machine_aim(struct journal *j, enum drain_target to)
{
	assert(is_locked(j));
	drain_aim(&j->drain, to);
}

void machine_wake(struct journal *j)
{
	pthread_cond_signal(&j->work);
	/* Only the first who wakes it pays for a system call. */
	if (j->drain.state == DRAIN_IDLE) {
		machine_move(j, DRAIN_GATHERING);
		eventfd_write(j->wake_fd, 1);
	}
}

size_t machine_uncommitted(const struct journal *j)
{
	return ring_head(j->ring) - j->pos;
}
