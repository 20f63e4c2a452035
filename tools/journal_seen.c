#include "journal_seen.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon.h"
#include "db/refusal.h"
#include "db/schema.h"
#include "print.h"

static const char *const lease_words[] = {
	[RING_LEASED] = "held", [RING_LOST] = "lost", [RING_FENCED] = "gone"};
static const char *const lease_meaning[] = {
	[RING_LEASED] = "",
	[RING_LOST] = ": changes wait until the daemon has taken it back",
	[RING_FENCED] = ": nothing is read or written here any more; unmount, and mount again",
};

void journal_seen_look(const struct mount_point *m, struct journal_seen *j)
{
	pid_t pid = daemon_by_connection(m);

	*j->path = '\0';
	if (pid && daemon_journal(pid, j->path, &j->peek) && j->peek.state > RING_FENCED)
		*j->path = '\0';
}

struct left {
	const char *uuid;
	struct journal_seen *seen;
};

static bool match_left(void *arg, const char *path, const struct ring_peek *peek)
{
	struct left *l = arg;

	if (strcmp(peek->uuid, l->uuid) != 0 || !peek->bytes_used || peek->kept_from)
		return true;
	snprintf(l->seen->path, sizeof(l->seen->path), "%s", path);
	l->seen->peek = *peek;
	return false;
}

void journal_seen_left(PGconn *conn, struct journal_seen *j)
{
	struct superblock sb;
	struct left l = {sb.uuid, j};

	if (!*j->path && schema_superblock(conn, &sb, NULL))
		ring_visit(match_left, &l);
}

void journal_seen_refusal(const struct ring_peek *peek, char *text, size_t size)
{
	time_t at = (time_t)peek->refused_at;
	char since[64];
	struct tm tm;

	localtime_r(&at, &tm);
	strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text, size, "since %s: %s (SQLSTATE %s); %s", since, peek->refused, peek->sqlstate,
		refusal_hint(peek->sqlstate));
}

void journal_seen_refusal_json(const struct ring_peek *peek)
{
	if (!*peek->refused) {
		printf("null");
		return;
	}
	printf("{\"since\": %lld, \"sqlstate\": ", (long long)peek->refused_at);
	print_json_string(stdout, peek->sqlstate);
	printf(", \"error\": ");
	print_json_string(stdout, peek->refused);
	printf(", \"hint\": ");
	print_json_string(stdout, refusal_hint(peek->sqlstate));
	printf("}");
}

/* --- what was kept --- */

struct kept {
	const char *uuid;
	bool json, found;
};

static void show_kept(const char *path, const struct ring_peek *peek)
{
	char text[PATH_MAX + 200];

	snprintf(text, sizeof(text),
		"op:%llu to op:%llu, which are not in the database: `thule journal show` lists "
		"them, of %s",
		(unsigned long long)peek->kept_from, (unsigned long long)peek->head_op, path);
	print_field("kept", text);
}

static bool visit_kept(void *arg, const char *path, const struct ring_peek *peek)
{
	struct kept *k = arg;

	if (!peek->kept_from || strcmp(peek->uuid, k->uuid) != 0)
		return true;
	if (k->json) {
		printf("%s{\"file\": ", k->found ? ", " : "");
		print_json_string(stdout, path);
		printf(", \"from\": %llu, \"to\": %llu}", (unsigned long long)peek->kept_from,
			(unsigned long long)peek->head_op);
	} else {
		show_kept(path, peek);
	}
	k->found = true;
	return true;
}

static void each_kept(const struct journal_seen *j, bool json)
{
	struct kept k = {j->peek.uuid, json, false};

	ring_visit(visit_kept, &k);
	ring_visit_kept(j->path, visit_kept, &k);
}

void journal_seen_show(const struct journal_seen *j)
{
	char text[PATH_MAX + 2 * RING_REFUSED_MAX], since[64];
	time_t at = (time_t)j->peek.since;
	struct tm tm;

	if (!*j->path)
		return;
	localtime_r(&at, &tm);
	strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s since %s%s", lease_words[j->peek.state], since,
		lease_meaning[j->peek.state]);
	print_field("lease", text);
	snprintf(text, sizeof(text), "%s, %llu MiB", j->path,
		(unsigned long long)j->peek.bytes_size >> 20);
	print_field("in", text);
	if (j->peek.remade) {
		at = (time_t)j->peek.remade;
		localtime_r(&at, &tm);
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
		snprintf(text, sizeof(text),
			"somebody removed that file; the daemon made it again at %s", since);
		print_field("", text);
	}
	if (*j->peek.refused) {
		journal_seen_refusal(&j->peek, text, sizeof(text));
		print_field("refused", text);
	}
	each_kept(j, false);
}

void journal_seen_show_json(const struct journal_seen *j)
{
	if (!*j->path) {
		printf("null");
		return;
	}
	printf("{\"lease\": \"%s\", \"since\": %lld, \"file\": ", lease_words[j->peek.state],
		(long long)j->peek.since);
	print_json_string(stdout, j->path);
	printf(", \"bytes_size\": %llu, \"bytes\": %llu, \"acknowledged\": %llu, \"on_disk\": "
	       "%llu, \"kept_from\": ",
		(unsigned long long)j->peek.bytes_size, (unsigned long long)j->peek.bytes_used,
		(unsigned long long)j->peek.head_op, (unsigned long long)j->peek.tail_op);
	if (j->peek.kept_from)
		printf("%llu", (unsigned long long)j->peek.kept_from);
	else
		printf("null");
	printf(", \"refused\": ");
	journal_seen_refusal_json(&j->peek);
	printf(", \"kept\": [");
	each_kept(j, true);
	printf("]}");
}
