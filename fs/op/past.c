#include "op/past.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"

/* Listings that are kept, and for how long. */
#define LISTINGS   8
#define LISTING_NS (2 * INT64_C(1000000000))

/* Ages that are being used, see past_age_find(). */
#define AGES          64
#define AGE_SHARED_NS (5 * INT64_C(1000000000))
#define AGE_IDLE_NS   (5 * INT64_C(1000000000))
#define AGE_MAX_NS    (60 * INT64_C(1000000000))

#define INSTANTS_MAX ((size_t)1 << (62 - PAST_INO_BITS))

struct instant {
	uint64_t op;
	uint64_t number; /* its place in ops, from 1 */
	UT_hash_handle hh;
};

struct listing {
	uint64_t node;
	PGresult *res; /* NULL: a free place */
	int64_t kept;  /* when it was read */
};

/* What an age meant to a process. Times are of the clock that never steps. */
struct age {
	char name[NAME_MAX_BYTES + 1]; /* "": a free place */
	pid_t pid;
	uint64_t op;
	int64_t resolved, used;
};

/* An op that is read as an instant. */
struct known_op {
	uint64_t op;
	int64_t used;
};

struct past {
	pthread_mutex_t lock;
	struct age ages[AGES];
	struct listing listings[LISTINGS];
	struct instant *instants;
	struct known_op *ops;
	size_t count, cap;
};

struct past *past_new(void)
{
	struct past *past = xcalloc(1, sizeof(*past));

	pthread_mutex_init(&past->lock, NULL);
	return past;
}

void past_free(struct past *past)
{
	struct instant *i, *tmp;

	if (!past)
		return;
	HASH_ITER (hh, past->instants, i, tmp) {
		HASH_DEL(past->instants, i);
		free(i);
	}
	for (size_t n = 0; n < LISTINGS; n++)
		PQclear(past->listings[n].res);
	pthread_mutex_destroy(&past->lock);
	free(past->ops);
	free(past);
}

static struct instant *add(struct past *past, uint64_t op)
{
	struct instant *i = xcalloc(1, sizeof(*i));

	if (past->count == past->cap) {
		past->cap = past->cap ? past->cap * 2 : 16;
		past->ops = xrealloc(past->ops, past->cap * sizeof(*past->ops));
	}
	past->ops[past->count++] = (struct known_op){.op = op};
	i->op = op;
	i->number = past->count;
	HASH_ADD(hh, past->instants, op, sizeof(i->op), i);
	return i;
}

uint64_t past_node(struct past *past, uint64_t op, uint64_t ino)
{
	struct instant *i;
	uint64_t node = 0;

	if (ino >> PAST_INO_BITS)
		return 0;
	pthread_mutex_lock(&past->lock);
	HASH_FIND(hh, past->instants, &op, sizeof(op), i);
	if (!i && past->count + 1 < INSTANTS_MAX)
		i = add(past, op);
	if (i)
		node = PAST_BIT | i->number << PAST_INO_BITS | ino;
	pthread_mutex_unlock(&past->lock);
	return node;
}

uint64_t past_op(struct past *past, uint64_t node)
{
	uint64_t number = (node & ~PAST_BIT) >> PAST_INO_BITS;
	uint64_t op = 0;

	pthread_mutex_lock(&past->lock);
	if (number && number <= past->count) {
		op = past->ops[number - 1].op;
		past->ops[number - 1].used = clock_mono_ns();
	}
	pthread_mutex_unlock(&past->lock);
	return op;
}

static int64_t last_use(struct past *past, const struct age *a)
{
	struct instant *i;
	int64_t used = 0;

	HASH_FIND(hh, past->instants, &a->op, sizeof(a->op), i);
	if (i)
		used = past->ops[i->number - 1].used;
	return used > a->used ? used : a->used;
}

static void add_age(
	struct past *past, const char *name, pid_t pid, uint64_t op, int64_t resolved, int64_t now)
{
	struct age *place = past->ages;

