#include "control/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/activity.h"
#include "control/budgets.h"
#include "control/line.h"
#include "control/place.h"
#include "live/requests.h"
#include "request/requests.h"

/* So many requests are logged at a time. */
#define LOG_REQUESTS_MAX 500

static void add_transport(struct buf *out, struct fs *fs)
{
	char why[512];

	line_add_fact(out, "transport", transport_name(fs->transport, why, sizeof(why)));
	if (*why)
		line_add_fact(out, "transport_why", why);
}

/* Told of a mount whose requests may not wait for ever. */
static void add_limit(struct buf *out, struct fs *fs)
{
	struct request_expired e = requests_expired(transport_requests(fs->transport));

	if (!e.limit_ns)
		return;
	line_add_number(out, "soft_seconds", (uint64_t)e.limit_ns / 1000000000);
	line_add_number(out, "expired", e.count);
	if (e.count)
		line_add_number(out, "expired_at", (uint64_t)(e.at / 1000000000));
}

static void add_journal(struct buf *out, struct fs *fs)
{
	struct journal_report r;

	line_add_number(out, "pid", (uint64_t)getpid());
	if (!fs->journal)
		return;
	pthread_mutex_lock(&fs->lock);
	journal_report(fs->journal, &r);
	pthread_mutex_unlock(&fs->lock);
	line_add_fact(out, "drain", r.drain);
	line_add_fact(out, "target", r.target);
	line_add_fact(out, "lease", r.lease);
	line_add_number(out, "acknowledged", r.acknowledged);
	line_add_number(out, "committed", r.committed);
	line_add_number(out, "on_disk", r.on_disk);
	line_add_number(out, "lag_ms", (uint64_t)r.lag_ns / 1000000);
	line_add_number(out, "flushed_at", (uint64_t)(r.flushed_at / 1000000000));
	line_add(out, "batches\t%" PRIu64, r.ops);
	for (int i = 0; i < JOURNAL_SIZES; i++)
		line_add(out, "%s%" PRIu64, i ? "," : "\t", r.sizes[i]);
	line_add(out, "\n");
}

static void add_disk(struct buf *out, struct fs *fs)
{
	struct disk_space d;
	bool known;

	if (!fs->journal)
		return;
	journal_look(fs->journal);
	pthread_mutex_lock(&fs->lock);
	known = journal_disk(fs->journal, &d);
	pthread_mutex_unlock(&fs->lock);
	if (known)
		line_add(out, "disk\t%" PRIu64 "\t%" PRIu64 "\t%" PRId64 "\n", d.total, d.free,
			d.room);
}

/* Whether an error is told also when there was none: to Prometheus, which looks at increases, what
 * was not there before it was 1 has not increased. These are no part of ordinary work. */
static bool is_always_told(int error)
{
	return error == EIO || error == ENOSPC || error == ESTALE || error == ETIMEDOUT;
}

static void add_errors(struct buf *out, struct fs *fs)
{
	for (int error = 0; error < TRACE_ERRNOS; error++) {
		uint64_t n = trace_errors(fs->trace, error);
		const char *name = error ? strerrorname_np(error) : NULL;

		if (n || is_always_told(error))
			line_add(out, "error\t%s\t%" PRIu64 "\n", name ? name : "other", n);
	}
	line_add_number(out, "warnings", log_count(LOG_LEVEL_WARN));
	line_add_number(out, "errors", log_count(LOG_LEVEL_ERROR));
}

/* Appends the last error, which may name hosts and files: for root and the owner alone. */
static void add_trouble(struct buf *out)
{
	char text[LOG_LAST_SIZE];
	int64_t at;

	if (!log_last(text, &at))
		return;
	line_add_fact(out, "last_error", text);
	line_add_number(out, "last_error_at", (uint64_t)(at / 1000000000));
}

static void add_budgets(struct buf *out, struct fs *fs)
{
	struct budget budget[BUDGETS_MAX];
	size_t n = budgets_read(fs, budget);

	for (size_t i = 0; i < n; i++)
		line_add(out, "budget\t%s\t%" PRIu64 "\t%" PRIu64 "\n", budget[i].name,
			budget[i].used, budget[i].limit);
}

