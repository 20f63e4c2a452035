#include "daemon.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mountinfo.h"
#include "base/path.h"
#include "cluster/path.h"
#include "db/conn.h"
#include "journal/ring.h"
#include "self.h"

#define NAMED_USERS_MAX 5
#define LOOK_MS         20

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(line, (int)size, f);

	if (f)
		fclose(f);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

static bool is_thulefs(const char *pid)
{
	char path[64], comm[64];

	return path_format(path, sizeof(path), NULL, "/proc/%.20s/comm", pid) &&
	       read_line(path, comm, sizeof(comm)) && !strcmp(comm, "thulefs");
}

/* How many show the connection, and the last of them. */
static int count_servers(unsigned int device, pid_t *pid)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int count = 0;

	while (proc && (d = readdir(proc)))
		if (isdigit((unsigned char)d->d_name[0]) && is_thulefs(d->d_name) &&
			mountinfo_connection((pid_t)atol(d->d_name)) == (long)device) {
			*pid = (pid_t)atol(d->d_name);
			count++;
		}
	if (proc)
		closedir(proc);
	return count;
}

/* Of two, one shows the number that its connection had. */
static pid_t find_by_connection(unsigned int device)
{
	const struct timespec step = {.tv_nsec = LOOK_MS * 1000000L};
	pid_t pid = 0;
	int count;

	for (int ms = 0; (count = count_servers(device, &pid)) > 1 && ms < MOUNTINFO_SETTLE_MS;
		ms += LOOK_MS)
		nanosleep(&step, NULL);
	return count == 1 ? pid : 0;
}

static PGresult *ask_row(PGconn *conn, const struct mount_point *m, struct error *err)
{
	char boot[SELF_BOOT_ID], device[24];
	const char *params[] = {device, boot};

	self_boot_id(boot);
	snprintf(device, sizeof(device), "%u", m->device);
	return db_query(conn, statements[STMT_COMMAND_MOUNTED].text, 2, params, err);
}

/* Whether a process has this number in its own pid namespace, or here. */
static bool has_pid(pid_t pid, pid_t number)
{
	char path[64], line[256];
	bool found = pid == number;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	f = found ? NULL : fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		const char *last = strrchr(line, '\t');
		found = !strncmp(line, "NSpid:", 6) && last && atol(last + 1) == (long)number;
	}
	if (f)
		fclose(f);
	return found;
}

enum daemon_row daemon_row(PGconn *conn, const struct mount_point *m, bool *past, struct error *err)
{
	PGresult *res = ask_row(conn, m, err);
	enum daemon_row row = !res ? DAEMON_ROW_ERROR : DAEMON_ROW_NONE;
	pid_t pid, server = 0;

	if (res && PQntuples(res) == 1) {
		pid = (pid_t)atol(PQgetvalue(res, 0, 0));
		*past = PQgetvalue(res, 0, 1)[0] == 't';
		/* One that died may have left its row, and its device to somebody else's mount. */
		if (mountinfo_connection(pid) == (long)m->device ||
			count_servers(m->device, &server) == 0 || has_pid(server, pid))
			row = DAEMON_ROW_FOUND;
	}
	PQclear(res);
	return row;
}

static pid_t find_by_row(const struct mount_point *m)
{
	struct target *t = calloc(1, sizeof(*t));
	char pid_text[24];
	PGconn *conn = NULL;
	PGresult *res = NULL;
	pid_t pid = 0;

	if (t && target_of_mount(m, t, NULL))
		conn = target_connect(t, NULL);
	if (conn)
		res = ask_row(conn, m, NULL);
	if (res && PQntuples(res) == 1) {
		snprintf(pid_text, sizeof(pid_text), "%s", PQgetvalue(res, 0, 0));
		/* A row may outlive its daemon, and the number go to someone else. */
		if (is_thulefs(pid_text))
			pid = (pid_t)atol(pid_text);
	}
	PQclear(res);
	PQfinish(conn);
	free(t);
	return pid;
}

pid_t daemon_by_connection(const struct mount_point *m)
{
	return find_by_connection(m->device);
}

pid_t daemon_find(const struct mount_point *m)
{
	pid_t pid = find_by_connection(m->device);
	return pid ? pid : find_by_row(m);
}

bool daemon_alive(pid_t pid)
{
	char path[64], stat[512];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if (!read_line(path, stat, sizeof(stat)))
		return false;
	/* The name in parentheses may hold anything; the state follows it. */
	end = strrchr(stat, ')');
	return end && strlen(end) > 2 && end[2] != 'Z' && end[2] != 'X';
}

/* What the next of a process's descriptors is of. False after the last one. */
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

	/* By the descriptor, which also tells of a file that has lost its name. */
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

	/* One that ends well takes an empty journal with it; a later mount makes it its own. */
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

/* Asks the names of links alone: looking at what they point to could block on the mount. */
static bool uses(const char *pid, const char *dir)
{
	char path[PATH_MAX], fds[64];
	struct dirent *d;
	bool found;
	DIR *open_files;

	snprintf(path, sizeof(path), "/proc/%.20s/cwd", pid);
	found = points_into(path, dir);
	snprintf(path, sizeof(path), "/proc/%.20s/root", pid);
	found = found || points_into(path, dir);
	snprintf(fds, sizeof(fds), "/proc/%.20s/fd", pid);
	open_files = opendir(fds);
	while (open_files && !found && (d = readdir(open_files)))
		found = path_format(path, sizeof(path), NULL, "%s/%s", fds, d->d_name) &&
			points_into(path, dir);
	if (open_files)
		closedir(open_files);
	return found;
}

void daemon_name_users(const struct mount_point *m, struct error *err)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int named = 0;

	while (proc && named < NAMED_USERS_MAX && (d = readdir(proc))) {
		char path[64], comm[64];
		size_t n = strlen(err->text);
		if (!isdigit((unsigned char)d->d_name[0]) || atol(d->d_name) == getpid() ||
			!uses(d->d_name, m->dir) ||
			!path_format(path, sizeof(path), NULL, "/proc/%.20s/comm", d->d_name) ||
			!read_line(path, comm, sizeof(comm)))
			continue;
		snprintf(err->text + n, sizeof(err->text) - n, "%s%s, pid %s", named ? "; " : " (",
			comm, d->d_name);
		named++;
	}
	if (proc)
		closedir(proc);
	if (named) {
		size_t n = strlen(err->text);
		snprintf(err->text + n, sizeof(err->text) - n, ")");
	}
}
