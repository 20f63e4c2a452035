#include <string.h>

#include "base/clock.h"
#include "journal/journal_impl.h"

void journal_report(const struct journal *j, struct journal_report *out)
{
	static const char *const leases[] = {
		[JOURNAL_LEASED] = "held",
		[JOURNAL_LEASE_LOST] = "lost",
		[JOURNAL_LEASE_GONE] = "gone",
	};

	*out = (struct journal_report){
		.drain = drain_state_name(j->drain.state),
		.target = drain_target_name(j->drain.target),
		.lease = j->following ? "follows" : leases[machine_lease(j)],
		.acknowledged = j->next_op - 1,
		.committed = j->committed_op,
		.on_disk = j->flushed_op,
		.lag_ns = machine_uncommitted(j) ? clock_mono_ns() - j->first_ns : 0,
		.flushed_at = j->flushed_at,
		.ops = j->ops,
	};
	memcpy(out->sizes, j->sizes, sizeof(out->sizes));
}

struct budget journal_budget(const struct journal *j)
{
	return (struct budget){"journal", ring_used(j->ring), ring_size(j->ring)};
}
