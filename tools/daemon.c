#include "daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/host.h"
#include "base/mountinfo.h"
#include "base/path.h"
#include "base/proc_read.h"
#include "db/conn.h"
#include "journal/ring.h"

#define NAMED_USERS_MAX 5
#define LOOK_MS         20

static bool is_thulefs(pid_t pid)
{
	char comm[PROC_COMM_MAX];

	return proc_read_comm(pid, comm) && !strcmp(comm, "thulefs");
}

struct servers {
	unsigned int device;
	pid_t pid; /* of the last one found */
	int count;
};

static bool count_server(pid_t pid, void *arg)
{
	struct servers *s = arg;

	if (is_thulefs(pid) && mountinfo_connection(pid) == (long)s->device) {
		s->pid = pid;
		s->count++;
	}
	return true;
}

/* Returns how many daemons show the connection; *pid is the last of them. */
static int count_servers(unsigned int device, pid_t *pid)
{
	struct servers s = {.device = device};

	proc_each(count_server, &s);
	if (s.count)
		*pid = s.pid;
	return s.count;
}

/* Of two daemons with the same number, one shows a number that its connection no longer has. */
pid_t daemon_by_connection(const struct mount_point *m)
{
	const struct timespec step = {.tv_nsec = LOOK_MS * 1000000L};
	pid_t pid = 0;
	int count;

	for (int ms = 0; (count = count_servers(m->device, &pid)) > 1 && ms < MOUNTINFO_STALE_MS;
		ms += LOOK_MS)
		nanosleep(&step, NULL);
	return count == 1 ? pid : 0;
}

static PGresult *ask_row(PGconn *conn, const struct mount_point *m, struct error *err)
{
	char boot[HOST_BOOT_ID], device[24];
	const char *params[] = {device, boot};

	host_boot_id(boot);
	snprintf(device, sizeof(device), "%u", m->device);
	return db_query(conn, statements[STMT_COMMAND_MOUNTED].text, 2, params, err);
}

/* Says whether a process has this number in its own pid namespace, or here. */
static bool has_pid(pid_t pid, pid_t number)
{
	pid_t own;

	return pid == number || (proc_read_own_pid(pid, &own) && own == number);
}

enum daemon_row daemon_row(PGconn *conn, const struct mount_point *m, bool *past, struct error *err)
{
	PGresult *res = ask_row(conn, m, err);
	enum daemon_row row = !res ? DAEMON_ROW_ERROR : DAEMON_ROW_NONE;
	pid_t pid, server = 0;

	if (res && PQntuples(res) == 1) {
		pid = (pid_t)atol(PQgetvalue(res, 0, 0));
		*past = PQgetvalue(res, 0, 1)[0] == 't';
		/*
		 * A daemon that died may have left its row, and its device to the mount of another.
		 */
		if (mountinfo_connection(pid) == (long)m->device ||
			count_servers(m->device, &server) == 0 || has_pid(server, pid))
			row = DAEMON_ROW_FOUND;
	}
	PQclear(res);
	return row;
}

pid_t daemon_by_row(PGconn *conn, const struct mount_point *m)
{
	PGresult *res = ask_row(conn, m, NULL);
	pid_t pid = 0;

	if (res && PQntuples(res) == 1)
		pid = (pid_t)atol(PQgetvalue(res, 0, 0));
	PQclear(res);
	/* A row may outlive its daemon, and the number go to someone else. */
	return pid && is_thulefs(pid) ? pid : 0;
}

bool daemon_alive(pid_t pid)
{
	struct proc_stat st;

	return proc_read_stat(pid, &st) && st.state != 'Z' && st.state != 'X';
}

/* Reads the target of the next of a process's descriptors. Returns false after the last one. */
static bool next_link(DIR *fds, char *link, size_t size)
{
	struct dirent *d;
	ssize_t n = 0;

	while (n <= 0 && (d = readdir(fds)))
		n = readlinkat(dirfd(fds), d->d_name, link, size - 1);
	link[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static DIR *open_fds(pid_t pid)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "/proc/%ld/fd", (long)pid);
	return opendir(dir);
}

const char *daemon_transport(pid_t pid)
{
	const char *transport = NULL;
	DIR *fds = open_fds(pid);
	char link[64];

	while (fds && next_link(fds, link, sizeof(link))) {
		if (!strcmp(link, "anon_inode:[io_uring]"))
			transport = "uring";
		else if (!strcmp(link, "/dev/fuse") && !transport)
			transport = "dev";
	}
	if (fds)
		closedir(fds);
	return transport;
}

