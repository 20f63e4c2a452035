#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/size.h"
#include "command.h"
#include "hex.h"
#include "ids.h"
#include "print.h"
#include "request.h"
#include "sync.h"
#include "target.h"

enum { OPT_USER, OPT_GROUP, OPT_BYTES, OPT_FILES, OPT_HISTORY, OPT_JSON };

static const struct command_option options[] = {
	[OPT_USER] = {'u', "user", "USER",
		"the quota of a user, by name or number, in the filesystem of DIR"},
	[OPT_GROUP] = {'g', "group", "GROUP", "the quota of a group"},
	[OPT_BYTES] = {0, "bytes", "SIZE", "set: limit the bytes, as in 10G, or `none`"},
	[OPT_FILES] = {0, "files", "N",
		"set: limit the number of files, directories and all else, or `none`"},
	[OPT_HISTORY] = {0, "history-bytes", "SIZE",
		"set --user: limit the bytes in the past of the user's files, or `none`"},
	[OPT_JSON] = {0, "json", NULL, "list: print a JSON array"},
	{0},
};

/* The user, group or tree of a quota: the parameters of command_quota_args. */
struct holder {
	const char *kind; /* 0 user, 1 group, 2 tree */
	const char *name;
	char id[16];
};

static bool find_holder(const struct arguments *args, struct holder *h, struct error *err)
{
	const char *user = args->option[OPT_USER], *group = args->option[OPT_GROUP];
	unsigned long id;

	*h = (struct holder){.kind = "2"};
	if (user && group)
		return error_set(err, ERR_USAGE, "give only one of --user and --group");
	if (!user && !group && args->operands < 2)
		return error_set(err, ERR_USAGE, "give a directory, --user or --group");
	if (!user && !group)
		return true;
	*h = (struct holder){.kind = user ? "0" : "1", .name = user ? user : group};
	if (user ? !ids_user(user, &id, err) : !ids_group(group, &id, err))
		return false;
	snprintf(h->id, sizeof(h->id), "%lu", id);
	return true;
}

/* Turns *text, the value of an option, into a number of bytes in buf; NULL and "none" stay. */
static bool read_size(const char *option, const char **text, char buf[24], struct error *err)
{
	uint64_t bytes;

	if (!*text || !strcmp(*text, "none"))
		return true;
	if (!size_parse(*text, &bytes))
		return error_set(err, ERR_USAGE,
			"--%s: \"%s\" is not a size: " SIZE_WANTED ", or none", option, *text);
	snprintf(buf, 24, "%" PRIu64, bytes);
	*text = buf;
	return true;
}

static bool check_count(const char *text, struct error *err)
{
	if (!text || !strcmp(text, "none") ||
		(*text && strlen(text) < 19 && !text[strspn(text, "0123456789")]))
		return true;
	return error_set(err, ERR_USAGE,
		"\"%s\" is not a number of files: write it as 100000, or none", text);
}

enum { SET, UNSET, LIST };

static const struct command_verb verbs[] = {[SET] = {"set", "DIR", 0, 1},
	[UNSET] = {"unset", "DIR", 0, 1},
	[LIST] = {"list", "DIR", 0, 1},
	{0}};

static bool change(PGconn *conn, const struct target *t, const struct arguments *args,
	const struct holder *h, struct error *err)
{
	bool tree = *h->kind == '2', set = args->verb == SET;
	const char *bytes = set ? args->option[OPT_BYTES] : NULL;
	const char *files = set ? args->option[OPT_FILES] : NULL;
	const char *history = set ? args->option[OPT_HISTORY] : NULL;
	char number[24], past[24], *path = tree && *t->path ? hex_bytea(t->path) : NULL,
				   *result = NULL;
	const char *params[] = {args->operand[0], h->kind, tree ? NULL : h->id, h->name,
		tree && *t->typed_path ? t->typed_path : NULL, path, NULL, NULL, NULL};
	PGresult *res = NULL;

	if (read_size("bytes", &bytes, number, err) &&
		read_size("history-bytes", &history, past, err) && check_count(files, err)) {
		params[6] = bytes;
		params[7] = files;
		params[8] = history;
		res = ask(conn, STMT_COMMAND_QUOTA_ARGS, 9, params, err);
	}
	if (res)
		result = request_run(conn, "quota", PQgetvalue(res, 0, 0), NULL, err);
	PQclear(res);
	free(result);
	free(path);
	return result != NULL;
}

static bool list(PGconn *conn, bool json, struct error *err)
{
	return sync_database(conn, err) &&
	       print_list(conn, STMT_COMMAND_QUOTA_LIST, json, "there is no quota", err);
}

static bool check(const struct arguments *args, struct holder *h, struct error *err)
{
	bool past = args->option[OPT_HISTORY];
	bool limits = args->option[OPT_BYTES] || args->option[OPT_FILES] || past;

	if (args->verb == LIST)
		return !(args->option[OPT_USER] || args->option[OPT_GROUP] || limits) ||
		       error_set(err, ERR_USAGE,
			       "`thule quota list` lists all quotas: leave out the other options");
	if ((args->verb == SET) != limits)
		return error_set(err, ERR_USAGE,
			limits ? "`thule quota unset` removes all limits: leave out --bytes, "
				 "--files and --history-bytes"
			       : "give --bytes, --files or --history-bytes");
	if (past && !args->option[OPT_USER])
		return error_set(err, ERR_USAGE, "--history-bytes limits a user: give --user");
	return find_holder(args, h, err);
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct holder h;
	struct target t;
	PGconn *conn = NULL;
	bool ok;

	/* A list is of the filesystem that a path is in; a quota is of a path that may be typed. */
	if (check(args, &h, &err) &&
		(args->verb == LIST ? target_find_mount(args->operand[1], &t, &err)
				    : target_find(args->operand[1], &t, &err)))
		conn = target_connect(&t, &err);
	if (!conn)
		return command_fail(&err);
	ok = args->verb == LIST ? list(conn, args->option[OPT_JSON], &err)
				: change(conn, &t, args, &h, &err);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_quota = {
	.name = "quota",
	.operands = "set|unset DIR | set|unset --user U|--group G [DIR] | list [DIR]",
	.summary = "limit the bytes and files of users, groups and directory trees",
	.help = "  thule quota set DIR --bytes 10G --files 100000\n"
		"  thule quota set --user ada --bytes 500M --history-bytes 2G\n"
		"\n"
		"A write beyond a limit fails with \"Disk quota exceeded\". --bytes counts what\n"
		"`du` counts, and extended attributes, but not the past. --history-bytes\n"
		"counts the bytes of a user's files and attributes that were overwritten, cut\n"
		"off or removed, until they are pruned. Beyond it the files of that user take\n"
		"no more writes; they can still be removed.\n"
		"\n"
		"Root may exceed the limits of users and groups, and nobody that of a tree.\n"
		"Undo and restore beyond a limit need --force. A rename into or out of a tree\n"
		"fails as it does between filesystems, so that `mv` copies. A tree within\n"
		"another one counts for itself alone.",
	.verbs = verbs,
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
	.operands_text = 1,
	.run = run,
};
