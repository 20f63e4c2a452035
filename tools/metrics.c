#include "metrics.h"

#include <stdlib.h>
#include <string.h>

/* The buckets of durations: powers of two from 4 us to 17 s, which are boundaries of a struct
 * histogram. */
#define BUCKET_FIRST 12
#define BUCKET_LAST  34

struct metric;

/* What a family is written for, and to. */
struct writing {
	struct exposition *x;
	const struct metric *metric;
	const struct metrics_subject *subject;
};

struct metric {
	struct metric_family family;
	const char *labels; /* beside `mountpoint`, for people */
	enum metrics_source source;
	void (*write)(const struct writing *w);
	const char *word; /* which fact, budget or operation it is of */
	double scale;     /* of a fact: to the unit; 0: 1 */
};

/* The mount, and another label unless its name is NULL. */
static struct metric_labels labels(const struct writing *w, const char *name, const char *value)
{
	return (struct metric_labels){{{"mountpoint", w->subject->mount.dir}, {name, value}}};
}

static void sample(const struct writing *w, const char *name, const char *value, double number)
{
	struct metric_labels l = labels(w, name, value);

	exposition_sample(w->x, &w->metric->family, "", &l, number);
}

static void write_up(const struct writing *w)
{
	bool up = w->metric->source == METRICS_DAEMON ? w->subject->answer != NULL
						      : w->subject->rows != NULL;

	sample(w, NULL, NULL, up);
}

/* The first line has the version after the greeting: fs/control/place.h. */
static void write_build(const struct writing *w)
{
	struct metric_labels l = labels(w, "version", answer_version(w->subject->answer));

	l.pair[2].name = "source";
	l.pair[2].value = w->subject->mount.source;
	exposition_sample(w->x, &w->metric->family, "", &l, 1);
}

static void write_fact(const struct writing *w)
{
	const char *value = answer_fact(w->subject->answer, w->metric->word);
	double scale = w->metric->scale != 0 ? w->metric->scale : 1;

	if (*value)
		sample(w, NULL, NULL, strtod(value, NULL) * scale);
}

/* A fact that is a word is a label of a sample of 1. */
static void write_word(const struct writing *w)
{
	const char *value = answer_fact(w->subject->answer, w->metric->word);

	if (*value)
		sample(w, w->metric->labels, value, 1);
}

/* How many ops are behind the last one that was acknowledged. */
static void write_behind(const struct writing *w)
{
	const char *last = answer_fact(w->subject->answer, "acknowledged");
	const char *reached = answer_fact(w->subject->answer, w->metric->word);

	if (*last)
		sample(w, NULL, NULL, strtod(last, NULL) - strtod(reached, NULL));
}

static void write_lease(const struct writing *w)
{
	const char *lease = answer_fact(w->subject->answer, "lease");

	if (*lease)
		sample(w, NULL, NULL, !strcmp(lease, "held"));
}

/* A number of each line of a kind that begins with it: "used" of a budget, say. */
static void write_lines(const struct writing *w, const char *kind, int field)
{
	const struct answer_line *l;
	bool labelled = w->metric->labels != NULL;

	for (size_t i = 0; (l = answer_next(w->subject->answer, kind, &i));)
		sample(w, w->metric->labels, labelled ? l->field[0] : NULL,
			strtod(l->field[field], NULL));
}

/* The journal is one of the budgets, and no memory of the daemon. */
static void write_budget(const struct writing *w, bool journal, int field)
{
	const struct answer_line *l;

	for (size_t i = 0; (l = answer_next(w->subject->answer, "budget", &i));)
		if (!strcmp(l->field[0], "journal") == journal)
			sample(w, journal ? NULL : "budget", journal ? NULL : l->field[0],
				strtod(l->field[field], NULL));
}

static void write_memory(const struct writing *w)
{
	write_budget(w, false, 1);
}

static void write_memory_limit(const struct writing *w)
{
	write_budget(w, false, 2);
}

static void write_journal(const struct writing *w)
{
	write_budget(w, true, 1);
}

static void write_journal_limit(const struct writing *w)
{
	write_budget(w, true, 2);
}

static void write_waiting(const struct writing *w)
{
	write_lines(w, "total", 0);
}

static void write_errors(const struct writing *w)
{
	write_lines(w, "error", 1);
}

static void write_disk_size(const struct writing *w)
{
	write_lines(w, "disk", 0);
}

