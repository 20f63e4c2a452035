#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/show.h"
#include "cluster/archiving.h"
#include "cluster/cluster.h"
#include "cluster/watch.h"
#include "command.h"
#include "db/conn.h"

enum { OPT_FORCE };

static const struct command_option options[] = {
	[OPT_FORCE] = {0, "force", NULL, "stop: even while a filesystem is mounted from it"},
	{0},
};

static const char *const state_names[] = {
	[CLUSTER_ABSENT] = "not created yet",
	[CLUSTER_STOPPED] = "stopped",
	[CLUSTER_BUSY] = "starting or stopping",
	[CLUSTER_RUNNING] = "running",
};

/*
 * Checks that no filesystem is mounted from the cluster: it would wait for its server, and
 * everybody who uses it with it.
 */
static bool check_unused(const struct cluster *c, struct error *err)
{
	PGconn *conn = db_connect(c->conninfo, "thule", err);
	PGresult *res = NULL;
	int users = -1;

	if (conn)
		res = db_query(conn,
			"select count(*) from pg_stat_activity where backend_type = 'client "
			"backend' and application_name like 'thulefs%'",
			0, NULL, err);
	if (res)
		users = atoi(PQgetvalue(res, 0, 0));
	PQclear(res);
	PQfinish(conn);
	if (users <= 0)
		return users == 0;
	return error_set(err, ERR_BUSY,
		"a filesystem is mounted from the private PostgreSQL in %s: unmount it "
		"first, or use --force",
		c->home);
}

static bool start(struct cluster *c, const struct arguments *args, struct error *err)
{
	return cluster_ensure(c, NULL, err);
}

static bool stop(struct cluster *c, const struct arguments *args, struct error *err)
{
	if (!cluster_locate(c, err))
		return false;
	if (!args->option[OPT_FORCE] && cluster_state(c) == CLUSTER_RUNNING &&
		!check_unused(c, err))
		return false;
	return cluster_stop(c, err);
}

static bool status(struct cluster *c, const struct arguments *args, struct error *err)
{
	return cluster_locate(c, err);
}

static bool archive(struct cluster *c, const struct arguments *args, struct error *err)
{
	const char *dir = args->operands > 1 ? args->operand[1] : NULL;

	if (!dir)
		return cluster_locate(c, err);
	return cluster_archive(c, strcmp(dir, "off") ? dir : NULL, err);
}

/* Says where WAL goes; that it does not get there fills the server's disk. */
static void tell_archive(const struct cluster *c, bool also_none)
{
	struct archive_state state;

	if (cluster_state(c) != CLUSTER_RUNNING || !cluster_archive_state(c, &state, NULL))
		return;
	if (*state.failed)
		show_line(stdout,
			"WAL does not get to %s since %s, and stays in %s until it does\n",
			state.dir, state.failed, c->data);
	else if (*state.dir)
		show_line(stdout, "WAL goes to %s, up to %s\n", state.dir, state.last);
	else if (also_none)
		show_line(stdout, "WAL goes nowhere: `thule cluster archive DIR` keeps it\n");
}

static void tell_up(const struct cluster *c)
{
	log_info("the private PostgreSQL in %s runs (socket %s)", c->home, c->socket);
	notify_ready(c->home);
}

static bool supervise(struct cluster *c, const struct arguments *args, struct error *err)
{
	log_init("thule", LOG_LEVEL_INFO, 0);
	return cluster_supervise(c, tell_up, err);
}

static const struct command_verb verbs[] = {{"start", NULL, 0, 0}, {"stop", NULL, 0, 0},
	{"status", NULL, 0, 0}, {"run", NULL, 0, 0}, {"archive", "DIR or off", 0, 1}, {0}};

static int run(const struct arguments *args)
{
	static bool (*const acts[])(struct cluster *, const struct arguments *, struct error *) = {
		start, stop, status, supervise, archive};
	struct error err = {0};
	struct cluster c = {0};

	if (!acts[args->verb](&c, args, &err))
		return command_fail(&err);
	if (acts[args->verb] != archive)
		show_line(stdout, "private PostgreSQL in %s (socket %s): %s\n", c.home, c.socket,
			state_names[cluster_state(&c)]);
	tell_archive(&c, acts[args->verb] == archive);
	return EXIT_DONE;
}

const struct command command_cluster = {
	.name = "cluster",
	.operands = "start | stop [--force] | status | run | archive [DIR | off]",
	.summary = "start, stop or show the private PostgreSQL",
	.help = "`start` creates the private PostgreSQL when it does not exist yet. A mount\n"
		"of `private` does so as well, and starts the server again after it has died.\n"
		"`run` does the same in the foreground, for a service manager: it starts the\n"
		"server again when it dies, and stops it at SIGTERM or SIGINT.\n"
		"\n"
		"`archive DIR` has the server copy its WAL to DIR from now on, best on another\n"
		"disk: a backup that is taken afterwards (`thule backup`) can be restored to any\n"
		"instant since, but for the last five minutes. Nothing is deleted from there.\n"
		"`archive` alone says how that goes.",
	.verbs = verbs,
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
	.operands_text = 1,
	.run = run,
};
