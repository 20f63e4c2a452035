#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "transport/raw.h"
#include "transport/transport_impl.h"

/* The kernel tells what it has forgotten one by one as long as somebody reads each, and many at
 * once when nobody has read for a while. */
#define FORGETS_NS 5000000

/* A thread that reads requests, and what it reads from: a clone of /dev/fuse. */
struct reader {
	struct request_port port; /* first */
	struct request_port replay;
	struct transport *transport;
	pthread_t thread;
	int fd;
	char *buf; /* REQUEST_BYTES_MAX */
	bool started;
};

/* A thread that continues those that waited. */
struct resumer {
	pthread_t thread;
	bool started;
};

struct dev {
	unsigned int count; /* of each */
	struct reader *readers;
	struct resumer *resumers;
};

static void keep_init(
	struct transport *t, const struct request_frame *frame, const struct iovec *reply)
{
	struct kept_init init = {
		.request_len = (uint32_t)frame->len, .reply_len = (uint32_t)reply->iov_len};
	bool fits = frame->len <= KEPT_INIT_MAX && reply->iov_len <= KEPT_INIT_MAX;

	if (fits) {
		memcpy(init.request, frame->bytes, frame->len);
		memcpy(init.reply, reply->iov_base, reply->iov_len);
	}
	if (!fits || !kept_set_init(t->kept, &init))
		log_error("the kernel's INIT is too long to be kept: this mount ends with its "
			  "daemon");
}

/* INIT comes by /dev/fuse alone. Its reply says what the kernel is to do. */
static void reply_init(struct transport *t, const struct iovec *reply)
{
	const struct request_frame *frame = request_frame();
	const struct fuse_in_header *in = (const void *)frame->bytes;

	t->offered = raw_init(
		in + 1, frame->len - sizeof(*in), reply->iov_base, reply->iov_len, t->ops->flags);
	t->answered = true;
	if (t->kept && !kept_init(t->kept))
		keep_init(t, frame, reply);
}

/* The reply to an INIT that was answered long ago goes nowhere. */
static ssize_t replay_reply(struct request_port *port, const struct iovec *iov, int count)
{
	struct reader *r = (struct reader *)((char *)port - offsetof(struct reader, replay));

	if (count > 1)
		reply_init(r->transport, &iov[1]);
	return (ssize_t)iov[0].iov_len;
}

static ssize_t dev_reply(struct request_port *port, const struct iovec *iov, int count)
{
	struct reader *r = (struct reader *)port;
	const struct fuse_in_header *in = (const void *)request_frame()->bytes;
	ssize_t n;

	if (in && in->opcode == FUSE_INIT && count > 1)
		reply_init(r->transport, &iov[1]);
	else
		fault(FAULT_DEV_REPLY);
	n = writev(r->fd, iov, count);
	fault(FAULT_DEV_REPLIED);
	return n;
}

/* The kernel has no such request any more when its connection is gone. */
static void dev_answer(struct request_port *port, uint64_t unique, int error)
{
	struct fuse_out_header out = {.len = sizeof(out), .error = -error, .unique = unique};
	ssize_t n = write(((struct reader *)port)->fd, &out, sizeof(out));

	(void)n;
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
	requests_signalled(t->requests, body->unique);
	return true;
}

/* An INIT whose reply was kept, but not seen by the kernel. */
static bool is_answered_init(struct reader *r, const void *bytes, size_t len)
{
	const struct fuse_in_header *in = bytes;
	const struct kept_init *init;
	struct fuse_out_header out;
	struct iovec iov[2];

	if (!r->transport->kept || !r->transport->answered || len < sizeof(*in) ||
		in->opcode != FUSE_INIT)
		return false;
	init = kept_init(r->transport->kept);
	out = (struct fuse_out_header){
		.len = (uint32_t)(sizeof(out) + init->reply_len), .unique = in->unique};
	iov[0] = (struct iovec){&out, sizeof(out)};
	iov[1] = (struct iovec){(void *)(uintptr_t)init->reply, init->reply_len};
	if (writev(r->fd, iov, 2) < 0)
		log_error("cannot answer the kernel's INIT: %s", strerror(errno));
	return true;
}

static bool forgets(const void *bytes, size_t len)
{
	const struct fuse_in_header *in = bytes;

	return len >= sizeof(*in) && (in->opcode == FUSE_FORGET || in->opcode == FUSE_BATCH_FORGET);
}

static bool read_one(struct reader *r)
{
	struct transport *t = r->transport;
	ssize_t n = read(r->fd, r->buf, REQUEST_BYTES_MAX);

	if (n < 0) {
		/* ENOENT: the request was interrupted before it was read. ENODEV: unmounted. */
		if (errno == EINTR || errno == EAGAIN || errno == ENOENT)
			return true;
		if (errno != ENODEV)
			log_error("cannot read from /dev/fuse: %s", strerror(errno));
		fuse_session_exit(t->se);
		return false;
	}
	fault(FAULT_DEV_READ);
	if (!interrupts(t, r->buf, (size_t)n) && !is_answered_init(r, r->buf, (size_t)n))
		requests_begin(
			t->requests, &r->port, raw_disguise(r->buf, (size_t)n), r->buf, (size_t)n);
	/* Where requests come another way, nobody waits for what is read here; an interrupt can. */
	if (t->ops != &dev_ops && forgets(r->buf, (size_t)n))
		nanosleep(&(struct timespec){.tv_nsec = FORGETS_NS}, NULL);
	return true;
}