static void write_disk_free(const struct writing *w)
{
	write_lines(w, "disk", 1);
}

static void write_disk_room(const struct writing *w)
{
	write_lines(w, "disk", 2);
}

static void write_log_lines(const struct writing *w)
{
	static const char *const levels[][2] = {{"warnings", "warning"}, {"errors", "error"}};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		const char *value = answer_fact(w->subject->answer, levels[i][0]);

		if (*value)
			sample(w, "level", levels[i][1], strtod(value, NULL));
	}
}

static void write_bucket(
	const struct writing *w, struct metric_labels *l, int at, const char *le, uint64_t count)
{
	l->pair[at].name = "le";
	l->pair[at].value = le;
	exposition_sample(w->x, &w->metric->family, "_bucket", l, (double)count);
	l->pair[at].name = NULL;
}

static void write_sum(
	const struct writing *w, const struct metric_labels *l, double sum, uint64_t count)
{
	exposition_sample(w->x, &w->metric->family, "_sum", l, sum);
	exposition_sample(w->x, &w->metric->family, "_count", l, (double)count);
}

static void write_histogram(
	const struct writing *w, const char *label, const char *value, const struct histogram *h)
{
	struct metric_labels l = labels(w, label, value);
	uint64_t count = histogram_count(h), below = 0;
	unsigned int bucket = 0;
	char le[32];

	for (int bits = BUCKET_FIRST; bits <= BUCKET_LAST; bits++) {
		while (histogram_begin(bucket + 1) <= UINT64_C(1) << bits)
			below += h->bucket[bucket++];
		snprintf(le, sizeof(le), "%.12g", (double)(UINT64_C(1) << bits) / 1e9);
		write_bucket(w, &l, 2, le, below);
	}
	write_bucket(w, &l, 2, "+Inf", count);
	write_sum(w, &l, (double)h->total / 1e9, count);
}

/* What the daemon times: requests of the kernel, transactions of the drain ("drain flush"), and
 * questions of its readers, by statement. */
enum timed { TIMED_REQUEST, TIMED_COMMIT, TIMED_QUERY };

static enum timed timed_what(const struct activity_operation *o)
{
	return !o->own ? TIMED_REQUEST : strchr(o->name, ' ') ? TIMED_COMMIT : TIMED_QUERY;
}

static void write_durations(const struct writing *w, enum timed what)
{
	const struct activity *a = w->subject->activity;

	for (size_t i = 0; i < a->operations; i++) {
		const struct activity_operation *o = &a->operation[i];
		const char *name = strrchr(o->name, ' ');

		if (timed_what(o) == what)
			write_histogram(w, w->metric->labels, name ? name + 1 : o->name,
				o->phase[TRACE_TOTAL]);
	}
}

static void write_requests(const struct writing *w)
{
	write_durations(w, TIMED_REQUEST);
}

static void write_commits(const struct writing *w)
{
	write_durations(w, TIMED_COMMIT);
}

static void write_queries(const struct writing *w)
{
	write_durations(w, TIMED_QUERY);
}

static void write_phases_of(const struct writing *w, const struct activity_operation *o)
{
	struct metric_labels l = labels(w, "operation", o->name);

	l.pair[2].name = "phase";
	for (int phase = TRACE_TOTAL + 1; phase < TRACE_PHASES; phase++) {
		const struct histogram *h = o->phase[phase];

		l.pair[2].value = trace_phase_name((enum trace_phase)phase);
		if (h)
			write_sum(w, &l, (double)h->total / 1e9, histogram_count(h));
	}
}

static void write_phases(const struct writing *w)
{
	const struct activity *a = w->subject->activity;

	for (size_t i = 0; i < a->operations; i++)
		if (timed_what(&a->operation[i]) == TIMED_REQUEST)
			write_phases_of(w, &a->operation[i]);
}

static void write_batches(const struct writing *w)
{
	struct metric_labels l = labels(w, NULL, NULL);
	uint64_t count = 0, size = 1;
	const struct answer_line *line;
	const char *counts;
	char *end, le[32];
	size_t i = 0;

	line = answer_next(w->subject->answer, "batches", &i);
	if (!line)
		return;
	for (counts = line->field[1];; counts = end + 1, size *= 2) {
		count += strtoull(counts, &end, 10);
		if (*end != ',')
			break;
		snprintf(le, sizeof(le), "%llu.0", (unsigned long long)size);
		write_bucket(w, &l, 1, le, count);
	}
	write_bucket(w, &l, 1, "+Inf", count);
	write_sum(w, &l, strtod(line->field[0], NULL), count);
}