bool daemon_journal(pid_t pid, char path[static PATH_MAX], struct ring_peek *peek)
{
	DIR *fds = open_fds(pid);
	bool found = false;
	struct dirent *d;

	/* Found by its descriptor, which also leads to a file that has lost its name. */
	while (fds && !found && (d = readdir(fds))) {
		ssize_t n = readlinkat(dirfd(fds), d->d_name, path, PATH_MAX - 1);
		int fd = -1;

		path[n > 0 ? n : 0] = '\0';
		if (*path == '/' && !path_in(path, "/dev") && !path_in(path, "/proc"))
			fd = openat(dirfd(fds), d->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		found = fd >= 0 && ring_peek_fd(fd, peek);
		if (fd >= 0)
			close(fd);
	}
	if (!found)
		*path = '\0';
	if (fds)
		closedir(fds);
	return found;
}

bool daemon_committed(pid_t pid, const char *journal, struct error *err)
{
	struct ring_peek peek;

	/* A daemon that ends well removes an empty journal; a later mount takes it over. */
	if (!*journal || !ring_peek(journal, &peek, NULL) || peek.pid != pid || !peek.bytes_used)
		return true;
	if (peek.kept_from)
		return error_set(err, ERR_UNREACHABLE,
			"unmounted, but another mount had taken the filesystem over: op:%llu to "
			"op:%llu are not in the database; they are kept in %s, see `thule journal "
			"show`",
			(unsigned long long)peek.kept_from, (unsigned long long)peek.head_op,
			journal);
	return error_set(err, ERR_UNREACHABLE,
		"unmounted, but the database did not take the last changes (op:%llu to op:%llu): "
		"the next mount on this host brings them there from the journal %s",
		(unsigned long long)peek.tail_op + 1, (unsigned long long)peek.head_op, journal);
}

bool daemon_wait(int pidfd, int limit, struct error *err)
{
	struct pollfd wait = {.fd = pidfd, .events = POLLIN};
	bool tell = isatty(STDERR_FILENO);
	struct timespec start, now;
	int ready;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		ready = poll(&wait, 1, 1000);
		if (ready < 0 && errno != EINTR)
			return error_sys(err, "cannot wait for the daemon");
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (ready == 0 && tell)
			fprintf(stderr, "\rwriting what is left to the database: %ld s ",
				(long)(now.tv_sec - start.tv_sec));
	} while (ready <= 0 && now.tv_sec - start.tv_sec < limit);
	if (tell && now.tv_sec - start.tv_sec >= 1)
		fprintf(stderr, "\r%60s\r", "");
	if (ready > 0)
		return true;
	return error_set(err, ERR_BUSY,
		"unmounted, but after %d seconds its daemon has not yet written everything to the "
		"database; nothing is lost, and it goes on",
		limit);
}

static bool points_into(const char *link, const char *dir)
{
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n <= 0)
		return false;
	target[n] = '\0';
	return path_in(target, dir);
}

/* Looks at the names of links alone: looking at their targets could block on the mount. */
static bool uses(pid_t pid, const char *dir)
{
	char path[PATH_MAX];
	struct dirent *d;
	bool found;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	found = points_into(path, dir);
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	found = found || points_into(path, dir);
	fds = open_fds(pid);
	while (fds && !found && (d = readdir(fds)))
		found = path_format(path, sizeof(path), NULL, "/proc/%d/fd/%s", pid, d->d_name) &&
			points_into(path, dir);
	if (fds)
		closedir(fds);
	return found;
}

struct naming {
	const char *dir;
	struct error *err;
	int named;
};

static bool name_user(pid_t pid, void *arg)
{
	struct naming *u = arg;
	struct error *err = u->err;
	char comm[PROC_COMM_MAX];
	size_t n = strlen(err->text);

	if (pid == getpid() || !uses(pid, u->dir) || !proc_read_comm(pid, comm))
		return true;
	snprintf(err->text + n, sizeof(err->text) - n, "%s%s, pid %d", u->named ? "; " : " (", comm,
		pid);
	return ++u->named < NAMED_USERS_MAX;
}

void daemon_name_users(const struct mount_point *m, struct error *err)
{
	struct naming u = {m->dir, err, 0};
	size_t n;

	proc_each(name_user, &u);
	n = strlen(err->text);
	if (u.named)
		snprintf(err->text + n, sizeof(err->text) - n, ")");
}
