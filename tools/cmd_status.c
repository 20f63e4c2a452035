#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "cluster/cluster.h"
#include "command.h"
#include "daemon.h"
#include "db/conn.h"
#include "db/schema.h"
#include "journal/ring.h"
#include "print.h"
#include "self.h"
#include "target.h"

/* How long the databases of all mounts together may take to answer. */
#define ANSWER_LIMIT_S 2

enum { OPT_JSON };

static const struct command_option options[] = {
	[OPT_JSON] = {0, "json", NULL, "print JSON: an object for DIR, else one with all mounts"},
	{0},
};

static const char *const state_names[] = {
	[CLUSTER_ABSENT] = "absent",
	[CLUSTER_STOPPED] = "stopped",
	[CLUSTER_BUSY] = "busy",
	[CLUSTER_RUNNING] = "running",
};

static void line(const char *label, const char *text)
{
	printf("  %-11s ", label);
	print_safe(stdout, text, 0);
	printf("\n");
}

/* The journal of the mount's daemon, which needs no database to be asked. */
struct journal_seen {
	char path[PATH_MAX]; /* "": none is to be seen */
	struct ring_peek peek;
};

static const char *const lease_words[] = {
	[RING_LEASED] = "held", [RING_LOST] = "lost", [RING_FENCED] = "gone"};
static const char *const lease_meaning[] = {
	[RING_LEASED] = "",
	[RING_LOST] = ": changes wait until the daemon has taken it back",
	[RING_FENCED] = ": nothing is read or written here any more; unmount, and mount again",
};

static void see_journal(const struct mount_point *m, struct journal_seen *j)
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

/* What a daemon that is gone has left of the filesystem. */
static void see_left(PGconn *conn, struct journal_seen *j)
{
	struct superblock sb;
	struct left l = {sb.uuid, j};

	if (!*j->path && schema_superblock(conn, &sb, NULL))
		ring_visit(match_left, &l);
}

static void show_journal(const struct journal_seen *j)
{
	char text[PATH_MAX + 200], since[64];
	time_t at = (time_t)j->peek.since;
	struct tm tm;

	if (!*j->path)
		return;
	localtime_r(&at, &tm);
	strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s since %s%s", lease_words[j->peek.state], since,
		lease_meaning[j->peek.state]);
	line("lease", text);
	snprintf(text, sizeof(text), "%s, %llu MiB", j->path,
		(unsigned long long)j->peek.bytes_size >> 20);
	line("in", text);
	if (j->peek.remade) {
		at = (time_t)j->peek.remade;
		localtime_r(&at, &tm);
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
		snprintf(text, sizeof(text),
			"somebody removed that file; the daemon made it again at %s", since);
		line("", text);
	}
	if (!j->peek.kept_from)
		return;
	snprintf(text, sizeof(text),
		"op:%llu to op:%llu were acknowledged and are in that file alone: see `thule "
		"journal show`",
		(unsigned long long)j->peek.kept_from, (unsigned long long)j->peek.head_op);
	line("", text);
}

static void show_journal_json(const struct journal_seen *j)
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
		printf("%llu}", (unsigned long long)j->peek.kept_from);
	else
		printf("null}");
}

/* The journal was asked before the database, so that the lag is never shown too small. */
static PGresult *ask(
	PGconn *conn, const struct mount_point *m, const struct journal_seen *j, struct error *err)
{
	char boot[SELF_BOOT_ID], device[24], number[5][24];
	const char *params[7] = {device, boot};

	self_boot_id(boot);
	snprintf(device, sizeof(device), "%u", m->device);
	if (*j->path) {
		const unsigned long long value[5] = {j->peek.head_op, j->peek.tail_op,
			j->peek.bytes_used, j->peek.bytes_size, (unsigned long long)j->peek.pid};
		for (int i = 0; i < 5; i++) {
			snprintf(number[i], sizeof(number[i]), "%llu", value[i]);
			params[2 + i] = number[i];
		}
	}
	return db_query(conn, statements[STMT_COMMAND_STATUS].text, 7, params, err);
}

/* Columns of the statement before those that people see. */
enum { COLUMN_JSON, COLUMN_PID, COLUMNS_HIDDEN };

/* Pid of the daemon as the database knows it, or 0. */
static pid_t daemon_of(const PGresult *res)
{
	return res ? (pid_t)atol(PQgetvalue(res, 0, COLUMN_PID)) : 0;
}