/* Rows name the metric, the value of its label, and its value. */
static void write_rows(const struct writing *w)
{
	const PGresult *rows = w->subject->rows;

	for (int i = 0; i < PQntuples(rows); i++)
		if (!strcmp(PQgetvalue(rows, i, 0), w->metric->family.name))
			sample(w, w->metric->labels, PQgetvalue(rows, i, 1),
				strtod(PQgetvalue(rows, i, 2), NULL));
}

/* Every metric: name, type, unit and help; labels; who is asked, and what of the answer it is. */
static const struct metric metrics[] = {
	{{"thulefs_up", METRIC_GAUGE, "", "Whether the daemon of the mount answers."}, NULL,
		METRICS_DAEMON, write_up, NULL, 0},
	{{"thulefs_build_info", METRIC_GAUGE, "",
		 "Version of the daemon, and what it has mounted."},
		"version, source", METRICS_DAEMON, write_build, NULL, 0},
	{{"thulefs_uptime_seconds", METRIC_GAUGE, "seconds", "Time since the mount."}, NULL,
		METRICS_DAEMON, write_fact, "counted_us", 1e-6},
	{{"thulefs_transport_info", METRIC_GAUGE, "", "How requests come from the kernel."},
		"transport", METRICS_DAEMON, write_word, "transport", 0},
	{{"thulefs_request_duration_seconds", METRIC_HISTOGRAM, "seconds",
		 "Requests of the kernel, from reading to reply."},
		"operation", METRICS_DAEMON, write_requests, NULL, 0},
	{{"thulefs_request_phase_seconds", METRIC_SUMMARY, "seconds",
		 "What requests spent their time in; those of the database are misses of caches."},
		"operation, phase", METRICS_DAEMON, write_phases, NULL, 0},
	{{"thulefs_requests_waiting", METRIC_GAUGE, "", "Requests that wait for something."}, NULL,
		METRICS_DAEMON, write_waiting, NULL, 0},
	{{"thulefs_reply_errors_total", METRIC_COUNTER, "",
		 "Replies that were an error; most names of errno are part of ordinary work."},
		"errno", METRICS_DAEMON, write_errors, NULL, 0},
	{{"thulefs_log_lines_total", METRIC_COUNTER, "", "Warnings and errors in the log."},
		"level", METRICS_DAEMON, write_log_lines, NULL, 0},
	{{"thulefs_last_error_timestamp_seconds", METRIC_GAUGE, "seconds",
		 "When the last warning or error was logged."},
		NULL, METRICS_DAEMON, write_fact, "last_error_at", 0},
	{{"thulefs_journal_bytes", METRIC_GAUGE, "bytes",
		 "What the journal holds that is not on the disk of the server."},
		NULL, METRICS_DAEMON, write_journal, NULL, 0},
	{{"thulefs_journal_limit_bytes", METRIC_GAUGE, "bytes", "What the journal has room for."},
		NULL, METRICS_DAEMON, write_journal_limit, NULL, 0},
	{{"thulefs_journal_lag_seconds", METRIC_GAUGE, "seconds",
		 "How long the next batch has waited to be committed; 0 when nothing waits."},
		NULL, METRICS_DAEMON, write_fact, "lag_ms", 1e-3},
	{{"thulefs_journal_uncommitted_operations", METRIC_GAUGE, "",
		 "Changes that were acknowledged and are not committed."},
		NULL, METRICS_DAEMON, write_behind, "committed", 0},
	{{"thulefs_journal_unflushed_operations", METRIC_GAUGE, "",
		 "Changes that were acknowledged and are not on the disk of the server."},
		NULL, METRICS_DAEMON, write_behind, "on_disk", 0},
	{{"thulefs_journal_flush_timestamp_seconds", METRIC_GAUGE, "seconds",
		 "When the journal was last flushed to the disk of the server; at first, of the "
		 "mount."},
		NULL, METRICS_DAEMON, write_fact, "flushed_at", 0},
	{{"thulefs_committed_operations_total", METRIC_COUNTER, "",
		 "Number of the last change that is committed."},
		NULL, METRICS_DAEMON, write_fact, "committed", 0},
	{{"thulefs_commit_duration_seconds", METRIC_HISTOGRAM, "seconds",
		 "Transactions of the journal: batch, or flush where the disk was waited for."},
		"kind", METRICS_DAEMON, write_commits, NULL, 0},
	{{"thulefs_batch_operations", METRIC_HISTOGRAM, "", "Changes in a batch."}, NULL,
		METRICS_DAEMON, write_batches, NULL, 0},
	{{"thulefs_query_duration_seconds", METRIC_HISTOGRAM, "seconds",
		 "Questions to the database, by statement."},
		"statement", METRICS_DAEMON, write_queries, NULL, 0},
	{{"thulefs_lease_held", METRIC_GAUGE, "",
		 "Whether the daemon has its session, and may acknowledge changes."},
		NULL, METRICS_DAEMON, write_lease, NULL, 0},
	{{"thulefs_drain_state", METRIC_GAUGE, "", "What brings the journal to the database does."},
		"state", METRICS_DAEMON, write_word, "drain", 0},
	{{"thulefs_memory_bytes", METRIC_GAUGE, "bytes", "Memory of the daemon by budget."},
		"budget", METRICS_DAEMON, write_memory, NULL, 0},
	{{"thulefs_memory_limit_bytes", METRIC_GAUGE, "bytes", "What a budget allows."}, "budget",
		METRICS_DAEMON, write_memory_limit, NULL, 0},
	{{"thulefs_disk_size_bytes", METRIC_GAUGE, "bytes",
		 "Disk of the server, where that is on this host."},
		NULL, METRICS_DAEMON, write_disk_size, NULL, 0},
	{{"thulefs_disk_free_bytes", METRIC_GAUGE, "bytes", "What is free on that disk."}, NULL,
		METRICS_DAEMON, write_disk_free, NULL, 0},
	{{"thulefs_disk_room_bytes", METRIC_GAUGE, "bytes",
		 "What may still be written before files are refused; below 0: they are."},
		NULL, METRICS_DAEMON, write_disk_room, NULL, 0},
	{{"thulefs_database_up", METRIC_GAUGE, "", "Whether the database answers the command."},
		NULL, METRICS_DATABASE, write_up, NULL, 0},
	{{"thulefs_database_size_bytes", METRIC_GAUGE, "bytes",
		 "Tables with their indexes: present, history, blobs (bytes of both), log, other."},
		"kind", METRICS_DATABASE, write_rows, NULL, 0},
	{{"thulefs_oldest_instant_timestamp_seconds", METRIC_GAUGE, "seconds",
		 "The oldest instant from which on the past is kept."},
		NULL, METRICS_DATABASE, write_rows, NULL, 0},
	{{"thulefs_retention_seconds", METRIC_GAUGE, "seconds",
		 "The setting `retention`, where it is set."},
		NULL, METRICS_DATABASE, write_rows, NULL, 0},
};