	for (struct age *a = past->ages; a < past->ages + AGES && *place->name; a++)
		if (!*a->name || a->used < place->used)
			place = a;
	*place = (struct age){.pid = pid, .op = op, .resolved = resolved, .used = now};
	snprintf(place->name, sizeof(place->name), "%s", name);
}

uint64_t past_age_find(struct past *past, const char *name, pid_t pid)
{
	int64_t now = clock_mono_ns(), resolved = 0;
	bool own = false;
	uint64_t op = 0;

	pthread_mutex_lock(&past->lock);
	for (struct age *a = past->ages; a < past->ages + AGES && !own; a++) {
		if (strcmp(a->name, name))
			continue;
		if (a->pid == pid) {
			own = now - last_use(past, a) < AGE_IDLE_NS &&
			      now - a->resolved < AGE_MAX_NS;
			*a = own ? *a : (struct age){0};
			if (own) {
				a->used = now;
				op = a->op;
			}
		} else if (now - a->resolved < AGE_SHARED_NS && a->resolved > resolved) {
			resolved = a->resolved;
			op = a->op;
		}
	}
	if (op && !own)
		add_age(past, name, pid, op, resolved, now);
	pthread_mutex_unlock(&past->lock);
	return op;
}

void past_age_keep(struct past *past, const char *name, pid_t pid, uint64_t op)
{
	int64_t now = clock_mono_ns();

	pthread_mutex_lock(&past->lock);
	add_age(past, name, pid, op, now, now);
	pthread_mutex_unlock(&past->lock);
}

void past_age_drop(struct past *past, uint64_t op)
{
	pthread_mutex_lock(&past->lock);
	for (struct age *a = past->ages; a < past->ages + AGES; a++)
		if (a->op == op)
			*a = (struct age){0};
	pthread_mutex_unlock(&past->lock);
}

/* The 51 bits below PAST_STAT_BIT and PAST_STAT_MIXED are of an instant and of an inode. */
#define PAST_STAT_MIXED    (UINT64_C(1) << 51)
#define PAST_STAT_INO_BITS 32

/* Stafford's Mix13: each bit of the result depends on all of x. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

uint64_t past_stat_ino(const struct fs *fs, uint64_t node)
{
	uint64_t number = (node & ~PAST_BIT) >> PAST_INO_BITS, ino = past_ino(node);

	if (fs->config.at_op)
		return ino;
	if (ino >> PAST_STAT_INO_BITS || number >> (51 - PAST_STAT_INO_BITS))
		return PAST_STAT_BIT | PAST_STAT_MIXED | (mix(node) & (PAST_STAT_MIXED - 1));
	return PAST_STAT_BIT | number << PAST_STAT_INO_BITS | ino;
}

void past_listing_put(struct past *past, uint64_t node, PGresult *res, int64_t kept)
{
	struct listing *oldest = past->listings;
	PGresult *drop;

	pthread_mutex_lock(&past->lock);
	for (size_t n = 0; n < LISTINGS && oldest->res; n++)
		if (!past->listings[n].res || past->listings[n].kept < oldest->kept)
			oldest = &past->listings[n];
	drop = oldest->res;
	*oldest = (struct listing){node, res, kept};
	pthread_mutex_unlock(&past->lock);
	PQclear(drop);
}

void past_listing_keep(struct past *past, uint64_t node, const PGresult *res)
{
	PGresult *copy = PQcopyResult(res, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);

	if (copy)
		past_listing_put(past, node, copy, clock_now_ns());
}

PGresult *past_listing_take(struct past *past, uint64_t node, int64_t *kept)
{
	int64_t now = clock_now_ns();
	PGresult *found = NULL;

	pthread_mutex_lock(&past->lock);
	for (size_t n = 0; n < LISTINGS && !found; n++) {
		struct listing *l = &past->listings[n];

		if (!l->res || l->node != node || now - l->kept > LISTING_NS || now < l->kept)
			continue;
		found = l->res;
		*kept = l->kept;
		l->res = NULL;
	}
	pthread_mutex_unlock(&past->lock);
	return found;
}
