#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/place.h"

/*
 * The time that a daemon may take, and the length that its answer may have: that of
 * LIVE_REQUESTS_MAX.
 */
#define ANSWER_MS  2000
#define ANSWER_MAX ((size_t)32 << 20)

/* Connects to the socket if root or the user who mounted listens: anybody may bind a name. */
static int connect_name(const struct mount_point *m, const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	size_t n = strnlen(name, sizeof(a.sun_path) - 1);
	struct ucred who;
	socklen_t len = sizeof(who);

	memcpy(a.sun_path + 1, name, n);
	if (fd >= 0 &&
		connect(fd, (struct sockaddr *)&a,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) == 0 &&
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
		(who.uid == 0 || (long)who.uid == m->owner))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* /proc/net/unix has a line for each socket, with its name at the end and @ for the zero. */
static int find_socket(const struct mount_point *m)
{
	char prefix[CONTROL_NAME_MAX], line[512];
	FILE *f = fopen("/proc/net/unix", "re");
	int fd = -1, n;

	n = snprintf(prefix, sizeof(prefix), "@" CONTROL_NAME_FORMAT, m->device);
	while (f && fd < 0 && fgets(line, sizeof(line), f)) {
		const char *name = strrchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (name && !strncmp(name + 1, prefix, (size_t)n))
			fd = connect_name(m, name + 2);
	}
	if (f)
		fclose(f);
	return fd;
}

static bool receive(int fd, struct buf *answer)
{
	int64_t end = clock_mono_ns() + ANSWER_MS * INT64_C(1000000), left;

	while (answer->len < ANSWER_MAX && (left = end - clock_mono_ns()) > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, (int)(left / 1000000) + 1) <= 0)
			continue;
		n = recv(fd, buf_reserve(answer, 65536), 65536, MSG_DONTWAIT);
		if (n == 0)
			return true;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		answer->len += n > 0 ? (size_t)n : 0;
	}
	return false;
}

bool control_ask(const struct mount_point *m, struct buf *answer, struct error *err)
{
	int fd = find_socket(m);
	bool ok;

	if (fd < 0)
		return error_set(err, ERR_NOT_FOUND,
			"no daemon that can be asked from here serves the mount at %s: it is gone, "
			"of an older version, or in another network namespace",
			m->dir);
	ok = receive(fd, answer);
	close(fd);
	buf_add(answer, "", 1);
	if (!ok)
		return error_set(err, ERR_UNREACHABLE,
			"the daemon of the mount at %s does not answer within %d seconds: it is "
			"stopped or hangs",
			m->dir, ANSWER_MS / 1000);
	if (strncmp(answer->data, CONTROL_GREETING " ", sizeof(CONTROL_GREETING)) != 0)
		return error_set(err, ERR_VERSION,
			"the daemon of the mount at %s is of another version: unmount, and mount "
			"again",
			m->dir);
	return true;
}
