#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "backup/identity.h"
#include "base/show.h"
#include "command.h"
#include "db/schema.h"
#include "journal/ring.h"
#include "target.h"

enum { OPT_IDENTITY };

static const struct command_option options[] = {
	[OPT_IDENTITY] = {0, "identity", "UUID",
		"take this one, as to go back, in place of a new one"},
	{0},
};

/* Which journals matter to a filesystem that changes its identity. */
struct journals {
	const char *uuid, *server;
	char own[PATH_MAX], other[PATH_MAX];
};

static bool look(void *arg, const char *path, const struct ring_peek *peek)
{
	struct journals *j = arg;

	if (strcmp(peek->uuid, j->uuid) != 0 || !peek->bytes_used || peek->kept_from)
		return true;
	if (!strcmp(peek->server, j->server))
		snprintf(j->own, sizeof(j->own), "%s", path);
	else
		snprintf(j->other, sizeof(j->other), "%s", path);
	return true;
}

/* What a daemon acknowledged for this very database must be in it before nobody looks for it any
 * more. */
static bool check_journals(PGconn *conn, const char *uuid, struct error *err)
{
	PGresult *res = ask(conn, STMT_COMMAND_BACKUP_SERVER, 0, NULL, err);
	char server[512];
	struct journals j = {.uuid = uuid, .server = server};

	if (!res)
		return false;
	/* As the daemon names a server in its journal (mount/recovery.c). */
	if (PQgetisnull(res, 0, 6))
		snprintf(server, sizeof(server), "%s:%s", PQhost(conn), PQport(conn));
	else
		snprintf(server, sizeof(server), "%s", PQgetvalue(res, 0, 6));
	PQclear(res);
	ring_visit(look, &j);
	if (*j.own)
		return error_set(err, ERR_BUSY,
			"the journal %s holds ops that were acknowledged for this filesystem and "
			"are "
			"not in its database yet: mount it once before",
			j.own);
	if (*j.other)
		show_line(stderr,
			"the journal %s stays where it is, for the filesystem that has this "
			"identity\n",
			j.other);
	return true;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct superblock super;
	char uuid[40];
	PGconn *conn = target_connect_here(&err);
	bool ok = conn && schema_superblock(conn, &super, &err) &&
		  check_journals(conn, super.uuid, &err) &&
		  identity_change(conn, args->option[OPT_IDENTITY], uuid, &err);

	PQfinish(conn);
	if (!ok)
		return command_fail(&err);
	show_line(stdout, "the filesystem was %s and is %s\n", super.uuid, uuid);
	return EXIT_DONE;
}

const struct command command_rebrand = {
	.name = "rebrand",
	.operands = "[--identity UUID]",
	.summary = "give a copied filesystem an identity of its own",
	.help = "For a copy that was made without `thule backup restore`: of a data folder, a\n"
		"volume, a virtual machine, or with pg_dump. With an identity of its own it can\n"
		"be mounted beside its original, and never takes the other's journal for its own.\n"
		"It must not be mounted. The filesystem is that of $THULE_DB, else the private "
		"one.",
	.options = options,
	.run = run,
};
