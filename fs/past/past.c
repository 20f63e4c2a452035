#include "past/past.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "past/instants.h"
#include "past/known.h"
#include "past/listings.h"

/* Ages that are being used, see past_age_find(). */
#define AGES          64
#define AGE_SHARED_NS (5 * INT64_C(1000000000))
#define AGE_IDLE_NS   (5 * INT64_C(1000000000))
#define AGE_MAX_NS    (60 * INT64_C(1000000000))

/* What an age meant to a process. Times are of the clock that never steps. */
struct age {
	char name[NAME_MAX_BYTES + 1]; /* "": a free place */
	pid_t pid;
	uint64_t op;
	int64_t resolved, used;
};

struct past {
	pthread_mutex_t lock;
	struct age ages[AGES];
	struct instants *instants;
	struct listings listings;
	struct known known;
	struct budget waiting;
};

struct past *past_new(uint64_t memory)
{
	struct past *past = xcalloc(1, sizeof(*past));

	pthread_mutex_init(&past->lock, NULL);
	past->instants = instants_new(memory / 2);
	listings_init(&past->listings, memory / 4);
	past->waiting = (struct budget){.name = "questions about the past", .limit = memory / 4};
	return past;
}

void past_keep(struct past *past, uint64_t *kept, size_t count)
{
	instants_keep(past->instants, kept, count);
}

void past_free(struct past *past)
{
	if (!past)
		return;
	instants_free(past->instants);
	listings_free(&past->listings);
	pthread_mutex_destroy(&past->lock);
	free(past);
}

uint64_t past_node(struct past *past, uint64_t op, uint64_t ino)
{
	uint64_t number;

	if (ino >> PAST_INO_BITS)
		return 0;
	pthread_mutex_lock(&past->lock);
	number = instants_number(past->instants, op);
	pthread_mutex_unlock(&past->lock);
	return number ? PAST_BIT | number << PAST_INO_BITS | ino : 0;
}

uint64_t past_op(struct past *past, uint64_t node)
{
	uint64_t op;

	pthread_mutex_lock(&past->lock);
	op = instants_op(past->instants, (node & ~PAST_BIT) >> PAST_INO_BITS);
	pthread_mutex_unlock(&past->lock);
	return op;
}

size_t past_budgets(struct past *past, struct budget out[PAST_BUDGETS])
{
	pthread_mutex_lock(&past->lock);
	out[0] = instants_budget(past->instants);
	out[1] = past->listings.bytes;
	out[2] = past->waiting;
	pthread_mutex_unlock(&past->lock);
	return PAST_BUDGETS;
}

bool past_wait_begin(struct past *past, size_t bytes)
{
	bool room;

	pthread_mutex_lock(&past->lock);
	room = !budget_lacks(&past->waiting, bytes);
	if (room)
		past->waiting.used += bytes;
	pthread_mutex_unlock(&past->lock);
	return room;
}

void past_wait_end(struct past *past, size_t bytes)
{
	pthread_mutex_lock(&past->lock);
	past->waiting.used -= bytes;
	pthread_mutex_unlock(&past->lock);
}

static int64_t last_use(struct past *past, const struct age *a)
{
	int64_t used = instants_used(past->instants, a->op);

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

bool past_top_find(struct past *past, uint64_t op, struct stat *st)
{
	pthread_mutex_lock(&past->lock);
	bool found = known_top(&past->known, op, st);
	pthread_mutex_unlock(&past->lock);
	return found;
}

void past_top_keep(struct past *past, uint64_t op, const struct stat *st)
{
	pthread_mutex_lock(&past->lock);
	known_top_put(&past->known, op, st);
	pthread_mutex_unlock(&past->lock);
}

bool past_is_plain(struct past *past, uint64_t node)
{
	pthread_mutex_lock(&past->lock);
	bool plain = known_plain(&past->known, node);
	pthread_mutex_unlock(&past->lock);
	return plain;
}

void past_plain_keep(struct past *past, uint64_t node)
{
	pthread_mutex_lock(&past->lock);
	known_plain_put(&past->known, node);
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

void past_page_put(struct past *past, const struct past_page *page, PGresult *res)
{
	pthread_mutex_lock(&past->lock);
	listings_put(&past->listings, page, res);
	pthread_mutex_unlock(&past->lock);
}

PGresult *past_page_take(struct past *past, uint64_t node, uint64_t off, struct past_page *page)
{
	PGresult *res;

	pthread_mutex_lock(&past->lock);
	res = listings_take(&past->listings, node, off, page);
	pthread_mutex_unlock(&past->lock);
	return res;
}

PGresult *past_page_find(
	struct past *past, uint64_t node, const char *name, struct past_page *page, int *row)
{
	PGresult *res;

	pthread_mutex_lock(&past->lock);
	res = listings_find(&past->listings, node, name, page, row);
	pthread_mutex_unlock(&past->lock);
	return res;
}
