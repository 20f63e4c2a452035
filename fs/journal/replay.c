#include "base/fault.h"
#include "db/refusal.h"
#include "journal/journal_impl.h"

bool journal_continues(const struct ring *ring, uint64_t op, int64_t at, uint64_t last_op)
{
	uint64_t pos = ring_tail(ring), tail_op = ring_tail_op(ring);
	const void *bytes;
	size_t avail;

	if (op == tail_op)
		return !at || !ring_tail_at(ring) || at == ring_tail_at(ring);
	if (!at)
		return op == last_op && op > tail_op;
	while ((bytes = ring_at(ring, &pos, &avail))) {
		struct record r;
		size_t n = record_decode(bytes, avail, &r);

		if (!n || r.op > op)
			break;
		if (r.op == op && r.kind != OP_NONE)
			return r.at == at;
		pos += n;
	}
	return false;
}

bool journal_replay(struct ring *ring, struct database_session *session, uint64_t *last_op,
	uint64_t *next_blob, uint64_t *replayed, struct error *err)
{
	struct batch *b = batch_new(ring_mount(ring), *next_blob);
	bool ok = true;

	*replayed = 0;
	while (ok && !ring_empty(ring)) {
		bool corrupt;
		uint64_t pos = fill_batch(ring, b, ring_tail(ring), *last_op, FILL_ALL, &corrupt);
		if (corrupt && !batch_ops(b))
			ok = error_set(err, ERR_CORRUPT,
				"the journal %s is damaged after op:%llu, to which it was "
				"committed: "
				"`thule journal show` has what can be read of it; to mount without "
				"what follows, move the file away",
				ring_name(ring), (unsigned long long)*last_op);
		/* Also when there is nothing new: it flushes what the dead daemon had committed. */
		if (ok && fault(FAULT_REPLAY_BATCH))
			ok = fault_lost(FAULT_REPLAY_BATCH, err);
		if (!ok)
			break;
		if (!batch_commit(b, session, true, err)) {
			if (err && refusal_is_final(err->sqlstate))
				ring_refuse(ring, err->sqlstate, err->text);
			ok = false;
			break;
		}
		if (fault(FAULT_REPLAY_RELEASE)) {
			ok = fault_lost(FAULT_REPLAY_RELEASE, err);
			break;
		}
		if (batch_ops(b))
			*last_op = batch_last_op(b);
		*replayed += batch_ops(b);
		ring_release(ring, pos, *last_op, batch_ops(b) ? batch_last_at(b) : 0);
		batch_reset(b);
	}
	*next_blob = batch_next_blob(b);
	batch_free(b);
	return ok;
}
