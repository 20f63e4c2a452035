#include "door/door_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

static bool address(const char *dir, struct sockaddr_un *a)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	return snprintf(a->sun_path, sizeof(a->sun_path), "%s/%s", dir, DOOR_SOCKET) <
	       (int)sizeof(a->sun_path);
}

/* Makes a folder in which nobody else can put anything. */
static bool make_folder(const char *dir, struct error *err)
{
	struct stat st;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return error_sys(err, "cannot make %s", dir);
	if (lstat(dir, &st) < 0)
		return error_sys(err, "cannot look at %s", dir);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
		return error_set(
			err, ERR_SYSTEM, "%s is not a folder that only this user can change", dir);
	/* Whatever the umask is, everybody may look for the socket. */
	if (chmod(dir, 0755) < 0)
		return error_sys(err, "cannot change the mode of %s", dir);
	return true;
}

static void remove_door(const char *dir)
{
	struct sockaddr_un a;

	if (address(dir, &a))
		unlink(a.sun_path);
	rmdir(dir);
}

/* Removes sockets of daemons that were killed: nobody listens to them. */
static void sweep(void)
{
	DIR *root = opendir(DOOR_ROOT);
	struct dirent *d;

	while (root && (d = readdir(root))) {
		char dir[DOOR_NAME_MAX];
		struct sockaddr_un a;
		int fd;

		if (strspn(d->d_name, "0123456789") != strlen(d->d_name) ||
			snprintf(dir, sizeof(dir), "%s/%.20s", DOOR_ROOT, d->d_name) < 0 ||
			!address(dir, &a))
			continue;
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 &&
			errno == ECONNREFUSED)
			remove_door(dir);
		if (fd >= 0)
			close(fd);
	}
	if (root)
		closedir(root);
}

/* Locks the folder of doors: mounts begin and end at the same time, and a number goes from one to
 * the next. close() it. */
