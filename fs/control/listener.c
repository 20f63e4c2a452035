#include "control/listener.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/place.h"
#include "control/report.h"

/* A client has so long to read its answer; between those of others than the owner there is a pause,
 * because the lock of the filesystem is taken for each. */
#define SEND_MS  1000
#define PAUSE_MS 50

struct listener {
	struct fs *fs;
	int fd;      /* listens */
	int stop_fd; /* eventfd: readable once it is time to end */
	pthread_t thread;
};

static bool bind_name(int fd, unsigned int device, struct error *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	uint64_t number;
	int n;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return error_sys(err, "cannot choose a name for the control socket");
	/* A zero in front makes it an abstract one. */
	n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, CONTROL_NAME_FORMAT "%016" PRIx64,
		device, number);
	if (bind(fd, (struct sockaddr *)&a,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0 ||
		listen(fd, SOMAXCONN) < 0)
		return error_sys(err, "cannot listen at the control socket");
	return true;
}

/* Waits for `events`, at most so long. Returns false when they did not come, or it is time to end.
 */
static bool wait_for(const struct listener *l, int fd, short events, int ms)
{
	struct pollfd p[2] = {
		{.fd = fd, .events = events},
		{.fd = l->stop_fd, .events = POLLIN},
	};

	while (poll(p, 2, ms) < 0)
		if (errno != EINTR)
			return false;
	return p[0].revents && !p[1].revents;
}

/* Sends the answer, but for what the client does not read in time. */
static void send_all(const struct listener *l, int fd, const struct buf *answer)
{
	int64_t end = clock_mono_ns() + SEND_MS * INT64_C(1000000);
	size_t done = 0;

	while (done < answer->len && clock_mono_ns() < end) {
		ssize_t n = send(
			fd, answer->data + done, answer->len - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (n < 0 && !wait_for(l, fd, POLLOUT, SEND_MS))
			return;
		done += n > 0 ? (size_t)n : 0;
	}
}

static void answer(const struct listener *l, int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);
	struct buf text = {0};
	bool all;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return;
	all = who.uid == 0 || who.uid == geteuid();
	report_write(l->fs, all ? -1 : (int64_t)who.uid, &text);
	send_all(l, fd, &text);
	buf_free(&text);
	if (!all)
		wait_for(l, -1, 0, PAUSE_MS);
}

static void *listener_main(void *arg)
{
	struct listener *l = arg;

	while (wait_for(l, l->fd, POLLIN, -1)) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			/* Out of descriptors: nobody is answered until there are some. */
			wait_for(l, -1, 0, PAUSE_MS);
			continue;
		}
		answer(l, fd);
		close(fd);
	}
	return NULL;
}

static bool listener_open(struct listener *l, unsigned int device, struct error *err)
{
	if (l->fd < 0 || l->stop_fd < 0)
		return error_sys(err, "cannot make the control socket");
	if (!bind_name(l->fd, device, err))
		return false;
	if (pthread_create(&l->thread, NULL, listener_main, l) != 0)
		return error_sys(err, "cannot start a thread");
	return true;
}

struct listener *listener_start(struct fs *fs, unsigned int device, struct error *err)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->fs = fs;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	l->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (listener_open(l, device, err))
		return l;
	close(l->fd);
	close(l->stop_fd);
	free(l);
	return NULL;
}

void listener_stop(struct listener *l)
{
	if (!l)
		return;
	eventfd_write(l->stop_fd, 1);
	pthread_join(l->thread, NULL);
	close(l->fd);
	close(l->stop_fd);
	free(l);
}