static bool serve_one(struct reader *r)
{
	if (!fuse_session_exited(r->transport->se) && read_one(r))
		return true;
	let_go(r->fd);
	return false;
}

/* Not in the headers of Linux 6.1. */
#define NOTIFY_RESEND 7

void dev_take_over(struct transport *t)
{
	struct reader *r = &t->dev->readers[0];
	const struct kept_init *init = kept_init(t->kept);
	struct fuse_out_header resend = {.len = sizeof(resend), .error = NOTIFY_RESEND};

	if (kept_restarts(t->kept) == 0)
		return;
	fault(FAULT_KEPT_INIT);
	if (init) {
		memcpy(r->buf, init->request, init->request_len);
		r->replay = (struct request_port){.reply = replay_reply};
		requests_begin(t->requests, &r->replay, RAW_NONE, r->buf, init->request_len);
	}
	fault(FAULT_KEPT_RESEND);
	/* A connection that is gone has nothing to send. */
	if (write(r->fd, &resend, sizeof(resend)) < 0 && errno != ENODEV && errno != EPERM)
		log_error("the kernel does not send again what was not answered: %s",
			strerror(errno));
	fault(FAULT_KEPT_SERVE);
}

bool dev_serve_one(struct transport *t)
{
	return serve_one(&t->dev->readers[0]);
}

static void *reader_main(void *arg)
{
	while (serve_one(arg))
		;
	return NULL;
}

static void *resumer_main(void *arg)
{
	requests_serve(arg);
	return NULL;
}

int transport_clone(int session_fd)
{
	uint32_t source = (uint32_t)session_fd;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, FUSE_DEV_IOC_CLONE, &source) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The first descriptor is the session's, and its reader the thread that serves. */
static bool reader_open(struct transport *t, struct reader *r, int fd, struct error *err)
{
	*r = (struct reader){
		.port = {.reply = dev_reply, .answer = dev_answer}, .transport = t, .fd = fd};
	if (fd < 0)
		return error_sys(err, "cannot clone /dev/fuse");
	if (posix_memalign((void **)&r->buf, 4096, REQUEST_BYTES_MAX) != 0)
		return error_set(err, ERR_SYSTEM, "out of memory");
	/* The kernel fails a request with EIO when it meets a page that is not there while the
	 * daemon is being killed. */
	if (t->kept) {
		memset(r->buf, 0, REQUEST_BYTES_MAX);
		mlock(r->buf, REQUEST_BYTES_MAX);
	}
	return true;
}

/* The keeper has them before anything is read from them. */
static bool hand_over(struct transport *t, struct error *err)
{
	int fds[KEPT_FDS_MAX];

	for (unsigned int i = 0; i < t->dev->count; i++)
		fds[i] = t->dev->readers[i].fd;
	return kept_give_fds(t->kept, fds, t->dev->count, err);
}

static bool dev_open(struct transport *t, struct error *err)
{
	int fd = fuse_session_fd(t->se);
	struct dev *d = xcalloc(1, sizeof(*d));
	const int *fds = NULL;
	unsigned int kept = t->kept ? kept_fds(t->kept, &fds) : 0;

	t->dev = d;
	d->count = kept ? kept : t->threads;
	d->readers = xcalloc(d->count, sizeof(*d->readers));
	d->resumers = xcalloc(d->count, sizeof(*d->resumers));
	for (unsigned int i = 0; i < d->count; i++)
		if (!reader_open(t, &d->readers[i],
			    i == 0 ? fd
			    : kept ? fds[i]
				   : transport_clone(fd),
			    err))
			return false;
	if (t->kept && !kept && !hand_over(t, err))
		return false;
	for (unsigned int i = 0; i < d->count; i++) {
		struct resumer *r = &d->resumers[i];

		r->started = pthread_create(&r->thread, NULL, resumer_main, t->requests) == 0;
		if (!r->started)
			return error_sys(err, "cannot start a thread");
	}
	return true;
}

static bool dev_start(struct transport *t, struct error *err)
{
	struct dev *d = t->dev;

	/* The first reader is the caller: signals are delivered to it. */
	for (unsigned int i = 1; i < d->count; i++) {
		struct reader *r = &d->readers[i];

		r->started = pthread_create(&r->thread, NULL, reader_main, r) == 0;
	}
	return true;
}

static void dev_finish(struct transport *t)
{
	for (unsigned int i = 1; i < t->dev->count; i++)
		if (t->dev->readers[i].started)
			pthread_join(t->dev->readers[i].thread, NULL);
}

static void dev_close(struct transport *t)
{
	struct dev *d = t->dev;

	if (!d)
		return;
	for (unsigned int i = 0; i < d->count; i++)
		if (d->resumers[i].started)
			pthread_join(d->resumers[i].thread, NULL);
	for (unsigned int i = 0; i < d->count; i++) {
		if (i > 0 && d->readers[i].fd > 0)
			close(d->readers[i].fd);
		free(d->readers[i].buf);
	}
	free(d->readers);
	free(d->resumers);
	free(d);
	t->dev = NULL;
}

const struct transport_ops dev_ops = {
	.name = "dev",
	.open = dev_open,
	.start = dev_start,
	.finish = dev_finish,
	.close = dev_close,
};
