#include "base/clock.h"
#include "base/log.h"
#include "journal/journal_impl.h"

/*
 * Nothing is acknowledged that could not be committed for want of room on the server's disk.
 *
 * What was acknowledged and is not committed yet is in the ring; what was committed before the last
 * look at the disk is in what the disk had free. So the room that is left is what the look said,
 * less what the ring has got since then. While that does not suffice for an op but would without
 * the ring, the op waits for the drain; when it would not even then, the disk is full.
 *
 * Where nobody can look, the first sign is the server refusing a batch. Then nothing that grows is
 * taken until the batch is in.
 */

/* A byte in the journal takes at most so many on the disk, with rows, indexes and page headers. */
#define DISK_FACTOR 2

/* A record is its data and hardly ever more than this. */
#define RECORD_USUAL 4096

/* Kept for removing, truncating and the like, which write history. */
#define REMOVAL_BYTES (INT64_C(32) << 20)

#define LOOK_NS INT64_C(100000000)

static bool is_full(const struct space *s)
{
	return s->known && s->seen.room < REMOVAL_BYTES;
}

static void look(struct journal *j)
{
	struct space *s = &j->space;
	struct disk_space seen;
	bool known, full, was_full;
	uint64_t mark;

	pthread_mutex_lock(j->config.lock);
	mark = j->pos; /* before the disk, which may have more by then */
	pthread_mutex_unlock(j->config.lock);
	known = disk_look(j->config.disk, &seen);
	pthread_mutex_lock(j->config.lock);
	was_full = is_full(s);
	s->known = known;
	if (known) {
		s->seen = seen;
		s->mark = mark;
	}
	s->look_wanted = false;
	full = is_full(s);
	pthread_mutex_unlock(j->config.lock);
	if (full && !was_full)
		log_warn("the disk of the database is full: what grows is refused");
	else if (was_full && !full)
		log_info("the disk of the database has room again");
}

void space_look(struct journal *j)
{
	int64_t now = clock_mono_ns(), last = atomic_load(&j->space.looked_at);

	if (*j->config.disk->data && now > last + LOOK_NS &&
		atomic_compare_exchange_strong(&j->space.looked_at, &last, now))
		look(j);
}

void space_look_now(struct journal *j)
{
	atomic_store(&j->space.looked_at, clock_mono_ns());
	look(j);
}

/* Returns the bytes for this use, and how many of them the ring may still need. */
static int64_t room_for(const struct journal *j, enum journal_use use, int64_t *owed)
{
	uint64_t since = ring_head(j->ring) - j->space.mark;

	*owed = (int64_t)since * DISK_FACTOR;
	return j->space.seen.room - (use == JOURNAL_GROW ? REMOVAL_BYTES : 0);
}

enum journal_room space_room(struct journal *j, size_t data, enum journal_use use)
{
	int64_t room, owed, need = (int64_t)(data + RECORD_USUAL) * DISK_FACTOR;

	if (use == JOURNAL_END)
		return JOURNAL_ROOM;
	if (j->space.refused && use == JOURNAL_GROW)
		return JOURNAL_FULL;
	if (!j->space.known)
		return JOURNAL_ROOM;
	room = room_for(j, use, &owed);
	if (need > room)
		return JOURNAL_FULL;
	if (need + owed <= room)
		return JOURNAL_ROOM;
	j->space.look_wanted = true;
	return JOURNAL_LATER;
}

bool space_disk(struct journal *j, struct disk_space *out)
{
	int64_t owed;

	if (!j->space.known && !j->space.refused)
		return false;
	*out = j->space.seen;
	out->room = room_for(j, JOURNAL_GROW, &owed);
	out->room -= owed;
	if (out->room < 0 || j->space.refused)
		out->room = 0;
	return true;
}

void space_refused(struct journal *j, bool refused)
{
	struct journal_waiter *waiters = NULL;

	/* The drain's thread alone changes it, and this is that thread. */
	if (!refused && !j->space.refused)
		return;
	pthread_mutex_lock(j->config.lock);
	j->space.refused = refused;
	if (refused) {
		waiters = j->room_waiters;
		j->room_waiters = NULL;
	}
	pthread_mutex_unlock(j->config.lock);
	/* They look again: those that grow are refused, the others go on waiting. */
	waiters_call(waiters, 0);
}
