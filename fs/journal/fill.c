#include "journal/journal_impl.h"

/* A batch takes what has gathered, up to these. */
#define BATCH_MAX_OPS   4096
#define BATCH_MAX_BYTES (8u << 20)

/* The same for a batch that has what somebody waits for. What others did meanwhile and will ask for
 * in a moment goes along, a stream does not. */
#define BATCH_WAITED_OPS   512
#define BATCH_WAITED_BYTES (128u << 10)

static bool has_room(const struct batch *b, bool waited)
{
	return batch_ops(b) < (waited ? BATCH_WAITED_OPS : BATCH_MAX_OPS) &&
	       batch_bytes(b) < (waited ? BATCH_WAITED_BYTES : BATCH_MAX_BYTES);
}

uint64_t fill_batch(struct ring *ring, struct batch *b, uint64_t pos, uint64_t done,
	uint64_t needed, bool *corrupt)
{
	const void *at;
	size_t avail;

	*corrupt = false;
	while (has_room(b, false) && (at = ring_at(ring, &pos, &avail))) {
		struct record r;
		size_t n = record_decode(at, avail, &r);
		if (!n || !record_is_possible(&r)) {
			*corrupt = true;
			break;
		}
		if (r.op > needed && !has_room(b, true))
			break;
		/* What is no op may have come after the one whose number it has. */
		if (r.op > done || (r.op == done && r.kind == OP_NONE))
			batch_add(b, &r);
		pos += n;
	}
	return pos;
}
