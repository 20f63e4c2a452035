#include "cluster/server.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "cluster/ballast.h"
#include "cluster/config.h"
#include "cluster/create.h"
#include "cluster/program.h"

#define STOP_LIMIT_S 600

/* A server that was killed keeps its lock file and its shared memory until its processes are gone.
 */
#define LEFTOVER_LIMIT_MS 15000

/* Reads the major version of a data directory, e.g. "15". */
static bool read_version(int data, char *version, size_t size, struct error *err)
{
	int fd = openat(data, "PG_VERSION", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, version, size - 1);

	if (n <= 0)
		error_sys(err,
			"cannot read PG_VERSION in the data directory of the private PostgreSQL");
	else
		version[strspn(version, "0123456789")] = '\0';
	if (fd >= 0)
		close(fd);
	return n > 0;
}

void server_quote_log(const struct cluster *c, struct error *err)
{
	char newest[256] = "";
	struct timespec when = {0};
	struct dirent *d;
	struct stat st;
	DIR *dir = opendir(c->log);
	int fd;

	if (!dir)
		return;
	while ((d = readdir(dir))) {
		if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			!S_ISREG(st.st_mode) || st.st_size == 0)
			continue;
		if (st.st_mtim.tv_sec < when.tv_sec ||
			(st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec < when.tv_nsec))
			continue;
		when = st.st_mtim;
		snprintf(newest, sizeof(newest), "%s", d->d_name);
	}
	fd = openat(dirfd(dir), newest, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		program_quote_tail(fd, err);
		close(fd);
	}
	closedir(dir);
}

static bool pg_ctl(const struct cluster *c, const struct account *account, const char *const *args,
	int limit, struct error *err)
{
	char program[PATH_MAX], version[16] = {0}, seconds_text[16];
	const char *argv[16] = {
		program, "--silent", "--wait", "--timeout", seconds_text, "--pgdata", c->data};
	int n = 7;
	int data = cluster_open_data(c, account, err);
	bool ok = data >= 0 && read_version(data, version, sizeof(version), err) &&
		  program_find("pg_ctl", version, program, sizeof(program), err);

	if (data >= 0)
		close(data);
	if (!ok)
		return false;
	snprintf(seconds_text, sizeof(seconds_text), "%d", limit);
	for (; *args && n < 15; args++)
		argv[n++] = *args;
	return program_run(argv, account, limit + 10, err);
}

static bool start_once(
	const struct cluster *c, const struct account *account, int limit_s, struct error *err)
{
	char log[PATH_MAX];
	const char *args[] = {"--log", log, "start", NULL};

	if (!path_format(log, sizeof(log), err, "%s/startup.log", c->log))
		return false;
	/* The lines that are quoted below must be about this start. */
	unlink(log);
	if (pg_ctl(c, account, args, limit_s, err))
		return true;
	server_quote_log(c, err);
	return false;
}

static bool is_leftover(const struct error *err)
{
	return strstr(err->text, "lock file \"postmaster.pid\" already exists") ||
	       strstr(err->text, "pre-existing shared memory block");
}

bool server_start(
	const struct cluster *c, const struct account *account, int limit_s, struct error *err)
{
	const struct timespec nap = {.tv_nsec = 200 * 1000 * 1000};
	struct error e = {0};
	int data;
	bool ok;

	/* Writing the settings and recovery need room. */
	ballast_drop(c);
	data = cluster_open_data(c, account, err);
	ok = data >= 0 && config_write_settings(data, c, account, err);

	if (data >= 0)
		close(data);
	if (!ok || !cluster_make_directory(c->log, account, err) ||
		!cluster_make_directory(c->socket, account, err) ||
		!account_can_reach(account, c->socket, err))
		return false;
	ok = start_once(c, account, limit_s, &e);
	for (int ms = 0; !ok && ms < LEFTOVER_LIMIT_MS && is_leftover(&e); ms += 200) {
		nanosleep(&nap, NULL);
		/* On a very busy machine a running server may not have answered. */
		ok = cluster_state(c) == CLUSTER_RUNNING || start_once(c, account, limit_s, &e);
	}
	if (ok)
		ballast_tend(c);
	else if (err)
		*err = e;
	return ok;
}

bool server_stop(const struct cluster *c, const struct account *account, struct error *err)
{
	static const char *const args[] = {"--mode", "fast", "stop", NULL};
	return pg_ctl(c, account, args, STOP_LIMIT_S, err);
}

bool server_abandon(const struct cluster *c, const struct account *account, struct error *err)
{
	static const char *const args[] = {"--mode", "immediate", "stop", NULL};
	return pg_ctl(c, account, args, STOP_LIMIT_S, err);
}
