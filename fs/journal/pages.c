#include "journal/pages.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"

/* A page of the server without its header, in units of the four bytes of a line pointer. */
#define UNIT       4
#define PAGE_UNITS ((8192 - 24) / UNIT)
/* Bytes of a row of thule.blob beside its data: header, id, and the length of the data. */
#define ROW_HEAD 36
/* Longer rows are kept out of line (sql/schema/blob.sql); a pointer of 18 bytes is left. */
#define ROW_MAX     8160
#define ROW_POINTER 50

#define NONE UINT32_MAX

/* Rows that have no place yet, by how many units they take. */
struct waiting {
	uint32_t first[PAGE_UNITS + 1]; /* index, NONE: no row */
	uint32_t *next;                 /* of a row: the one after it that takes as much */
	uint16_t below[PAGE_UNITS + 1]; /* leads to the largest that has rows and is not above */
};

static uint16_t units_of(uint32_t bytes)
{
	uint32_t row = ROW_HEAD + bytes > ROW_MAX ? ROW_POINTER : ROW_HEAD + bytes;

	return (uint16_t)((row + 7) / 8 * 8 / UNIT + 1);
}

/* Returns the largest number of units, at most so many, that a row which waits takes; 0: none. */
static uint16_t fitting(struct waiting *w, uint16_t units)
{
	while (units && w->first[units] == NONE) {
		uint16_t to = w->below[units];

		if (w->first[to] == NONE)
			w->below[units] = w->below[to]; /* the next search is shorter */
		units = to;
	}
	return units;
}

/* Returns true when they fill no page: whatever order they have, little is gained. */
static bool are_few(const uint32_t *bytes, size_t count)
{
	uint32_t units = 0;

	for (size_t i = 0; i < count && units <= PAGE_UNITS; i++)
		units += units_of(bytes[i]);
	return units <= PAGE_UNITS;
}

void pages_order(const uint32_t *bytes, size_t count, uint32_t *order)
{
	struct waiting w;
	uint16_t room = PAGE_UNITS;

	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t)i;
	if (are_few(bytes, count))
		return;
	w.next = xcalloc(count, sizeof(*w.next));
	for (uint16_t i = 0; i <= PAGE_UNITS; i++) {
		w.first[i] = NONE;
		w.below[i] = i ? (uint16_t)(i - 1) : 0;
	}
	for (size_t i = count; i-- > 0;) {
		uint16_t units = units_of(bytes[i]);

		w.next[i] = w.first[units];
		w.first[units] = (uint32_t)i;
	}
	for (size_t placed = 0; placed < count;) {
		uint16_t units = fitting(&w, room);

		if (!units) {
			room = PAGE_UNITS;
			continue;
		}
		order[placed++] = w.first[units];
		w.first[units] = w.next[w.first[units]];
		room = (uint16_t)(room - units);
	}
	free(w.next);
}
