#include "control/activity.h"

#include <inttypes.h>

#include "base/clock.h"
#include "control/line.h"
#include "live/latency.h"

/* Those who are told, and the user whose processes alone are named; -1: all. */
struct writing {
	struct buf *out;
	int64_t uid;
};

/* Appends a tab, and NUMBER:COUNT of each bucket that has some, with commas between. */
static void add_buckets(struct buf *out, const struct histogram *h)
{
	const char *before = "\t";

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t n = h->bucket[i];

		if (!n)
			continue;
		line_add(out, "%s%u:%" PRIu64, before, i, n);
		before = ",";
	}
	line_add(out, "\n");
}

static void write_latency(void *arg, const struct latency *l)
{
	struct writing *w = arg;

	line_add(w->out, "latency\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64, l->operation,
		trace_phase_name(l->phase), trace_part_name(trace_part_of(l->phase)),
		l->durations->total, l->durations->max);
	add_buckets(w->out, l->durations);
}

static void write_process(void *arg, const struct trace_process *p)
{
	struct writing *w = arg;

	if (w->uid >= 0 && p->uid != w->uid)
		return;
	line_add(w->out, "process\t%" PRId32 "\t%" PRId32, p->pid, p->process);
	line_add_text(w->out, p->comm);
	line_add(w->out,
		"\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64,
		p->uid, p->total.total, p->part[TRACE_PART_DATABASE], p->part[TRACE_PART_JOURNAL],
		p->part[TRACE_PART_REPLY], p->total.max);
	add_buckets(w->out, &p->total);
}

void activity_write(struct fs *fs, int64_t uid, struct buf *out)
{
	struct writing w = {out, uid};

	line_add_number(
		out, "counted_us", (uint64_t)(clock_mono_ns() - trace_since(fs->trace)) / 1000);
	if (uid >= 0)
		line_add_fact(out, "told", "own");
	else
		latency_each(fs->trace, write_latency, &w);
	trace_each_process(fs->trace, write_process, &w);
}
