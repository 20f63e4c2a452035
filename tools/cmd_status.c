#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cluster/cluster.h"
#include "command.h"
#include "daemon.h"
#include "db/conn.h"
#include "db/schema.h"
#include "journal/ring.h"
#include "print.h"
#include "self.h"
#include "target.h"

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
	if (pid)
		daemon_journal(pid, j->path);
	if (*j->path && (!ring_peek(j->path, &j->peek, NULL) || j->peek.state > RING_FENCED))
		*j->path = '\0';
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
	const char *problem)
{
	pid_t pid = daemon_of(res);
	const char *transport = pid ? daemon_transport(pid) : NULL;

	print_safe(stdout, m->dir, 0);
	printf("\n");
	line("source", m->source);
	for (int i = COLUMNS_HIDDEN; res && i < PQnfields(res); i++)
		line(PQfname(res, i), PQgetvalue(res, 0, i));
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
	const PGresult *res, const char *problem)
{
	pid_t pid = daemon_of(res);
	const char *transport = pid ? daemon_transport(pid) : NULL;

	printf("{\"mountpoint\": ");
	print_json_string(stdout, m->dir);
	printf(", \"source\": ");
	print_json_string(stdout, m->source);
	printf(", \"filesystem\": ");
	print_json(stdout, res ? PQgetvalue(res, 0, COLUMN_JSON) : "null");
	printf(", \"journal\": ");
	show_journal_json(j);
	printf(", \"transport\": ");
	print_json_text(transport);
	printf(", \"error\": ");
	print_json_text(problem);
	printf("}");
}

/* True when the database of the mount answered, and its daemon lives. */
static bool report(const struct mount_point *m, bool json)
{
	struct target *t = calloc(1, sizeof(*t));
	struct journal_seen journal = {0};
	struct error err = {0};
	PGconn *conn = NULL;
	PGresult *res = NULL;
	pid_t pid;
	bool ok;

	see_journal(m, &journal);
	if (t && target_of_mount(m, t, &err))
		conn = target_connect(t, &err);
	if (conn)
		res = ask(conn, m, &journal, &err);
	if (res && PQntuples(res) != 1) {
		PQclear(res);
		res = NULL;
		error_set(&err, ERR_CORRUPT, "the database has no superblock");
	}
	pid = daemon_of(res);
	/* Looking at the mount itself could block. */
	if (pid && !daemon_alive(pid))
		error_set(&err, ERR_UNREACHABLE,
			"its daemon is gone: `thule umount %s`, and mount it again; nothing that "
			"it "
			"acknowledged is lost",
			m->dir);
	if (*journal.path && journal.peek.state == RING_FENCED)
		error_set(&err, ERR_BUSY,
			"another mount or command has written while this one had no session: "
			"unmount, and mount again");
	ok = res && err.class == ERR_NONE;
	(json ? show_json : show)(m, &journal, res, ok ? NULL : err.text);
	PQclear(res);
	PQfinish(conn);
	free(t);
	return ok;
}

struct report_all {
	bool json;
	bool ok;
	int count;
};

static bool report_next(const struct mount_point *m, void *arg)
{
	struct report_all *all = arg;

	if (all->json)
		printf("%s", all->count ? ",\n  " : "");
	else if (all->count)
		printf("\n");
	all->count++;
	all->ok = report(m, all->json) && all->ok;
	return true;
}

static void report_cluster(bool json)
{
	struct cluster c;

	if (!cluster_locate(&c, NULL)) {
		if (json)
			printf("null");
		return;
	}
	if (!json) {
		printf("\nprivate PostgreSQL: %s\n", state_names[cluster_state(&c)]);
		line("home", c.home);
		line("socket", c.socket);
		return;
	}
	printf("{\"state\": \"%s\", \"home\": ", state_names[cluster_state(&c)]);
	print_json_string(stdout, c.home);
	printf(", \"socket\": ");
	print_json_string(stdout, c.socket);
	printf("}");
}

static int report_everything(bool json)
{
	struct report_all all = {.json = json, .ok = true};
	struct error err = {0};

	if (json)
		printf("{\"mounts\": [");
	if (!mounts_visit(report_next, &all, &err))
		return command_fail(&err);
	if (json)
		printf("],\n \"private\": ");
	else if (!all.count)
		printf("no ThuleFS is mounted\n");
	report_cluster(json);
	if (json)
		printf("}\n");
	return all.ok ? EXIT_DONE : EXIT_FAILED;
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
	if (!mounts_real_path(args->operand[0], true, real, &err))
		return command_fail(&err);
	if (!mounts_find(real, &m)) {
		error_set(&err, ERR_USAGE, "%s is not in a ThuleFS mount", args->operand[0]);
		return command_fail(&err);
	}
	ok = report(&m, json);
	if (json)
		printf("\n");
	return ok ? EXIT_DONE : EXIT_FAILED;
}

const struct command command_status = {
	.name = "status",
	.operands = "[DIR] [--json]",
	.summary = "database, journal and daemon of a mount, or of all",
	.help = "Exits 1 when a database does not answer, or a daemon is gone.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