static void show(const struct mount_point *m, const struct journal_seen *j, const PGresult *res,
	pid_t pid, const char *problem)
{
	const char *transport = pid ? daemon_transport(pid) : NULL;
	char text[128];

	print_safe(stdout, m->dir, 0);
	printf("\n");
	line("source", m->source);
	for (int i = COLUMNS_HIDDEN; res && i < PQnfields(res); i++)
		line(PQfname(res, i), PQgetvalue(res, 0, i));
	/* Without the server the rest is what the host knows. */
	if (!res && *j->path) {
		snprintf(text, sizeof(text),
			"op:%llu acknowledged, op:%llu on the server's disk; %llu bytes between "
			"them",
			(unsigned long long)j->peek.head_op, (unsigned long long)j->peek.tail_op,
			(unsigned long long)j->peek.bytes_used);
		line("journal", text);
	}
	if (!res && pid) {
		snprintf(text, sizeof(text), "pid %ld", (long)pid);
		line("daemon", text);
	}
	show_journal(j);
	if (transport)
		line("transport", transport);
	if (problem)
		line("problem", problem);
}

static void print_json_text(const char *text)
{
	if (text)
		print_json_string(stdout, text);
	else
		printf("null");
}

/* The server's own object goes in whole, under a key of its own. */
static void show_json(const struct mount_point *m, const struct journal_seen *j,
	const PGresult *res, pid_t pid, const char *problem)
{
	const char *transport = pid ? daemon_transport(pid) : NULL;

	printf("{\"mountpoint\": ");
	print_json_string(stdout, m->dir);
	printf(", \"source\": ");
	print_json_string(stdout, m->source);
	printf(", \"filesystem\": ");
	print_json(stdout, res ? PQgetvalue(res, 0, COLUMN_JSON) : "null");
	printf(", \"journal\": ");
	show_journal_json(j);
	if (pid)
		printf(", \"pid\": %ld", (long)pid);
	else
		printf(", \"pid\": null");
	printf(", \"transport\": ");
	print_json_text(transport);
	printf(", \"error\": ");
	print_json_text(problem);
	printf("}");
}

/*
 * What is asked of the database of one mount, by a thread of its own: nothing that it does, from
 * starting a server to waiting for its answer, may take longer than who asks wants to wait. One
 * that is late is left to itself and ends with the program, so what it writes to is never freed.
 */
struct inquiry {
	struct mount_point mount;
	struct journal_seen journal;
	struct journal_seen left; /* the same, or what a daemon that is gone has left */
	pthread_t thread;
	bool started, answered;
	PGresult *res;
	struct error err;
};

static void *inquire(void *arg)
{
	struct inquiry *q = arg;
	struct target *t = calloc(1, sizeof(*t));
	PGconn *conn = NULL;

	if (t && target_of_mount(&q->mount, t, &q->err))
		conn = target_connect(t, &q->err);
	if (conn) {
		q->left = q->journal;
		see_left(conn, &q->left);
		q->res = ask(conn, &q->mount, &q->left, &q->err);
	}
	if (q->res && PQntuples(q->res) != 1) {
		PQclear(q->res);
		q->res = NULL;
		error_set(&q->err, ERR_CORRUPT, "the database has no superblock");
	}
	PQfinish(conn);
	free(t);
	return NULL;
}

static void begin(struct inquiry *q, const struct mount_point *m)
{
	memset(q, 0, sizeof(*q));
	q->mount = *m;
	see_journal(m, &q->journal);
	q->started = pthread_create(&q->thread, NULL, inquire, q) == 0;
}

/* True when the database of the mount answered before `deadline`, and its daemon lives. */
static bool report(struct inquiry *q, const struct timespec *deadline, bool json)
{
	struct error late = {0}, *err = &q->err;
	PGresult *res;
	pid_t pid;
	bool ok;

	q->answered = q->started && pthread_timedjoin_np(q->thread, NULL, deadline) == 0;
	if (!q->answered) {
		err = &late;
		error_set(err, ERR_UNREACHABLE,
			"its database does not answer within %d seconds: what is changed waits in "
			"the journal",
			ANSWER_LIMIT_S);
	}
	res = q->answered ? q->res : NULL;
	if (res)
		q->journal = q->left;
	pid = res ? daemon_of(res) : daemon_by_connection(&q->mount);
	/* Looking at the mount itself could block. */
	if (pid && !daemon_alive(pid))
		error_set(err, ERR_UNREACHABLE,
			"its daemon is gone: `thule umount %s`, and mount it again; nothing that "
			"it "
			"acknowledged is lost",
			q->mount.dir);
	if (*q->journal.path && q->journal.peek.state == RING_FENCED)
		error_set(err, ERR_BUSY,
			"another mount or command has written while this one had no session: "
			"unmount, and mount again");
	ok = res && err->class == ERR_NONE;
	(json ? show_json : show)(&q->mount, &q->journal, res, pid, ok ? NULL : err->text);
	PQclear(res);
	return ok;
}

