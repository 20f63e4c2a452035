#include "op/past.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"

/* Listings that are kept, and for how long. */
#define LISTINGS   8
#define LISTING_NS (2 * INT64_C(1000000000))

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

struct past {
	pthread_mutex_t lock;
	struct listing listings[LISTINGS];
	struct instant *instants;
	uint64_t *ops;
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
	past->ops[past->count++] = op;
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
	if (number && number <= past->count)
		op = past->ops[number - 1];
	pthread_mutex_unlock(&past->lock);
	return op;
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