static int64_t waited_ms(const struct request_info *info)
{
	return (clock_mono_ns() - info->since) / 1000000;
}

static void add_request(struct buf *out, const struct live_request *r)
{
	const struct request_info *info = &r->info;

	line_add(out, "request\t%s\t%" PRIu64, live_opcode_name(info->opcode), info->ino);
	line_add_text(out, r->path ? r->path : "");
	line_add_text(out, info->name);
	line_add(out, "\t%ld", (long)r->process);
	line_add_text(out, r->program);
	line_add(out, "\t%u\t%s\t%s\t%" PRId64 "\n", info->uid, request_state_name(info->state),
		request_wait_name(info->wait), waited_ms(info));
}

void report_write(struct fs *fs, int64_t uid, struct buf *out)
{
	struct live_requests l;

	line_add(out, "%s %s\n", CONTROL_GREETING, THULE_VERSION);
	add_journal(out, fs);
	add_transport(out, fs);
	add_limit(out, fs);
	add_disk(out, fs);
	if (uid < 0) {
		add_trouble(out);
		add_errors(out, fs);
	}
	add_budgets(out, fs);
	live_requests_read(fs, uid, &l);
	live_requests_find_paths(fs, &l);
	for (size_t i = 0; i < l.count; i++)
		add_request(out, &l.request[i]);
	line_add(out, "total\t%zu\n", l.total);
	activity_write(fs, uid, out);
	live_requests_release(&l);
}

/* Writes "/a/b", or the number of an inode of which no name is in memory. */
static void name_file(const struct live_request *r, char *out, size_t size)
{
	bool names = live_opcode_names(r->info.opcode);

	if (r->path)
		snprintf(out, size, "%s", r->path);
	else
		snprintf(out, size, "inode %" PRIu64 "%s%s", r->info.ino, names ? "/" : "",
			names ? r->info.name : "");
}

static void log_request(const struct live_request *r)
{
	char file[1024];

	name_file(r, file, sizeof(file));
	log_info("%s for %s: %s of %s by %s[%ld], uid %u, for %.1f s",
		request_state_name(r->info.state), request_wait_name(r->info.wait),
		live_opcode_name(r->info.opcode), file, *r->program ? r->program : "?",
		(long)r->process, r->info.uid, (double)waited_ms(&r->info) / 1000);
}

static void log_budgets(struct fs *fs)
{
	struct budget budget[BUDGETS_MAX];
	size_t n = budgets_read(fs, budget);

	for (size_t i = 0; i < n; i++)
		log_info("memory: %s has %" PRIu64 " of %" PRIu64 " bytes", budget[i].name,
			budget[i].used, budget[i].limit);
}

static void log_journal(struct fs *fs)
{
	struct journal_report r;

	if (!fs->journal)
		return;
	pthread_mutex_lock(&fs->lock);
	journal_report(fs->journal, &r);
	pthread_mutex_unlock(&fs->lock);
	log_info("drain: %s, to %s; lease: %s; op:%" PRIu64 " acknowledged, op:%" PRIu64
		 " committed, op:%" PRIu64 " on the server's disk",
		r.drain, r.target, r.lease, r.acknowledged, r.committed, r.on_disk);
}

static void log_transport(struct fs *fs)
{
	char why[512];
	const char *name = transport_name(fs->transport, why, sizeof(why));

	log_info("transport: %s%s%s", name, *why ? "; " : "", why);
}

void report_log(struct fs *fs)
{
	struct live_requests l;

	log_transport(fs);
	log_journal(fs);
	log_budgets(fs);
	live_requests_read(fs, -1, &l);
	live_requests_find_paths(fs, &l);
	log_info("%zu requests wait", l.total);
	for (size_t i = 0; i < l.count && i < LOG_REQUESTS_MAX; i++)
		log_request(&l.request[i]);
	live_requests_release(&l);
}
