#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/show.h"
#include "cluster/cluster.h"
#include "command.h"
#include "db/conn.h"

enum { OPT_FORCE };

static const struct command_option options[] = {
	[OPT_FORCE] = {0, "force", NULL, "stop: although something is mounted from it"},
	{0},
};

static const char *const state_names[] = {
	[CLUSTER_ABSENT] = "not created yet",
	[CLUSTER_STOPPED] = "stopped",
	[CLUSTER_BUSY] = "starting or stopping",
	[CLUSTER_RUNNING] = "running",
};

/* A mounted filesystem would wait for its server, and with it everyone who uses it. */
static bool check_unused(const struct cluster *c, struct error *err)
{
	PGconn *conn = db_connect(c->conninfo, "thule", err);
	PGresult *res = NULL;
	int users = -1;

	if (conn)
		res = db_query(conn,
			"select count(*) from pg_stat_activity"
			" where backend_type = 'client backend' and application_name like "
			"'thulefs%'",
			0, NULL, err);
	if (res)
		users = atoi(PQgetvalue(res, 0, 0));
	PQclear(res);
	PQfinish(conn);
	if (users <= 0)
		return users == 0;
	return error_set(err, ERR_BUSY,
		"a filesystem is mounted from the private PostgreSQL in %s: unmount it first, or "
		"use "
		"--force",
		c->home);
}

static bool start(struct cluster *c, bool force, struct error *err)
{
	return cluster_ensure(c, NULL, err);
}

static bool stop(struct cluster *c, bool force, struct error *err)
{
	if (!cluster_locate(c, err))
		return false;
	if (!force && cluster_state(c) == CLUSTER_RUNNING && !check_unused(c, err))
		return false;
	return cluster_stop(c, err);
}

static bool status(struct cluster *c, bool force, struct error *err)
{
	return cluster_locate(c, err);
}

static int run(const struct arguments *args)
{
	static const struct {
		const char *name;
		bool (*act)(struct cluster *c, bool force, struct error *err);
	} verbs[] = {{"start", start}, {"stop", stop}, {"status", status}};
	struct error err = {0};
	struct cluster c;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(args->operand[0], verbs[i].name))
			continue;
		if (!verbs[i].act(&c, args->option[OPT_FORCE], &err))
			return command_fail(&err);
		show_line(stdout, "private PostgreSQL in %s (socket %s): %s\n", c.home, c.socket,
			state_names[cluster_state(&c)]);
		return EXIT_DONE;
	}
	error_set(&err, ERR_USAGE, "`thule cluster %s` is none of start, stop, status",
		args->operand[0]);
	return command_fail(&err);
}

const struct command command_cluster = {
	.name = "cluster",
	.operands = "start | stop [--force] | status",
	.summary = "the private PostgreSQL",
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.operands_text = 1,
	.run = run,
};
