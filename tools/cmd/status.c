#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/host.h"
#include "cluster/cluster.h"
#include "command.h"
#include "daemon.h"
#include "db/conn.h"
#include "journal_seen.h"
#include "print.h"
#include "target.h"
#include "waits.h"

/* The time in which the databases of all mounts together must answer. */
#define ANSWER_LIMIT_S 2

enum { OPT_JSON, OPT_REQUESTS };

static const struct command_option options[] = {
	[OPT_JSON] = {0, "json", NULL, "print a JSON object, of DIR or with all mounts"},
	[OPT_REQUESTS] = {0, "requests", NULL,
		"show who waits in the mount, and for what, also while the database is away"},
	{0},
};

static const char *const state_names[] = {
	[CLUSTER_ABSENT] = "absent",
	[CLUSTER_STOPPED] = "stopped",
	[CLUSTER_BUSY] = "busy",
	[CLUSTER_RUNNING] = "running",
};

/*
 * The journal is looked at before the database is asked, so that the lag is never shown too small.
 */
static PGresult *ask(
	PGconn *conn, const struct mount_point *m, const struct journal_seen *j, struct error *err)
{
	char boot[HOST_BOOT_ID], device[24], number[5][24];
	const char *params[7] = {device, boot};

	host_boot_id(boot);
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

/* Columns of the statement that are not shown. */
enum { COLUMN_JSON, COLUMN_PID, COLUMNS_HIDDEN };

/* Returns the pid of the daemon by its row in the database, or 0. */
static pid_t daemon_of(const PGresult *res)
{
	return res ? (pid_t)atol(PQgetvalue(res, 0, COLUMN_PID)) : 0;
}

/*
 * The questions about one mount, to the database in one thread and to the daemon in another.
 * Whatever these do, from starting a server to waiting for its answer, must not take longer than
 * the caller waits. A thread that is late is left behind and ends with the program, so its memory
 * is never freed.
 */
struct inquiry {
	struct mount_point mount;
	struct journal_seen journal;
	struct journal_seen left; /* the same, or the journal that a daemon has left */
	pthread_t thread, waits_thread;
	bool started, answered;
	bool waits_started, waits_answered;
	PGresult *res;
	struct error err;
	struct waits *waits; /* the answer of the daemon; NULL: none */
};

/*
 * Returns the transport, by the daemon's word or, where it gives none, by its descriptors; NULL:
 * not known. *why says what to do to get a faster one, or is "".
 */
static const char *transport_of(const struct inquiry *q, pid_t pid, const char **why)
{
	const char *name = q->waits_answered && q->waits ? waits_transport(q->waits, why) : "";

	if (*name)
		return name;
	*why = "";
	return pid ? daemon_transport(pid) : NULL;
}

static void show(const struct inquiry *q, const PGresult *res, pid_t pid, const char *problem)
{
	const struct mount_point *m = &q->mount;
	const struct journal_seen *j = &q->journal;
	const char *why, *transport = transport_of(q, pid, &why);
	char text[600];

	print_safe(stdout, m->dir, 0);
	printf("\n");
	print_field("source", m->source);
	for (int i = COLUMNS_HIDDEN; res && i < PQnfields(res); i++)
		print_field(PQfname(res, i), PQgetvalue(res, 0, i));
	/* Without the server, this host knows the rest. */
	if (!res && *j->path) {
		snprintf(text, sizeof(text),
			"op:%llu acknowledged, op:%llu on the server's disk; %llu bytes between "
			"them",
			(unsigned long long)j->peek.head_op, (unsigned long long)j->peek.tail_op,
			(unsigned long long)j->peek.bytes_used);
		print_field("journal", text);
	}
	if (!res && pid) {
		snprintf(text, sizeof(text), "pid %ld", (long)pid);
		print_field("daemon", text);
	}
	journal_seen_show(j);
	if (transport) {
		snprintf(text, sizeof(text), "%s%s%s", transport, *why ? "; " : "", why);
		print_field("transport", text);
	}
	waits_show_memory(q->waits_answered ? q->waits : NULL);
	if (problem)
		print_field("problem", problem);
}

/* The server's own object is printed whole, under a key of its own. */
static void show_json(const struct inquiry *q, const PGresult *res, pid_t pid, const char *problem)
{
	const struct mount_point *m = &q->mount;
	const struct journal_seen *j = &q->journal;
	const char *why, *transport = transport_of(q, pid, &why);

	printf("{\"mountpoint\": ");
	print_json_string(stdout, m->dir);
	printf(", \"source\": ");
	print_json_string(stdout, m->source);
	printf(", \"filesystem\": ");
	print_json(stdout, res ? PQgetvalue(res, 0, COLUMN_JSON) : "null");
	printf(", \"journal\": ");
	journal_seen_show_json(j);
	if (pid)
		printf(", \"pid\": %ld", (long)pid);
	else
		printf(", \"pid\": null");
	printf(", \"transport\": ");
	print_json_string(stdout, transport);
	printf(", \"transport_why\": ");
	print_json_string(stdout, *why ? why : NULL);
	printf(", ");
	waits_show_memory_json(q->waits_answered ? q->waits : NULL);
	printf(", \"error\": ");
	print_json_string(stdout, problem);
	printf("}");
}

static void *inquire(void *arg)
{
	struct inquiry *q = arg;
	struct target *t = calloc(1, sizeof(*t));
	PGconn *conn = NULL;

	if (t && target_of_mount(&q->mount, t, &q->err))
		conn = target_connect(t, &q->err);
	if (conn) {
		q->left = q->journal;
		journal_seen_left(conn, &q->left);
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

static void *ask_daemon(void *arg)
{
	struct inquiry *q = arg;

	q->waits = waits_ask(&q->mount, NULL);
	return NULL;
}

static void begin(struct inquiry *q, const struct mount_point *m)
{
	memset(q, 0, sizeof(*q));
	q->mount = *m;
	journal_seen_look(m, &q->journal);
	q->started = pthread_create(&q->thread, NULL, inquire, q) == 0;
	q->waits_started = pthread_create(&q->waits_thread, NULL, ask_daemon, q) == 0;
}

/*
 * Prints the answers. Returns true when the database answered before `deadline` and the daemon
 * lives.
 */
static bool report(struct inquiry *q, const struct timespec *deadline, bool json)
{
	struct error late = {0}, *err = &q->err;
	PGresult *res;
	pid_t pid;
	bool ok;

	q->answered = q->started && pthread_timedjoin_np(q->thread, NULL, deadline) == 0;
	q->waits_answered =
		q->waits_started && pthread_timedjoin_np(q->waits_thread, NULL, deadline) == 0;
	if (!q->answered) {
		err = &late;
		error_set(err, ERR_UNREACHABLE,
			"its database does not answer within %d seconds: changes wait in the "
			"journal",
			ANSWER_LIMIT_S);
	}
	res = q->answered ? q->res : NULL;
	if (res)
		q->journal = q->left;
	pid = res ? daemon_of(res) : daemon_by_connection(&q->mount);
	/* Looking at the mount itself could block. */
	if (pid && !daemon_alive(pid))
		error_set(err, ERR_UNREACHABLE,
			"its daemon is gone: unmount it (`thule umount %s`), and mount it "
			"again; nothing that it acknowledged is lost",
			q->mount.dir);
	if (*q->journal.path && q->journal.peek.state == RING_FENCED)
		error_set(err, ERR_BUSY,
			"another mount or command has written while this one had no session: "
			"unmount it, and mount it again");
	ok = res && err->class == ERR_NONE;
	(json ? show_json : show)(q, res, pid, ok ? NULL : err->text);
	PQclear(res);
	return ok;
}

/* A thread that is late is left behind. */
static void end(struct inquiry *q)
{
	if (q->waits_answered)
		waits_free(q->waits);
	if ((q->answered || !q->started) && (q->waits_answered || !q->waits_started))
		free(q);
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
	end(q);
	return ok;
}

/* All mounts are asked at once, so that silent ones take no longer than one. */
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
		end(all->inquiries[i]);
	}
	return ok;
}

/* The question to the private PostgreSQL, asked in the same way. */
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
		print_field("home", q->cluster.home);
		print_field("socket", q->cluster.socket);
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
	bool json = args->option[OPT_JSON], requests = args->option[OPT_REQUESTS];
	struct error err = {0};
	struct mount_point m;
	char real[PATH_MAX];
	bool ok;

	if (!args->operands)
		return requests ? waits_report_all(json) : report_everything(json);
	/*
	 * Following a path could ask the server; a path that plainly leads into a mount needs no
	 * following.
	 */
	if (!(mounts_absolute(args->operand[0], real) && mounts_find(real, &m)) &&
		!mounts_real_path(args->operand[0], true, real, &err))
		return command_fail(&err);
	if (!mounts_find(real, &m)) {
		error_set(&err, ERR_USAGE, "%s is not in a ThuleFS mount", args->operand[0]);
		return command_fail(&err);
	}
	ok = requests ? waits_report(&m, json) : report_one(&m, json);
	if (json)
		printf("\n");
	return ok ? EXIT_DONE : EXIT_FAILED;
}

const struct command command_status = {
	.name = "status",
	.operands = "[DIR] [--requests] [--json]",
	.summary = "show database, journal and daemon of a mount or of all, and who waits "
		   "for what",
	.help = "Answers within two seconds, whatever the database does; when it does not\n"
		"answer, prints what this host knows. Exits with 1 when a database does not\n"
		"answer or a daemon is gone; with DIR, that mount alone counts.\n"
		"\n"
		"With --requests only the daemon is asked. Root and the user who mounted see\n"
		"everybody's requests, others their own. Exits with 1 when a daemon does not\n"
		"answer.",
	.options = options,
	.operands_max = 1,
	.pages = true,
	.run = run,
};
