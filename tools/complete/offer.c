#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complete/offer.h"

#include "ask.h"
#include "base/private.h"
#include "base/show.h"
#include "mounts.h"
#include "target.h"
#include "thulefs.h"

void offer(const struct completion *c, const char *word, const char *help)
{
	char shown[1024];

	if (strncmp(word, c->typed, strlen(c->typed)) != 0)
		return;
	/* A shell shows it as it is. */
	show_escape(shown, sizeof(shown), word);
	if (strcmp(shown, word) != 0)
		return;
	printf("%.*s%s\t", (int)c->before_len, c->before, word);
	show_line(stdout, "%s\n", help ? help : "");
}

void offer_by_shell(const char *what)
{
	printf("\t%s\n", what);
}

/*
 * Connects to the filesystem that the words before are about: that of the first path in a mount,
 * else that of a command without a path. NULL when it is not there, or its server does not run.
 */
static PGconn *connect_to(const struct completion *c)
{
	char real[PATH_MAX];
	struct target t;

	for (char *const *word = c->words; *word; word++) {
		struct mount_point m;

		if (**word && mounts_real_path(*word, false, real, NULL) && mounts_find(real, &m))
			return target_find_running(real, &t, NULL) ? target_connect(&t, NULL)
								   : NULL;
	}
	return target_find_running(NULL, &t, NULL) ? target_connect(&t, NULL) : NULL;
}

/* Offers what the database has of a kind that sql/statements/command_complete.sql knows. */
static void rows(const struct completion *c, const char *kind)
{
	const char *params[] = {kind, c->typed};
	PGconn *conn;
	PGresult *res;

	/* What is known without it arrives even if the database does not answer. */
	fflush(stdout);
	conn = connect_to(c);
	res = conn ? ask(conn, STMT_COMMAND_COMPLETE, 2, params, NULL) : NULL;
	for (int i = 0; i < PQntuples(res); i++)
		offer(c, PQgetvalue(res, i, 0), PQgetvalue(res, i, 1));
	PQclear(res);
	PQfinish(conn);
}

static void instants(const struct completion *c)
{
	offer(c, "now", NULL);
	offer(c, "today", "at midnight");
	offer(c, "yesterday", "at midnight a day ago");
	offer(c, "10min", "so long ago");
	offer(c, "1h", "so long ago");
	offer(c, "1d", "so long ago");
	offer(c, "op:", "after this op");
	rows(c, strncmp(c->typed, "op:", 3) ? "snapshot" : "op");
}

static void ages(const struct completion *c)
{
	offer(c, "12h", "half a day");
	offer(c, "7d", "a week");
	offer(c, "30d", "a month");
	offer(c, "90d", "a quarter");
	offer(c, "1y", "a year");
}

static void snapshots(const struct completion *c)
{
	rows(c, "snapshot");
}

static void ops(const struct completion *c)
{
	offer(c, "op:", "this op");
}

static void tags(const struct completion *c)
{
	rows(c, "tag");
}

static void kinds(const struct completion *c)
{
	rows(c, "kind");
}

static void keys(const struct completion *c)
{
	rows(c, "key");
}

static void roles(const struct completion *c)
{
	rows(c, "role");
}

static void files(const struct completion *c)
{
	(void)c;
	offer_by_shell("file");
}

static void users(const struct completion *c)
{
	(void)c;
	offer_by_shell("user");
}

static void groups(const struct completion *c)
{
	(void)c;
	offer_by_shell("group");
}

static void processes(const struct completion *c)
{
	(void)c;
	offer_by_shell("process");
}

static bool offer_mount(const struct mount_point *m, void *arg)
{
	offer(arg, m->dir, "is mounted");
	return true;
}

static void directories(const struct completion *c)
{
	mounts_visit(offer_mount, (void *)c, NULL);
	offer_by_shell("directory");
}

static void databases(const struct completion *c)
{
	offer(c, PRIVATE_SOURCE, "a private PostgreSQL");
}

static void sizes(const struct completion *c)
{
	offer(c, "none", "no limit");
}

/* Offers the options of a mount, as `thulefs --help` lists them. */
static void mount_options(const struct completion *c)
{
	char daemon[PATH_MAX], line[512];
	FILE *help;

	thulefs_find(daemon, sizeof(daemon));
	setenv("THULEFS", daemon, 1);
	help = popen("\"$THULEFS\" --help", "r");
	while (help && fgets(line, sizeof(line), help)) {
		char *word = line + strspn(line, " ");
		const char *meaning;
		size_t n = strcspn(word, " =");

		if (word != line + 8 || !islower((unsigned char)*word))
			continue;
		n += word[n] == '=';
		meaning = strstr(word + n, "  ");
		line[strcspn(line, "\n")] = '\0';
		meaning = meaning ? meaning + 2 : "";
		word[n - (word[n - 1] == ' ')] = '\0';
		offer(c, word, meaning);
	}
	if (help)
		pclose(help);
}

/* The words in usages that stand for something, and what offers it; NULL: only the user knows. */
static const struct {
	const char *stands_for;
	void (*offer)(const struct completion *c);
} values[] = {
	{"T", instants},
	{"FROM", instants},
	{"TO", instants},
	{"op:N", ops},
	{"AGE", ages},
	{"NAME", snapshots},
	{"G", tags},
	{"K", kinds},
	{"KEY", keys},
	{"U", users},
	{"USER", users},
	{"GROUP", groups},
	{"GROUP,...", groups},
	{"ROLE", roles},
	{"P", processes},
	{"E", files},
	{"PATH", files},
	{"FILE", files},
	{"DIR", directories},
	{"HOME", directories},
	{"DB", databases},
	{"SIZE", sizes},
	{"OPT,...", mount_options},
	{"D", NULL},
	{"N", NULL},
	{"NEW", NULL},
	{"NAMESPACE", NULL},
	{"SECONDS", NULL},
	{"TEXT", NULL},
	{"TYPE", NULL},
	{"UUID", NULL},
	{"VALUE", NULL},
};

bool offer_values(const struct completion *c, const char *stands_for)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (!strcmp(values[i].stands_for, stands_for)) {
			if (values[i].offer)
				values[i].offer(c);
			return true;
		}
	return false;
}
