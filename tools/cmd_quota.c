#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/size.h"
#include "command.h"
#include "hex.h"
#include "print.h"
#include "request.h"
#include "target.h"

enum { OPT_USER, OPT_GROUP, OPT_BYTES, OPT_FILES, OPT_HISTORY, OPT_JSON };

static const struct command_option options[] = {
	[OPT_USER] = {'u', "user", "USER",
		"of a user, by name or number, in the filesystem of DIR"},
	[OPT_GROUP] = {'g', "group", "GROUP", "of a group"},
	[OPT_BYTES] = {0, "bytes", "SIZE", "set: at most so many bytes, as in 10G; or none"},
	[OPT_FILES] = {0, "files", "N",
		"set: at most so many files, directories and all else; or none"},
	[OPT_HISTORY] = {0, "history-bytes", "SIZE",
		"set --user: at most so many bytes in the past of the user's files; or none"},
	[OPT_JSON] = {0, "json", NULL, "list: print a JSON array"},
	{0},
};

/* Who or what a quota is of: the parameters of command_quota_args. */
struct holder {
	const char *kind; /* 0 user, 1 group, 2 tree */
	const char *name;
	char id[16];
};

/* (uid_t)-1 is nobody's. */
static bool read_id(const char *text, unsigned long *id)
{
	if (!*text || strlen(text) > 10 || text[strspn(text, "0123456789")])
		return false;
	*id = strtoul(text, NULL, 10);
	return *id < UINT32_MAX;
}

static bool find_user(const char *name, struct holder *h, struct error *err)
{
	struct passwd *pw = getpwnam(name);
	unsigned long n = 0;

	if (!pw && !read_id(name, &n))
		return error_set(err, ERR_USAGE, "there is no user %s here", name);
	*h = (struct holder){.kind = "0", .name = name};
	snprintf(h->id, sizeof(h->id), "%lu", pw ? pw->pw_uid : n);
	return true;
}

static bool find_group(const char *name, struct holder *h, struct error *err)
{
	struct group *gr = getgrnam(name);
	unsigned long n = 0;

	if (!gr && !read_id(name, &n))
		return error_set(err, ERR_USAGE, "there is no group %s here", name);
	*h = (struct holder){.kind = "1", .name = name};
	snprintf(h->id, sizeof(h->id), "%lu", gr ? gr->gr_gid : n);
	return true;
}

static bool find_holder(const struct arguments *args, struct holder *h, struct error *err)
{
	const char *user = args->option[OPT_USER], *group = args->option[OPT_GROUP];

	*h = (struct holder){.kind = "2"};
	if (user && group)
		return error_set(err, ERR_USAGE, "give --user or --group, not both");
	if (!user && !group && args->operands < 2)
		return error_set(err, ERR_USAGE, "give a directory, --user or --group");
	return user ? find_user(user, h, err) : !group || find_group(group, h, err);
}

/* *text, of an option, becomes a number of bytes, in buf; NULL and "none" stay. */
static bool read_size(const char *option, const char **text, char buf[24], struct error *err)
{
	uint64_t bytes;

	if (!*text || !strcmp(*text, "none"))
		return true;
	if (!size_parse(*text, &bytes))
		return error_set(err, ERR_USAGE,
			"--%s: \"%s\" is no size: " SIZE_WANTED ", or none", option, *text);
	snprintf(buf, 24, "%" PRIu64, bytes);
	*text = buf;
	return true;
}

static bool check_count(const char *text, struct error *err)
{
	if (!text || !strcmp(text, "none") ||
		(*text && strlen(text) < 19 && !text[strspn(text, "0123456789")]))
		return true;
	return error_set(err, ERR_USAGE, "\"%s\" is no number of files: 100000, none", text);
}

static bool change(PGconn *conn, const struct target *t, const struct arguments *args,
	const struct holder *h, struct error *err)
{
	bool tree = *h->kind == '2', set = !strcmp(args->operand[0], "set");
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
		result = request_run(conn, "quota", PQgetvalue(res, 0, 0), err);
	PQclear(res);
	free(result);
	free(path);
	return result != NULL;
}

static bool list(PGconn *conn, bool json, struct error *err)
{
	return ask_sync(conn, err) &&
	       print_list(conn, STMT_COMMAND_QUOTA_LIST, json, "there is no quota", err);
}

static bool check(const struct arguments *args, struct holder *h, struct error *err)
{
	const char *verb = args->operand[0];
	bool past = args->option[OPT_HISTORY];
	bool limits = args->option[OPT_BYTES] || args->option[OPT_FILES] || past;

	if (!strcmp(verb, "list"))
		return args->option[OPT_USER] || args->option[OPT_GROUP] || limits
			       ? error_set(err, ERR_USAGE, "`thule quota list` lists all of them")
			       : true;
	if (strcmp(verb, "set") && strcmp(verb, "unset"))
		return error_set(
			err, ERR_USAGE, "`thule quota %s` is none of set, list, unset", verb);
	if (!strcmp(verb, "set") != limits)
		return error_set(err, ERR_USAGE,
			limits ? "`thule quota unset` takes all limits away: no --bytes, no --files"
			       : "give --bytes, --files or --history-bytes");
	if (past && !args->option[OPT_USER])
		return error_set(err, ERR_USAGE, "--history-bytes goes with --user");
	return find_holder(args, h, err);
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct holder h;
	struct target t;
	PGconn *conn = NULL;
	bool ok;

	if (check(args, &h, &err) && target_find(args->operand[1], &t, &err))
		conn = target_connect(&t, &err);
	if (!conn)
		return command_fail(&err);
	ok = !strcmp(args->operand[0], "list") ? list(conn, args->option[OPT_JSON], &err)
					       : change(conn, &t, args, &h, &err);
	PQfinish(conn);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_quota = {
	.name = "quota",
	.operands = "set|unset DIR | set|unset --user U|--group G [DIR] | list [DIR]",
	.summary = "limits on what users, groups and directory trees have",
	.help = "thule quota set DIR --bytes 10G --files 100000\n"
		"thule quota set --user ada --bytes 500M --history-bytes 2G\n"
		"\n"
		"Who would go past a limit gets \"Disk quota exceeded\". Bytes are what `du` says, "
		"and extended attributes; "
		"the past does\n"
		"not count for them. It counts for --history-bytes: what was overwritten, cut off "
		"or removed of a\n"
		"user's files and attributes, until it is pruned. Who has more there writes "
		"nothing more to files\n"
		"of that user, but may remove. Undo and restore to more than a limit are refused "
		"without --force. "
		"Root "
		"may pass the\n"
		"limits of users and groups, nobody that of a tree. A rename into or out of a tree "
		"fails as to\n"
		"another filesystem, so that `mv` copies; a tree in another counts for itself "
		"alone.",
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
	.operands_text = 1,
	.run = run,
};
