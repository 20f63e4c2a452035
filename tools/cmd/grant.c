#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "command.h"
#include "ids.h"
#include "print.h"
#include "target.h"

enum { OPT_UID, OPT_GID, OPT_GROUPS, OPT_JSON };

static const struct command_option options[] = {
	[OPT_UID] = {'u', "uid", "USER",
		"the user, by name or number; else the user of this host with the name of the "
		"role"},
	[OPT_GID] = {'g', "gid", "GROUP",
		"the group of the user; else the one that this host knows"},
	[OPT_GROUPS] = {0, "groups", "GROUP,...",
		"more groups of the user, or `none`; else those that this host knows",
		.list = true},
	[OPT_JSON] = {0, "json", NULL, "list: print a JSON array"},
	{0},
};

enum { READER, WRITER, AUDITOR, LIST };

static const struct command_verb verbs[] = {[READER] = {"reader", "ROLE", 1, 1},
	[WRITER] = {"writer", "ROLE", 1, 1},
	[AUDITOR] = {"auditor", "ROLE", 1, 1},
	[LIST] = {"list", NULL, 0, 0},
	{0}};

/* As many as the kernel allows, NGROUPS_MAX. */
#define GROUPS_MAX 65536

/* The user as whom a role asks: parameters of command_grant. */
struct user {
	char uid[24], gid[24];
	char *groups; /* an array of PostgreSQL, to be freed */
};

/* Appends a group to the array, which has room for all. */
static void add_group(char *groups, unsigned long id)
{
	size_t len = strlen(groups);

	snprintf(groups + len, 16, "%s%lu", len > 1 ? "," : "", id);
}

/* Reads GROUP,... into the array. */
static bool read_groups(const char *text, char *groups, struct error *err)
{
	char *copy = strdup(text), *rest = copy, *name;
	bool ok = copy || error_set(err, ERR_SYSTEM, "out of memory");
	unsigned long id;
	int n = 0;

	while (ok && (name = strsep(&rest, ",")))
		if (n++ == GROUPS_MAX)
			ok = error_set(err, ERR_USAGE, "--groups: more than %d groups", GROUPS_MAX);
		else if ((ok = ids_group(name, &id, err)))
			add_group(groups, id);
	free(copy);
	return ok;
}

/* Adds the groups that this host knows of the user. */
static bool known_groups(const struct passwd *pw, char *groups, struct error *err)
{
	gid_t *ids = calloc(GROUPS_MAX, sizeof(*ids));
	int n = GROUPS_MAX;
	bool ok = ids || error_set(err, ERR_SYSTEM, "out of memory");

	if (ok && getgrouplist(pw->pw_name, pw->pw_gid, ids, &n) < 0)
		ok = error_set(err, ERR_USAGE, "%s is in more than %d groups: give --groups",
			pw->pw_name, GROUPS_MAX);
	for (int i = 0; ok && i < n; i++)
		add_group(groups, ids[i]);
	free(ids);
	return ok;
}

static bool find_user(const struct arguments *args, struct user *u, struct error *err)
{
	const char *name = args->option[OPT_UID], *group = args->option[OPT_GID];
	const char *groups = args->option[OPT_GROUPS];
	unsigned long uid, gid = 0;
	struct passwd *pw;

	if (!name && !getpwnam(args->operand[1]))
		return error_set(err, ERR_USAGE,
			"there is no user %s on this host: say with --uid as whom the role asks",
			args->operand[1]);
	if (!ids_user(name ? name : args->operand[1], &uid, err) ||
		(group && !ids_group(group, &gid, err)))
		return false;
	pw = getpwuid((uid_t)uid);
	if (!pw && !group)
		return error_set(err, ERR_USAGE,
			"this host does not know the groups of user %lu: give --gid", uid);
	u->groups = malloc(2 + (size_t)GROUPS_MAX * 16);
	if (!u->groups)
		return error_set(err, ERR_SYSTEM, "out of memory");
	strcpy(u->groups, "{");
	if (groups ? strcmp(groups, "none") && !read_groups(groups, u->groups, err)
		   : pw && !known_groups(pw, u->groups, err))
		return false;
	strcat(u->groups, "}");
	snprintf(u->uid, sizeof(u->uid), "%lu", uid);
	snprintf(u->gid, sizeof(u->gid), "%lu", group ? gid : (unsigned long)pw->pw_gid);
	return true;
}

static bool check(const struct arguments *args, struct user *u, struct error *err)
{
	bool given = args->option[OPT_UID] || args->option[OPT_GID] || args->option[OPT_GROUPS];

	if (args->verb == READER || args->verb == WRITER)
		return find_user(args, u, err);
	return !given ||
	       error_set(err, ERR_USAGE,
		       args->verb == LIST
			       ? "`thule grant list` lists all: leave out --uid, --gid and --groups"
			       : "an auditor is no user: leave out --uid, --gid and --groups");
}

static bool grant(
	PGconn *conn, const struct arguments *args, const struct user *u, struct error *err)
{
	char by[64];
	bool user = u->groups;
	const char *params[] = {verbs[args->verb].name, args->operand[1], user ? u->uid : NULL,
		user ? u->gid : NULL, u->groups, ask_user(by, sizeof(by))};
	PGresult *res = ask(conn, STMT_COMMAND_GRANT, 6, params, err);

	PQclear(res);
	return res != NULL;
}

static int run(const struct arguments *args)
{
	struct error err = {0};
	struct user u = {0};
	PGconn *conn = check(args, &u, &err) ? target_connect_here(&err) : NULL;
	bool ok = conn && (args->verb == LIST ? print_list(conn, STMT_COMMAND_GRANT_LIST,
							args->option[OPT_JSON],
							"no role was granted anything", &err)
					      : grant(conn, args, &u, &err));

	PQfinish(conn);
	free(u.groups);
	return ok ? EXIT_DONE : command_fail(&err);
}

const struct command command_grant = {
	.name = "grant",
	.operands = "reader|writer|auditor ROLE | list [--json]",
	.summary = "let a role of the database see or change files by SQL as a user may",
	.help = "  thule grant reader web --uid www-data\n"
		"  thule grant auditor security\n"
		"\n"
		"A reader sees in schema thule what the user could see on the mount, now and in\n"
		"the past. A writer may also do by SQL what the user may do. An auditor sees the\n"
		"log, and names and attributes of all files, and no bytes.\n"
		"\n"
		"ROLE is a role of PostgreSQL that is there already. What it was granted before "
		"is\n"
		"replaced, and other privileges that it has on schema thule are taken from it.\n"
		"Groups are those that the user has now: grant again when they change. `thule\n"
		"revoke ROLE` ends it.",
	.verbs = verbs,
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
	.operands_text = 2,
	.run = run,
};
