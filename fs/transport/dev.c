#include "transport/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "transport/raw.h"

/* The largest request is a write: libfuse's limit of 1 MiB of data, and a page of headers. */
#define REQUEST_MAX ((1 << 20) + 4096)

struct worker {
	struct transport *transport;
	pthread_t thread;
	int fd;
	bool started;
};

struct transport {
	struct fuse_session *se;
	struct waiting_list *waiting;
	unsigned int count;
	struct worker workers[];
};

/* A reply that is kept. */
struct later {
	struct waiting waiting;
	struct transport *transport;
	enum raw_kind kind;
};

/* The request that this thread handles now: libfuse's callbacks have no place for it. */
static _Thread_local struct {
	struct transport *transport;
	int fd; /* 0: none, the session's own descriptor */
	int error;
	unsigned int times_parked;
	bool signalled; /* while it was parked */
	bool answered;  /* nobody waits for the reply */
	struct later *later;
	enum raw_kind kind;
	char *bytes;
	size_t len;
} current;

static ssize_t reply_writev(int fd, struct iovec *iov, int count, void *userdata)
{
	const struct fuse_in_header *in = (const void *)current.bytes;

	/* As the kernel says it of a request that it has no more. */
	if (current.answered) {
		errno = ENOENT;
		return -1;
	}
	if (in && in->opcode == FUSE_INIT && count > 1)
		raw_init(in + 1, current.len - sizeof(*in), iov[1].iov_base, iov[1].iov_len);
	return writev(current.fd ? current.fd : fd, iov, count);
}

static ssize_t request_read(int fd, void *buf, size_t len, void *userdata)
{
	return read(fd, buf, len);
}

static const struct fuse_custom_io transport_io = {.writev = reply_writev, .read = request_read};

static void dispatch(
	struct transport *t, int fd, enum raw_kind kind, char *bytes, size_t len, int error)
{
	struct fuse_buf buf = {.size = len, .mem = bytes};

	current.transport = t;
	current.fd = fd;
	current.error = error;
	current.kind = kind;
	current.bytes = bytes;
	current.len = len;
	fuse_session_process_buf(t->se, &buf);
	current.fd = 0;
	current.error = 0;
	current.kind = RAW_NONE;
	current.bytes = NULL;
}

/*
 * The descriptor of a connection that is gone still shows its number, which the next mount of
 * whatever filesystem gets: one without a connection takes its place. That, too, gives an error to
 * those who reply on it and tells libfuse, by poll(2), that nothing is left to unmount.
 */
static void let_go(int fd)
{
	struct pollfd p = {.fd = fd};
	int unconnected;

	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLERR))
		return;
	unconnected = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (unconnected < 0)
		return;
	dup3(unconnected, fd, O_CLOEXEC);
	close(unconnected);
}

/* A signal came for a request. It needs no reply. */
static bool interrupts(struct transport *t, const void *bytes, size_t len)
{
	const struct fuse_in_header *in = bytes;
	const struct fuse_interrupt_in *body = (const void *)(in + 1);

	if (len < sizeof(*in) + sizeof(*body) || in->opcode != FUSE_INTERRUPT)
		return false;
	waiting_signalled(t->waiting, body->unique);
	return true;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct fuse_session *se = w->transport->se;
	char *buf;

	if (posix_memalign((void **)&buf, 4096, REQUEST_MAX) != 0)
		return NULL;
	while (!fuse_session_exited(se)) {
		ssize_t n = read(w->fd, buf, REQUEST_MAX);
		if (n < 0) {
			/* ENOENT: the request was interrupted before it was read. ENODEV:
			 * unmounted. */
			if (errno == EINTR || errno == EAGAIN || errno == ENOENT)
				continue;
			if (errno != ENODEV)
				log_error("cannot read from /dev/fuse: %s", strerror(errno));
			fuse_session_exit(se);
			break;
		}
		if (!interrupts(w->transport, buf, (size_t)n))
			dispatch(w->transport, w->fd, raw_disguise(buf, (size_t)n), buf, (size_t)n,
				0);
	}
	free(buf);
	let_go(w->fd);
	return NULL;
}