#define COUNT (sizeof(metrics) / sizeof(metrics[0]))

/* Whether there is what the metric is read from; that there is none is said by the first one. */
static bool is_known(const struct metric *m, const struct metrics_subject *s)
{
	return m->write == write_up ||
	       (m->source == METRICS_DAEMON ? s->answer != NULL : s->rows != NULL);
}

static const struct metric_family mounts = {
	"thulefs_mounts", METRIC_GAUGE, "", "Mounts that were found on this host."};

void metrics_write(struct exposition *x, enum metrics_source source,
	const struct metrics_subject *subject, size_t count)
{
	static const struct metric_labels none;
	size_t mounted = 0;

	for (size_t i = 0; i < count; i++)
		mounted += subject[i].mount.ours;
	if (source == METRICS_DAEMON)
		exposition_sample(x, &mounts, "", &none, (double)mounted);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < count; k++) {
			struct writing w = {x, &metrics[i], &subject[k]};

			if (metrics[i].source == source && is_known(&metrics[i], &subject[k]))
				metrics[i].write(&w);
		}
	exposition_end(x);
}

static void describe(FILE *out, const struct metric_family *f, const char *labels, const char *by)
{
	fprintf(out, "| `%s` | %s | %s | %s | %s |\n", f->name, exposition_type_name(f->type),
		labels ? labels : "", by, f->help);
}

void metrics_describe(FILE *out)
{
	describe(out, &mounts, NULL, "`thule metrics`");
	for (size_t i = 0; i < COUNT; i++)
		describe(out, &metrics[i].family, metrics[i].labels,
			metrics[i].source == METRICS_DAEMON ? "`thule metrics`"
							    : "`thule metrics --database`");
}
