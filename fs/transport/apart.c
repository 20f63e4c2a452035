#include "transport/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "transport/notifier.h"
#include "transport/transport_impl.h"

struct apart {
	struct fuse_session *session;
	bool kept;
	bool warned;
	pid_t pid; /* 0: there is none */
	int socket;
};

static void add(struct buf *b, int code, const void *body, size_t len, size_t more)
{
	struct fuse_out_header out = {.len = (uint32_t)(sizeof(out) + len + more), .error = code};

	buf_add(b, &out, sizeof(out));
	buf_add(b, body, len);
}

void apart_add_inode(struct buf *b, uint64_t ino)
{
	struct fuse_notify_inval_inode_out body = {.ino = ino};

	add(b, FUSE_NOTIFY_INVAL_INODE, &body, sizeof(body), 0);
}

void apart_add_name(struct buf *b, uint64_t parent, const char *name, size_t len, bool stays)
{
	struct fuse_notify_inval_entry_out body = {
		.parent = parent, .namelen = (uint32_t)len, .flags = stays ? FUSE_EXPIRE_ONLY : 0};

	add(b, FUSE_NOTIFY_INVAL_ENTRY, &body, sizeof(body), len + 1);
	buf_add(b, name, len);
	buf_add(b, "", 1);
}

/* It ends with its daemon, and by nothing that is meant for that: a terminal's ^C, or who stops all
 * processes of a service. 0, or an errno. */
static int spawn(struct apart *a, int socket, int clone)
{
	char name[] = NOTIFIER_NAME, ends[] = NOTIFIER_ENDS, kept[] = NOTIFIER_KEPT;
	char *argv[] = {name, a->kept ? kept : ends, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all;
	int error;

	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, &all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, clone, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	error = posix_spawn(&a->pid, "/proc/self/exe", &files, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	if (error)
		a->pid = 0;
	return error;
}

static bool begin(struct apart *a)
{
	int sockets[2] = {-1, -1}, clone = transport_clone(fuse_session_fd(a->session)), error;

	/* The connection is gone: there is nobody to be told. */
	if (clone < 0)
		return false;
	error = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0
			? errno
			: spawn(a, sockets[1], clone);
	close(clone);
	close(sockets[1]);
	a->socket = sockets[0];
	if (error)
		close(sockets[0]);
	if (error && !a->warned)
		log_warn("cannot start the process that tells the kernel what changed (%s): should "
			 "this daemon be killed, `umount -f` may have to end its mount",
			strerror(error));
	a->warned = error != 0;
	return !error;
}

static void end(struct apart *a)
{
	close(a->socket);
	while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
		;
	a->pid = 0;
}

static bool send_all(const struct apart *a, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(a->socket, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Waits until it has done all that. False when it is gone. */
static bool is_done(const struct apart *a)
{
	struct fuse_out_header mark = {.len = sizeof(mark)};
	ssize_t n;
	char done;

	if (!send_all(a, (const char *)&mark, sizeof(mark)))
		return false;
	while ((n = read(a->socket, &done, 1)) < 0 && errno == EINTR)
		;
	return n == 1;
}

/* Without another process. */
static void tell_alone(const struct apart *a, const struct buf *b)
{
	struct fuse_out_header out;

	for (size_t at = 0; at < b->len; at += out.len) {
		ssize_t done;

		memcpy(&out, b->data + at, sizeof(out));
		done = write(fuse_session_fd(a->session), b->data + at, out.len);
		(void)done;
	}
}

void apart_tell(struct apart *a, const struct buf *b)
{
	if (!b->len)
		return;
	if ((a->pid || begin(a)) && send_all(a, b->data, b->len) && is_done(a))
		return;
	if (a->pid) {
		log_warn("the process that tells the kernel what changed is gone; there will be "
			 "another");
		end(a);
	}
	tell_alone(a, b);
}

struct apart *apart_new(struct fuse_session *se, bool kept)
{
	struct apart *a = xcalloc(1, sizeof(*a));

	a->session = se;
	a->kept = kept;
	return a;
}

void apart_free(struct apart *a)
{
	if (a && a->pid)
		end(a);
	free(a);
}
