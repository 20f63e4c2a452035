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

/* The tables have rows beside their bytes, which may take room on the disk; and what the disk has
 * is an estimate until the next look. Less than this, and room inside of the tables is of no use.
 */
#define ROWS_BYTES (INT64_C(8) << 20)

/* Under the lock: what the drain found for what grows, less what the ring has got since then. */
static int64_t drain_room(const struct journal *j)
{
	const struct space *s = &j->space;

	return s->drain_at ? s->drain_room - REMOVAL_BYTES -
				     (int64_t)(ring_head(j->ring) - s->drain_mark) * DISK_FACTOR
			   : INT64_MIN;
}

static bool is_full(const struct journal *j)
{
	return j->space.known && j->space.seen.room < REMOVAL_BYTES && drain_room(j) <= 0;
}

/* Looks at the disk. The drain also asks its session for room inside of the tables, and for a WAL
 * that leaves some. */
static void look(struct journal *j, bool drain)
{
	struct space *s = &j->space;
	struct disk_space seen;
	bool known, full, was_full;
	PGconn *conn = drain ? database_connection(j->session) : NULL;
	int64_t inside = 0;
	uint64_t mark;

	pthread_mutex_lock(j->config.lock);
	mark = j->pos; /* before the disk, which may have more by then */
	pthread_mutex_unlock(j->config.lock);
	known = disk_look(j->config.disk, &seen);
	if (conn && known && seen.room < DISK_TIGHT_BYTES) {
		disk_shorten_wal(j->config.disk, conn);
		known = disk_look(j->config.disk, &seen);
	}
	if (conn && known && seen.room < DISK_TIGHT_BYTES && seen.room >= ROWS_BYTES)
		inside = (int64_t)disk_inside(conn);
	pthread_mutex_lock(j->config.lock);
	was_full = is_full(j);
	s->known = known;
	if (known) {
		s->seen = seen;
		s->mark = mark;
	}
	if (known && drain) {
		s->drain_room = seen.room + inside;
		s->drain_mark = mark;
		s->drain_at = clock_mono_ns();
	} else if (!known || seen.room >= DISK_TIGHT_BYTES) {
		s->drain_at = 0;
	}
	if (drain)
		s->look_wanted = false;
	full = is_full(j);
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
		look(j, false);
}

void space_look_drain(struct journal *j)
{
	atomic_store(&j->space.looked_at, clock_mono_ns());
	look(j, true);
}

bool space_is_tight(const struct journal *j)
{
	return j->space.known && j->space.seen.room < DISK_TIGHT_BYTES;
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
	bool fresh;

	if (use == JOURNAL_END)
		return JOURNAL_ROOM;
	if (j->space.refused && use == JOURNAL_GROW)
		return JOURNAL_FULL;
	if (!j->space.known)
		return JOURNAL_ROOM;
	room = room_for(j, use, &owed);
	if (need + owed <= room)
		return JOURNAL_ROOM;
	/* What grows is refused by a look of the drain alone, so that what was pruned a moment ago
	 * can be used at once. */
	fresh = clock_mono_ns() < j->space.drain_at + LOOK_NS;
	if (use == JOURNAL_GROW && fresh && need <= drain_room(j))
		return JOURNAL_ROOM;
	if (need > room && (use != JOURNAL_GROW || fresh))
		return JOURNAL_FULL;
	j->space.look_wanted = true;
	return JOURNAL_LATER;
}

bool space_disk(struct journal *j, struct disk_space *out)
{
	int64_t owed, room;

	if (!j->space.known && !j->space.refused)
		return false;
	*out = j->space.seen;
	room = room_for(j, JOURNAL_GROW, &owed) - owed;
	out->room = room > drain_room(j) ? room : drain_room(j);
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
