#include "cluster/account.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/user.h"

/* Made by Debian's package postgresql-common. */
#define SERVER_USER "postgres"

static bool fill(struct account *account, const struct passwd *pw)
{
	account->uid = pw->pw_uid;
	account->gid = pw->pw_gid;
	account->other = pw->pw_uid != geteuid();
	snprintf(account->name, sizeof(account->name), "%s", pw->pw_name);
	return true;
}

static const struct passwd *server_user(struct user *user, struct error *err)
{
	const struct passwd *pw = user_by_name(user, SERVER_USER);

	if (!pw)
		error_set(err, ERR_NOT_FOUND,
			"there is no user `" SERVER_USER
			"` to run the private PostgreSQL: install the "
			"package postgresql-15");
	return pw;
}

/* Says whether this user namespace has the id (user_namespaces(7)); without /proc, it has any. */
static bool is_mapped(uid_t uid)
{
	unsigned long inside, outside, count;
	FILE *map = fopen("/proc/self/uid_map", "re");
	bool found = !map;

	while (map && !found && fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3)
		found = uid >= inside && uid - inside < count;
	if (map)
		fclose(map);
	return found;
}

/*
 * Gives an owner whom PostgreSQL does not accept, because it is uid 0 or has no name, a user
 * namespace in which it has the uid and the name of the server's user. Nobody else is in there, so
 * nobody else passes for that name.
 */
static bool fill_alias(struct account *account, uid_t uid, gid_t gid, struct error *err)
{
	struct user user;
	const struct passwd *pw = server_user(&user, err);

	if (!pw)
		return false;
	fill(account, pw);
	account->alias = true;
	account->alias_uid = pw->pw_uid;
	account->alias_gid = pw->pw_gid;
	account->uid = uid;
	account->gid = gid;
	account->other = uid != geteuid();
	return true;
}

bool account_is_root(void)
{
	return geteuid() == 0 && is_mapped(1);
}

static bool owner_of(
	const struct stat *st, const char *data, struct account *account, struct error *err)
{
	struct user user;
	const struct passwd *pw = user_by_uid(&user, st->st_uid);

	if (geteuid() != 0 && st->st_uid != geteuid())
		return error_set(err, ERR_AUTH,
			"the private PostgreSQL in %s belongs to %s: run this as that user, or set "
			"THULE_HOME",
			data, pw ? pw->pw_name : "another user");
	if (st->st_uid == 0 && account_is_root())
		return error_set(err, ERR_AUTH,
			"%s belongs to root, and PostgreSQL does not run as root: give it to an "
			"unprivileged user (chown -R postgres)",
			data);
	if (st->st_uid == 0 || !pw)
		return fill_alias(account, st->st_uid, st->st_gid, err);
	return fill(account, pw);
}

bool account_of_cluster(const struct cluster *c, struct account *account, struct error *err)
{
	const struct passwd *pw;
	struct user user;
	struct stat st;

	memset(account, 0, sizeof(*account));
	if (lstat(c->data, &st) == 0)
		return owner_of(&st, c->data, account, err);
	if (geteuid() != 0) {
		pw = user_by_uid(&user, geteuid());
		return pw ? fill(account, pw) : fill_alias(account, geteuid(), getegid(), err);
	}
	pw = server_user(&user, err);
	if (!pw)
		return false;
	return is_mapped(pw->pw_uid) ? fill(account, pw) : fill_alias(account, 0, getegid(), err);
}

static bool write_proc(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/*
 * Enters a user namespace of its own, with one id each: user_namespaces(7) lets everybody do that.
 */
static bool enter_alias(const struct account *account)
{
	char uid_map[64], gid_map[64];

	snprintf(uid_map, sizeof(uid_map), "%u %u 1", (unsigned int)account->alias_uid,
		(unsigned int)geteuid());
	snprintf(gid_map, sizeof(gid_map), "%u %u 1", (unsigned int)account->alias_gid,
		(unsigned int)getegid());
	/* After a change of user, root owns the files below /proc/self. */
	return prctl(PR_SET_DUMPABLE, 1) == 0 && unshare(CLONE_NEWUSER) == 0 &&
	       write_proc("/proc/self/setgroups", "deny") &&
	       write_proc("/proc/self/uid_map", uid_map) &&
	       write_proc("/proc/self/gid_map", gid_map);
}

bool account_become(const struct account *account)
{
	if (account->other && ((account->alias ? setgroups(0, NULL)
					       : initgroups(account->name, account->gid)) != 0 ||
				      setresgid(account->gid, account->gid, account->gid) != 0 ||
				      setresuid(account->uid, account->uid, account->uid) != 0))
		return false;
	return !account->alias || enter_alias(account);
}

/*
 * Returns the length of the first prefix of a path that is closed, or 0. Runs in a child that has
 * become the user.
 */
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

/* Returns the answer of a child that becomes the user, or -errno when it could not. */
static int probe(const struct account *account, const char *path)
{
	int found = -EIO;
	int fd[2];
	pid_t pid;

	if (pipe(fd) != 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		found = account_become(account) ? first_closed(path) : -errno;
		_exit(write(fd[1], &found, sizeof(found)) != sizeof(found));
	}
	if (pid < 0)
		found = -errno;
	close(fd[1]);
	if (pid > 0) {
		if (read(fd[0], &found, sizeof(found)) != sizeof(found))
			found = -EIO;
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(fd[0]);
	return found;
}

static bool cannot_become(const struct account *account, int error, struct error *err)
{
	if (account->alias)
		return error_set(err, ERR_SYSTEM,
			"PostgreSQL does not run as uid %u, and no user namespace can be made "
			"in which it has another uid (%s): allow user namespaces, or name a "
			"database that runs already in THULE_DB",
			(unsigned int)account->uid, strerror(error));
	errno = error;
	return error_sys(err, "cannot become user %s", account->name);
}

bool account_can_reach(const struct account *account, const char *path, struct error *err)
{
	int closed;

	if (!account->other && !account->alias)
		return true;
	closed = probe(account, path);
	if (closed < 0)
		return cannot_become(account, -closed, err);
	if (closed == 0)
		return true;
	return error_set(err, ERR_USAGE,
		"the private PostgreSQL runs as user %s, who may not enter %.*s: allow "
		"it (chmod o+x %.*s), or set THULE_HOME to a directory that everyone "
		"can reach",
		account->name, closed, path, closed, path);
}
