#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/show.h"
#include "command.h"
#include "print.h"
#include "progress.h"
#include "sync.h"
#include "target.h"

/* Hexadecimal digits of a SHA-256. */
#define DIGEST_DIGITS 64

enum { OPT_DIGEST, OPT_JSON, OPT_QUIET };

static const struct command_option options[] = {
	[OPT_DIGEST] = {0, "digest", "D", "verify: a digest that was kept elsewhere"},
	[OPT_JSON] = {0, "json", NULL, "print a JSON object"},
	[OPT_QUIET] = {'q', "quiet", NULL, PROGRESS_QUIET_HELP},
	{0},
};

enum { VERB_DIGEST, VERB_VERIFY };

static const struct command_verb verbs[] = {
	[VERB_DIGEST] = {"digest", NULL, 0, 0}, [VERB_VERIFY] = {"verify", NULL, 0, 0}, {0}};

/* Links what is new, and prints the digest of all that is linked. */
static int digest(PGconn *conn, const struct arguments *args, struct error *err)
{
	enum { OP, DIGEST, UNLINKED, JSON };
	char user[64];
	const char *params[] = {ask_user(user, sizeof(user))};
	PGresult *res = NULL;
	bool ok;

	if (sync_database(conn, err))
		res = ask(conn, STMT_COMMAND_AUDIT_DIGEST, 1, params, err);
	ok = res && (!PQgetisnull(res, 0, OP) ||
			    error_set(err, ERR_AUTH,
				    "nothing is linked, and this role may not begin: it needs "
				    "insert and update on thule.chain and thule.chain_part, and a "
				    "server that takes changes"));
	if (ok && args->option[OPT_JSON]) {
		print_json_line(PQgetvalue(res, 0, JSON));
	} else if (ok) {
		show_line(stdout, "op:%s %s\n", PQgetvalue(res, 0, OP), PQgetvalue(res, 0, DIGEST));
		if (strcmp(PQgetvalue(res, 0, UNLINKED), "0") != 0)
			show_line(stderr,
				"thule: not in it, since this role or this server may not link it: "
				"what was done since then (ops: %s)\n",
				PQgetvalue(res, 0, UNLINKED));
	}
	PQclear(res);
	return ok ? EXIT_DONE : command_fail(err);
}

static int verify(PGconn *conn, const struct arguments *args, struct error *err)
{
	enum { JSON, SOUND, COUNT, LINE };
	const char *params[] = {args->option[OPT_DIGEST]};
	struct progress progress;
	PGresult *res;
	bool sound;

	progress_begin(&progress, "verifying", args->option[OPT_QUIET]);
	progress_listen(&progress, conn);
	res = ask(conn, STMT_COMMAND_AUDIT_VERIFY, 1, params, err);
	progress_end(&progress);
	if (!res)
		return command_fail(err);
	sound = !strcmp(PQgetvalue(res, 0, SOUND), "true");
	if (args->option[OPT_JSON])
		print_json_line(PQgetvalue(res, 0, JSON));
	for (int i = 0; i < PQntuples(res) && !args->option[OPT_JSON]; i++)
		show_line(stdout, "%s\n", PQgetvalue(res, i, LINE));
	if (!sound)
		show_line(stderr, "thule: not as it was linked: %s finding%s\n",
			PQgetvalue(res, 0, COUNT),
			strcmp(PQgetvalue(res, 0, COUNT), "1") ? "s" : "");
	PQclear(res);
	return sound ? EXIT_DONE : EXIT_FAILED;
}

static bool check(const struct arguments *args, struct error *err)
{
	const char *given = args->option[OPT_DIGEST];

	if (!given)
		return true;
	if (args->verb != VERB_VERIFY)
		return error_set(err, ERR_USAGE, "--digest is for `thule audit verify`");
	if (strlen(given) != DIGEST_DIGITS ||
		strspn(given, "0123456789abcdefABCDEF") != DIGEST_DIGITS)
		return error_set(err, ERR_USAGE,
			"--digest: \"%.80s\" is not the %d hexadecimal digits that `thule audit "
			"digest` prints",
			given, DIGEST_DIGITS);
	return true;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	PGconn *conn = check(args, &err) ? target_connect_here(&err) : NULL;
	int code;

	if (!conn)
		return command_fail(&err);
	code = args->verb == VERB_DIGEST ? digest(conn, args, &err) : verify(conn, args, &err);
	PQfinish(conn);
	return code;
}

const struct command command_audit = {
	.name = "audit",
	.operands = "digest [--json] | verify [--digest D] [--json] [--quiet]",
	.summary = "find what was altered behind the back of the filesystem",
	.help = "`digest` hashes what is new in the log and in the history, in a chain, and\n"
		"prints the last op and a SHA-256 that stands for everything up to it. Keep\n"
		"it where nobody who can write the database can change it, and do so often.\n"
		"\n"
		"`verify` compares the filesystem with the chain, names what was altered,\n"
		"removed or put in, that of the first op first, and exits with 1 when there is\n"
		"something. With --digest it also proves that the chain is the one that had\n"
		"this digest. What prune and erase have deleted is said, and is no finding.",
	.verbs = verbs,
	.options = options,
	.operands_min = 1,
	.operands_max = 1,
	.operands_text = 1,
	.run = run,
};
