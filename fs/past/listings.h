#pragma once

#include "past/past.h"

/* Pages of listings that are kept, within a budget. Without a lock of its own. */
struct listing;

struct listings {
	struct listing *oldest;
	struct budget bytes;
};

void listings_init(struct listings *l, uint64_t bytes);
void listings_free(struct listings *l);

/* As past_page_take() and past_page_put(). */
PGresult *listings_take(struct listings *l, uint64_t node, uint64_t off, struct past_page *page);
void listings_put(struct listings *l, const struct past_page *page, PGresult *res);

/* As past_page_find(). */
PGresult *listings_find(
	struct listings *l, uint64_t node, const char *name, struct past_page *page, int *row);
