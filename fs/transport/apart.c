#include "transport/apart.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "transport/transport_impl.h"

struct apart {
	struct fuse_session *session;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	void (*fn)(struct fuse_session *se, void *arg); /* NULL: there is nothing to do */
	void *arg;
	/* To begin with: a clone of the session's descriptor, and /dev/null. */
	int clone, null;
	bool began, parted, stop;
};

/* dup3(), by its number: ThreadSanitizer takes all threads to have one table of descriptors. */
static bool put(int from, int to)
{
	return syscall(SYS_dup3, from, to, O_CLOEXEC) >= 0;
}

/* On the thread: from now on the number of the session's descriptor is that of the clone, and what
 * else there is are the standard streams, which lead nowhere: who reads what a mount says, to its
 * end, does not wait for this thread. */
static bool part(int session_fd, int clone, int null)
{
	return unshare(CLONE_FILES) == 0 && put(null, STDIN_FILENO) && put(null, STDOUT_FILENO) &&
	       put(null, STDERR_FILENO) && put(clone, session_fd) &&
	       (session_fd == STDERR_FILENO + 1 ||
		       close_range(STDERR_FILENO + 1, (unsigned int)session_fd - 1, 0) == 0) &&
	       close_range((unsigned int)session_fd + 1, ~0U, 0) == 0;
}

static void *apart_main(void *arg)
{
	struct apart *a = arg;
	bool parted = part(fuse_session_fd(a->session), a->clone, a->null);

	pthread_mutex_lock(&a->lock);
	a->parted = parted;
	a->began = true;
	pthread_cond_signal(&a->done);
	for (;;) {
		while (!a->fn && !a->stop)
			pthread_cond_wait(&a->work, &a->lock);
		if (!a->fn)
			break;
		pthread_mutex_unlock(&a->lock);
		a->fn(a->session, a->arg);
		pthread_mutex_lock(&a->lock);
		a->fn = NULL;
		pthread_cond_signal(&a->done);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

static void close_both(const struct apart *a)
{
	if (a->clone >= 0)
		close(a->clone);
	if (a->null >= 0)
		close(a->null);
}

struct apart *apart_start(struct fuse_session *se, struct error *err)
{
	struct apart *a = xcalloc(1, sizeof(*a));

	a->session = se;
	a->clone = transport_clone(fuse_session_fd(se));
	a->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->work, NULL);
	pthread_cond_init(&a->done, NULL);
	if (pthread_create(&a->thread, NULL, apart_main, a) != 0) {
		error_sys(err, "cannot start a thread");
		close_both(a);
		free(a);
		return NULL;
	}
	pthread_mutex_lock(&a->lock);
	while (!a->began)
		pthread_cond_wait(&a->done, &a->lock);
	pthread_mutex_unlock(&a->lock);
	if (!a->parted)
		log_warn("the thread that tells the kernel what changed has no descriptors of its "
			 "own: should the daemon be killed, `umount -f` may have to end its mount");
	close_both(a);
	return a;
}

void apart_run(struct apart *a, void (*fn)(struct fuse_session *se, void *arg), void *arg)
{
	pthread_mutex_lock(&a->lock);
	a->arg = arg;
	a->fn = fn;
	pthread_cond_signal(&a->work);
	while (a->fn)
		pthread_cond_wait(&a->done, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

void apart_free(struct apart *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->work);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->work);
	pthread_cond_destroy(&a->done);
	free(a);
}