static struct timespec deadline(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += ANSWER_LIMIT_S;
	return at;
}

static bool report_one(const struct mount_point *m, bool json)
{
	struct inquiry *q = xcalloc(1, sizeof(*q));
	struct timespec at = deadline();
	bool ok;

	begin(q, m);
	ok = report(q, &at, json);
	if (q->answered)
		free(q);
	return ok;
}

/* All are asked at once, so that those which do not answer take no longer than one. */
struct all {
	struct inquiry **inquiries;
	size_t count;
};

static bool begin_next(const struct mount_point *m, void *arg)
{
	struct all *all = arg;

	all->inquiries = xrealloc(all->inquiries, (all->count + 1) * sizeof(struct inquiry *));
	all->inquiries[all->count] = xcalloc(1, sizeof(struct inquiry));
	begin(all->inquiries[all->count++], m);
	return true;
}

static bool report_all(const struct all *all, const struct timespec *at, bool json)
{
	bool ok = true;

	for (size_t i = 0; i < all->count; i++) {
		if (i)
			printf(json ? ",\n  " : "\n");
		ok = report(all->inquiries[i], at, json) && ok;
		if (all->inquiries[i]->answered)
			free(all->inquiries[i]);
	}
	return ok;
}

/* The private PostgreSQL, asked in the same way. */
struct cluster_inquiry {
	struct cluster cluster;
	pthread_t thread;
	bool exists, started;
	enum cluster_state state;
};

static void *ping(void *arg)
{
	struct cluster_inquiry *q = arg;

	q->state = cluster_state(&q->cluster);
	return NULL;
}

static struct cluster_inquiry *begin_cluster(void)
{
	struct cluster_inquiry *q = xcalloc(1, sizeof(*q));

	q->exists = cluster_locate(&q->cluster, NULL);
	q->started = q->exists && pthread_create(&q->thread, NULL, ping, q) == 0;
	return q;
}

static void report_cluster(struct cluster_inquiry *q, const struct timespec *deadline, bool json)
{
	bool answered = q->started && pthread_timedjoin_np(q->thread, NULL, deadline) == 0;
	const char *state = answered ? state_names[q->state] : "silent";

	if (!q->exists) {
		printf(json ? "null" : "");
	} else if (!json) {
		printf("\nprivate PostgreSQL: %s\n", state);
		line("home", q->cluster.home);
		line("socket", q->cluster.socket);
	} else {
		printf("{\"state\": \"%s\", \"home\": ", state);
		print_json_string(stdout, q->cluster.home);
		printf(", \"socket\": ");
		print_json_string(stdout, q->cluster.socket);
		printf("}");
	}
	if (answered || !q->started)
		free(q);
}

static int report_everything(bool json)
{
	struct timespec at = deadline();
	struct cluster_inquiry *cluster;
	struct all all = {0};
	struct error err = {0};
	bool ok;

	if (!mounts_visit(begin_next, &all, &err))
		return command_fail(&err);
	cluster = begin_cluster();
	if (json)
		printf("{\"mounts\": [");
	ok = report_all(&all, &at, json);
	free(all.inquiries);
	if (json)
		printf("],\n \"private\": ");
	else if (!all.count)
		printf("no ThuleFS is mounted\n");
	report_cluster(cluster, &at, json);
	if (json)
		printf("}\n");
	return ok ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct arguments *args)
{
	bool json = args->option[OPT_JSON];
	struct error err = {0};
	struct mount_point m;
	char real[PATH_MAX];
	bool ok;

	if (!args->operands)
		return report_everything(json);
	/* Following a path could ask the server; one that plainly leads into a mount needs none of
	 * that. */
	if (!(mounts_absolute(args->operand[0], real) && mounts_find(real, &m)) &&
		!mounts_real_path(args->operand[0], true, real, &err))
		return command_fail(&err);
	if (!mounts_find(real, &m)) {
		error_set(&err, ERR_USAGE, "%s is not in a ThuleFS mount", args->operand[0]);
		return command_fail(&err);
	}
	ok = report_one(&m, json);
	if (json)
		printf("\n");
	return ok ? EXIT_DONE : EXIT_FAILED;
}

const struct command command_status = {
	.name = "status",
	.operands = "[DIR] [--json]",
	.summary = "database, journal and daemon of a mount, or of all",
	.help = "Answers within two seconds, whatever the database does: without it, with what "
		"this host "
		"knows. Exits\n"
		"1 when a database does not answer, or a daemon is gone.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
