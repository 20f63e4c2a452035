#include "past/listings.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/clock.h"
#include "past/request.h"

#define KEPT_NS (2 * INT64_C(1000000000))

struct listing {
	struct past_page page;
	PGresult *res;
	uint64_t bytes;
	struct listing *next, *prev; /* from the one used least recently */
};

void listings_init(struct listings *l, uint64_t bytes)
{
	*l = (struct listings){.bytes = {.name = "listings of the past", .limit = bytes}};
}

/* Takes one out. Its answer is the caller's. */
static PGresult *take(struct listings *l, struct listing *one)
{
	PGresult *res = one->res;

	DL_DELETE(l->oldest, one);
	l->bytes.used -= one->bytes;
	free(one);
	return res;
}

void listings_free(struct listings *l)
{
	while (l->oldest)
		PQclear(take(l, l->oldest));
}

static bool is_old(const struct listing *one)
{
	return clock_mono_ns() - one->page.read > KEPT_NS;
}

PGresult *listings_take(struct listings *l, uint64_t node, uint64_t off, struct past_page *page)
{
	struct listing *one;

	DL_FOREACH (l->oldest, one)
		if (one->page.node == node && one->page.after <= off && off < one->page.upto &&
			!is_old(one)) {
			*page = one->page;
			return take(l, one);
		}
	return NULL;
}

/* Returns the row of a page that has the name; -1: none. */
static int row_of(const PGresult *res, const char *name)
{
	int len = (int)strlen(name);

	for (int row = 0; row < PQntuples(res); row++)
		if (PQgetlength(res, row, PAST_ENTRY_NAME) == len &&
			!memcmp(PQgetvalue(res, row, PAST_ENTRY_NAME), name, (size_t)len))
			return row;
	return -1;
}

PGresult *listings_find(
	struct listings *l, uint64_t node, const char *name, struct past_page *page, int *row)
{
	int64_t since = clock_mono_ns() - PAST_NAME_SECONDS * INT64_C(1000000000);
	struct listing *one;

	DL_FOREACH (l->oldest, one)
		if (one->page.node == node && one->page.read > since &&
			(*row = row_of(one->res, name)) >= 0) {
			*page = one->page;
			return take(l, one);
		}
	return NULL;
}

static void drop_old(struct listings *l)
{
	struct listing *one, *next;

	DL_FOREACH_SAFE (l->oldest, one, next)
		if (is_old(one))
			PQclear(take(l, one));
}

void listings_put(struct listings *l, const struct past_page *page, PGresult *res)
{
	uint64_t bytes = sizeof(struct listing) + PQresultMemorySize(res);
	struct listing *one;

	drop_old(l);
	while (l->oldest && budget_lacks(&l->bytes, bytes))
		PQclear(take(l, l->oldest));
	if (budget_lacks(&l->bytes, bytes)) {
		PQclear(res);
		return;
	}
	one = xcalloc(1, sizeof(*one));
	one->page = *page;
	one->res = res;
	one->bytes = bytes;
	l->bytes.used += bytes;
	DL_APPEND(l->oldest, one);
}
