#include "base/proc_read.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define STAT_MAX 1024

/* More than a process's status has but for its list of groups, which stands before the fields that
 * are read here and may have 65,536 of eleven bytes. */
#define STATUS_STEP 4096
#define STATUS_MAX  (1 << 20)

static long read_fd(int fd, char *buf, size_t size)
{
	size_t got = 0;
	ssize_t n;

	do {
		n = read(fd, buf + got, size - got);
		if (n > 0)
			got += (size_t)n;
	} while ((n > 0 && got < size) || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : (long)got;
}

static int open_file(pid_t pid, const char *name)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Reads and closes. */
static long read_and_close(int fd, char *buf, size_t size)
{
	long n = fd < 0 ? -1 : read_fd(fd, buf, size);
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return n;
}

long proc_read_at(int dirfd, const char *name, char *buf, size_t size)
{
	return read_and_close(openat(dirfd, name, O_RDONLY | O_CLOEXEC), buf, size);
}

long proc_read(pid_t pid, const char *name, char *buf, size_t size)
{
	return read_and_close(open_file(pid, name), buf, size);
}

bool proc_read_stat(pid_t pid, struct proc_stat *out)
{
	char buf[STAT_MAX];
	long n = proc_read(pid, "stat", buf, sizeof(buf));

	return n > 0 && proc_parse_stat(buf, (size_t)n, out);
}

bool proc_pread_stat(int fd, struct proc_stat *out)
{
	char buf[STAT_MAX];
	ssize_t n = pread(fd, buf, sizeof(buf), 0);

	return n > 0 && proc_parse_stat(buf, (size_t)n, out);
}

bool proc_read_comm(pid_t pid, char comm[static PROC_COMM_MAX])
{
	long n = proc_read(pid, "comm", comm, PROC_COMM_MAX - 1);

	if (n > 0 && comm[n - 1] == '\n')
		n--;
	comm[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

/* Reads the whole of status, however many groups there are. */
static bool read_status(pid_t pid, struct buf *out)
{
	int fd = open_file(pid, "status");
	long n = fd < 0 ? -1 : 0;

	while (fd >= 0 && out->len < STATUS_MAX &&
		(n = read_fd(fd, buf_reserve(out, STATUS_STEP), STATUS_STEP)) > 0)
		out->len += (size_t)n;
	if (fd >= 0)
		close(fd);
	return n >= 0;
}

bool proc_read_own_pid(pid_t pid, pid_t *out)
{
	struct buf status = {0};
	bool ok = read_status(pid, &status) && proc_parse_own_pid(status.data, status.len, out);

	buf_free(&status);
	return ok;
}

bool proc_signal_pending(pid_t tid, int signal, bool *pending)
{
	struct buf status = {0};
	uint64_t mask = 0;
	bool ok = read_status(tid, &status) && proc_parse_pending(status.data, status.len, &mask);

	buf_free(&status);
	if (ok)
		*pending = mask >> (signal - 1) & 1;
	return ok;
}

bool proc_signal_deliverable(pid_t tid, bool *any)
{
	struct buf status = {0};
	uint64_t mask = 0;
	bool ok =
		read_status(tid, &status) && proc_parse_deliverable(status.data, status.len, &mask);

	buf_free(&status);
	if (ok)
		*any = mask != 0;
	return ok;
}

bool proc_each(bool (*visit)(pid_t pid, void *arg), void *arg)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;

	if (!proc)
		return false;
	while ((d = readdir(proc)))
		if (isdigit((unsigned char)d->d_name[0]) && !visit((pid_t)atol(d->d_name), arg))
			break;
	closedir(proc);
	return true;
}
