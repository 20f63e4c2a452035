#include "cluster/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool fill(struct account *account, const struct passwd *pw)
{
	account->uid = pw->pw_uid;
	account->gid = pw->pw_gid;
	account->other = pw->pw_uid != geteuid();
	snprintf(account->name, sizeof(account->name), "%s", pw->pw_name);
	return true;
}

static bool owner_of(
	const struct stat *st, const char *data, struct account *account, struct error *err)
{
	struct passwd *pw = getpwuid(st->st_uid);

	if (geteuid() != 0 && st->st_uid != geteuid())
		return error_set(err, ERR_AUTH,
			"the private PostgreSQL in %s belongs to %s: run this as that user, or set "
			"THULE_HOME",
			data, pw ? pw->pw_name : "another user");
	if (st->st_uid == 0)
		return error_set(err, ERR_AUTH,
			"%s belongs to root, as whom PostgreSQL does not run: give it to an "
			"unprivileged user (chown -R postgres)",
			data);
	if (!pw)
		return error_set(err, ERR_NOT_FOUND, "%s belongs to uid %u, who has no name here",
			data, (unsigned int)st->st_uid);
	return fill(account, pw);
}

bool account_of_cluster(const struct cluster *c, struct account *account, struct error *err)
{
	struct passwd *pw;
	struct stat st;

	if (lstat(c->data, &st) == 0)
		return owner_of(&st, c->data, account, err);
	if (geteuid() != 0) {
		pw = getpwuid(geteuid());
		if (!pw)
			return error_set(err, ERR_NOT_FOUND,
				"uid %u has no name in the password database, and PostgreSQL needs "
				"one",
				(unsigned int)geteuid());
		return fill(account, pw);
	}
	pw = getpwnam("postgres");
	if (!pw)
		return error_set(err, ERR_NOT_FOUND,
			"there is no user `postgres` to run the private PostgreSQL: install the "
			"package postgresql-15");
	return fill(account, pw);
}

bool account_become(const struct account *account)
{
	if (!account->other)
		return true;
	return initgroups(account->name, account->gid) == 0 &&
	       setresgid(account->gid, account->gid, account->gid) == 0 &&
	       setresuid(account->uid, account->uid, account->uid) == 0;
}

/* In a child that has become the user: the length of the first prefix that is closed, or 0. */
static int first_closed(const char *path)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	for (size_t i = 1; i <= n; i++) {
		if (i < n && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (access(part, X_OK) != 0)
			return (int)i;
	}
	return 0;
}

bool account_can_reach(const struct account *account, const char *path, struct error *err)
{
	int closed = -1;
	int fd[2];
	pid_t pid;

	if (!account->other)
		return true;
	if (pipe(fd) != 0)
		return error_sys(err, "pipe");
	pid = fork();
	if (pid == 0) {
		if (account_become(account))
			closed = first_closed(path);
		_exit(write(fd[1], &closed, sizeof(closed)) != sizeof(closed));
	}
	close(fd[1]);
	if (pid > 0) {
		if (read(fd[0], &closed, sizeof(closed)) != sizeof(closed))
			closed = -1;
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(fd[0]);
	if (closed < 0)
		return error_sys(err, "cannot become user %s", account->name);
	if (closed == 0)
		return true;
	return error_set(err, ERR_USAGE,
		"the private PostgreSQL runs as user %s, who may not enter %.*s: allow it (chmod "
		"o+x "
		"%.*s), or set THULE_HOME to a directory that everyone can reach",
		account->name, closed, path, closed, path);
}