static int clone_fd(int session_fd)
{
	uint32_t source = (uint32_t)session_fd;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, FUSE_DEV_IOC_CLONE, &source) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct transport *transport_new(struct fuse_session *se, unsigned int threads, struct error *err)
{
	struct transport *t = xcalloc(1, sizeof(*t) + threads * sizeof(t->workers[0]));
	int fd = fuse_session_fd(se);

	t->se = se;
	t->waiting = waiting_new(err);
	if (!t->waiting) {
		free(t);
		return NULL;
	}
	t->count = threads;
	for (unsigned int i = 0; i < threads; i++) {
		t->workers[i].transport = t;
		t->workers[i].fd = i == 0 ? fd : clone_fd(fd);
		if (t->workers[i].fd < 0) {
			error_sys(err, "cannot clone /dev/fuse");
			transport_free(t);
			return NULL;
		}
	}
	if (fuse_session_custom_io(se, &transport_io, fd) != 0) {
		error_set(err, ERR_INTERNAL, "libfuse does not take a transport");
		transport_free(t);
		return NULL;
	}
	return t;
}

void transport_run(struct transport *t)
{
	/* The first worker is the caller: signals are delivered to it. */
	for (unsigned int i = 1; i < t->count; i++)
		t->workers[i].started = pthread_create(&t->workers[i].thread, NULL, worker_main,
						&t->workers[i]) == 0;
	worker_main(&t->workers[0]);
	for (unsigned int i = 1; i < t->count; i++)
		if (t->workers[i].started)
			pthread_join(t->workers[i].thread, NULL);
}

void transport_free(struct transport *t)
{
	if (!t)
		return;
	/* The first descriptor is the session's. */
	for (unsigned int i = 1; i < t->count; i++)
		if (t->workers[i].fd > 0)
			close(t->workers[i].fd);
	waiting_free(t->waiting);
	free(t);
}

/* What waits of the request that this thread handles. */
static struct waiting waiting_here(void)
{
	const struct fuse_in_header *in = (const void *)current.bytes;

	return (struct waiting){.unique = in->unique,
		.pid = (int32_t)in->pid,
		.fd = current.fd,
		.signalled = current.signalled};
}

struct parked *transport_park(struct transport *t, fuse_req_t req)
{
	struct parked *p = malloc(sizeof(*p) + current.len);

	if (!p)
		abort();
	p->transport = t;
	p->next = NULL;
	p->waiting = waiting_here();
	p->kind = current.kind;
	p->times = current.times_parked + 1;
	p->len = current.len;
	memcpy(p->bytes, current.bytes, current.len);
	fuse_reply_none(req); /* sends nothing */
	waiting_add(t->waiting, &p->waiting);
	return p;
}

void transport_resume(struct parked *p, int error)
{
	if (waiting_remove(p->transport->waiting, &p->waiting)) {
		current.times_parked = p->times;
		current.signalled = p->waiting.signalled;
		dispatch(p->transport, p->waiting.fd, p->kind, p->bytes, p->len, error);
		current.times_parked = 0;
		current.signalled = false;
	}
	free(p);
}

int transport_error(void)
{
	return current.error;
}

unsigned int transport_times_parked(void)
{
	return current.times_parked;
}

struct reply transport_later(fuse_req_t req)
{
	struct later *l = xcalloc(1, sizeof(*l));

	l->waiting = waiting_here();
	l->transport = current.transport;
	l->kind = current.kind;
	waiting_add(l->transport->waiting, &l->waiting);
	return (struct reply){req, l};
}

void transport_reply(const struct reply *r)
{
	struct later *l = r->later;

	current.answered = !waiting_remove(l->transport->waiting, &l->waiting);
	current.fd = l->waiting.fd;
	current.kind = l->kind;
	current.later = l;
}

void transport_keep(const struct reply *r)
{
	current.later = NULL;
	if (!r->later->waiting.answered)
		waiting_add(r->later->transport->waiting, &r->later->waiting);
}

void transport_done(void)
{
	free(current.later);
	current.later = NULL;
	current.answered = false;
	current.fd = 0;
	current.kind = RAW_NONE;
}

void transport_attr_changed(struct transport *t, fuse_ino_t ino)
{
	/* A negative offset: nothing of its bytes. A kernel that does not know the inode has
	 * nothing to forget. */
	fuse_lowlevel_notify_inval_inode(t->se, ino, -1, 0);
}

enum raw_kind transport_kind(void)
{
	return current.kind;
}

bool transport_kills_setid(void)
{
	const struct fuse_in_header *in = (const void *)current.bytes;

	return raw_kills_setid(in->opcode, in + 1, current.len - sizeof(*in));
}
