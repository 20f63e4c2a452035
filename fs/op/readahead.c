#include "op/readahead.h"

#include "op/fetch.h"

/* Of one handle, and with one statement. */
#define AHEAD_MAX_BYTES       (16 * CHUNK_BYTES)
#define AHEAD_STATEMENT_BYTES (4 * CHUNK_BYTES)

/* So many bytes in order are a sign that more will follow. One request of half as many is, too. */
#define AHEAD_MIN_BYTES CHUNK_BYTES

/* The kernel asks with several requests at once, which may come in another order. */
#define AHEAD_SLACK_BYTES (4 * CHUNK_BYTES)

void ahead_note(struct handle *h, uint64_t off, uint64_t len)
{
	uint64_t end = off + len;

	if (!h)
		return;
	if (off > h->read_next + AHEAD_SLACK_BYTES || end + AHEAD_SLACK_BYTES < h->read_next) {
		h->read_run = h->read_asked = 0;
		h->read_next = end;
	}
	h->read_run += len;
	if (end > h->read_next)
		h->read_next = end;
}

bool ahead_pays(const struct handle *h, uint64_t len)
{
	return len >= AHEAD_MIN_BYTES / 2 || (h && h->read_run >= AHEAD_MIN_BYTES);
}

static uint64_t round_up(uint64_t off)
{
	return (off + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES;
}

/* Asks with one statement for neighbours in [from, end), up to one that is there or not to be had;
 * returns up to where. */
static uint64_t ask(struct call *c, struct inode *inode, uint64_t from, uint64_t end)
{
	struct chunks *cs = &c->fs->state.chunks;
	struct fetch *f = fetch_new(c->fs);

	while (from < end && !chunk_find(cs, inode->ino, chunk_number(from)) &&
		fetch_chunk(f, inode, chunk_number(from), true))
		from += CHUNK_BYTES;
	fetch_range(f);
	return from;
}

/* The first chunk from an offset on that is not asked for yet. */
static uint64_t skip(struct call *c, const struct inode *inode, uint64_t from, uint64_t end)
{
	while (from < end && chunk_find(&c->fs->state.chunks, inode->ino, chunk_number(from)))
		from += CHUNK_BYTES;
	return from;
}

/* Up to where so much is to be asked for that a statement for it pays, from `from` on. */
static uint64_t ahead_end(const struct handle *h, const struct inode *inode, uint64_t from)
{
	uint64_t ahead = h->read_run < AHEAD_MAX_BYTES ? h->read_run : AHEAD_MAX_BYTES;
	uint64_t end = round_up(h->read_next + ahead), last = round_up(inode->base_end);

	if (end >= last)
		return last;
	return from + AHEAD_STATEMENT_BYTES <= end ? from + AHEAD_STATEMENT_BYTES : from;
}

void ahead_ask(struct call *c, struct handle *h, struct inode *inode)
{
	uint64_t from, end;

	if (!h || h->read_run < AHEAD_MIN_BYTES)
		return;
	from = round_up(h->read_next);
	if (from < h->read_asked)
		from = h->read_asked;
	while (from < (end = ahead_end(h, inode, from))) {
		uint64_t to = skip(c, inode, from, end);

		if (end - to > AHEAD_STATEMENT_BYTES)
			end = to + AHEAD_STATEMENT_BYTES;
		h->read_asked = ask(c, inode, to, end);
		if (h->read_asked == from)
			break;
		from = h->read_asked;
	}
}