static int lock_doors(void)
{
	int fd = open(DOOR_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	return fd;
}

static void unlock_doors(int lock)
{
	if (lock >= 0)
		close(lock);
}

/* Under the lock. */
static bool open_socket(struct door *d, struct error *err)
{
	struct sockaddr_un a;
	struct stat st;

	if (!make_folder(d->dir, err))
		return false;
	if (!address(d->dir, &a))
		return error_set(err, ERR_SYSTEM, "the name %s is too long", d->dir);
	/* That of a mount that had the number before, whose daemon was killed. */
	unlink(a.sun_path);
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0 || bind(d->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		chmod(a.sun_path, d->config.others ? 0666 : 0600) < 0 ||
		listen(d->fd, SOMAXCONN) < 0 || stat(a.sun_path, &st) < 0)
		return error_sys(err, "cannot listen on %s", a.sun_path);
	d->ino = st.st_ino;
	return true;
}

static bool open_door(struct door *d, struct error *err)
{
	bool ok;
	int lock;

	if (!make_folder(DOOR_ROOT, err))
		return false;
	lock = lock_doors();
	sweep();
	ok = open_socket(d, err);
	unlock_doors(lock);
	return ok;
}

/* Removes the door, unless the next mount with this number has put its own there. */
static void close_door(struct door *d)
{
	int lock = lock_doors();
	struct sockaddr_un a;
	struct stat st;

	if (address(d->dir, &a) && stat(a.sun_path, &st) == 0 && st.st_ino == d->ino)
		remove_door(d->dir);
	unlock_doors(lock);
}

/* Under the lock. */
static int clients_of(const struct door *d, uid_t uid)
{
	int n = 0;

	for (int i = 0; i < d->clients; i++)
		n += d->users[i] == uid;
	return n;
}

static bool count_client(struct door *d, uid_t uid, struct error *err)
{
	bool ok;

	pthread_mutex_lock(&d->lock);
	ok = d->clients < CLIENTS_MAX && clients_of(d, uid) < CLIENTS_USER_MAX;
	if (ok)
		d->users[d->clients++] = uid;
	pthread_mutex_unlock(&d->lock);
	return ok || error_set(err, ERR_BUSY,
			     "too many users ask this mount at the same time: try again later");
}

static void count_end(struct door *d, uid_t uid)
{
	int i = 0;

	pthread_mutex_lock(&d->lock);
	while (d->users[i] != uid)
		i++;
	d->users[i] = d->users[--d->clients];
	pthread_cond_signal(&d->ended);
	pthread_mutex_unlock(&d->lock);
}

static void session_free(struct session *s)
{
	close(s->fd);
	peer_release(&s->peer);
	buf_free(&s->in);
	buf_free(&s->out);
	free(s);
}

static void *client_main(void *arg)
{
	struct session *s = arg;
	struct door *d = s->door;
	uid_t uid = s->peer.uid;

	session_run(s);
	session_free(s);
	count_end(d, uid);
	return NULL;
}

/* Refuses a client, if it can be told so without waiting. */
static void turn_away(struct session *s, const struct error *err)
{
	wire_add_error(&s->out, true, err->class == ERR_BUSY ? "53300" : "42501", err->text, NULL);
	if (send(s->fd, s->out.data, s->out.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("the door: a client did not wait for its answer");
	session_free(s);
}

static bool start_thread(struct session *s)
{
	pthread_attr_t attr;
	pthread_t thread;
	bool ok;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ok = pthread_create(&thread, &attr, client_main, s) == 0;
	pthread_attr_destroy(&attr);
	return ok;
}

static void welcome(struct door *d, int fd)
{
	struct session *s = xcalloc(1, sizeof(*s));
	struct error err;

	s->door = d;
	s->fd = fd;
	if (!peer_read(fd, &s->peer, &err)) {
		turn_away(s, &err);
		return;
	}
	if (!d->config.others && s->peer.uid != d->config.owner) {
		error_set(&err, ERR_AUTH,
			"only the owner of this mount may use it: allow_other would let others in");
		turn_away(s, &err);
		return;
	}
	if (!count_client(d, s->peer.uid, &err)) {
		turn_away(s, &err);
		return;
	}
	s->viewer = s->peer.uid == d->config.owner ? NULL : s->peer.viewer;
	if (!start_thread(s)) {
		uid_t uid = s->peer.uid;

		session_free(s);
		count_end(d, uid);
	}
}

static void *door_main(void *arg)
{
	struct door *d = arg;
	struct pollfd p[2] = {
		{.fd = d->fd, .events = POLLIN},
		{.fd = d->stop_fd, .events = POLLIN},
	};

	for (;;) {
		int fd;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (p[1].revents)
			return NULL;
		fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			welcome(d, fd);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			poll(p + 1, 1, 100); /* until some of the others have gone */
	}
}

static void door_free(struct door *d)
{
	if (d->fd >= 0)
		close(d->fd);
	if (d->stop_fd >= 0)
		close(d->stop_fd);
	pool_free(d->pool);
	pthread_cond_destroy(&d->ended);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

struct door *door_start(const struct door_config *config, struct error *err)
{
	struct door *d = xcalloc(1, sizeof(*d));

	d->config = *config;
	snprintf(d->dir, sizeof(d->dir), "%s", config->dir);
	d->fd = -1;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->ended, NULL);
	d->pool = pool_new(config->conninfo, config->acl, config->past_owner);
	d->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (d->stop_fd < 0)
		error_sys(err, "cannot make an event");
	else if (open_door(d, err)) {
		if (pthread_create(&d->thread, NULL, door_main, d) == 0)
			return d;
		error_sys(err, "cannot start a thread");
		close_door(d);
	}
	door_free(d);
	return NULL;
}

void door_stop(struct door *d)
{
	uint64_t one = 1;

	if (!d)
		return;
	close_door(d);
	/* The counter is at zero, so that this neither waits nor fails. */
	if (write(d->stop_fd, &one, sizeof(one)) < 0)
		log_error("cannot stop the door's thread");
	pthread_join(d->thread, NULL);
	pool_stop(d->pool);
	pthread_mutex_lock(&d->lock);
	while (d->clients)
		pthread_cond_wait(&d->ended, &d->lock);
	pthread_mutex_unlock(&d->lock);
	door_free(d);
}
