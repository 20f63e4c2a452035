#include "transport/transport.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "request/requests.h"
#include "transport/raw.h"
#include "transport/transport_impl.h"

/* libfuse's replies, and its notifications, which have no number and answer nothing. */
static ssize_t session_writev(int fd, struct iovec *iov, int count, void *userdata)
{
	const struct request_frame *frame = request_frame();
	const struct fuse_out_header *out = iov[0].iov_base;
	ssize_t n;

	if (!frame->port || !out->unique)
		return writev(fd, iov, count);
	/* As the kernel says it of a request that it has no more. */
	if (frame->answered) {
		errno = ENOENT;
		return -1;
	}
	requests_replying(-out->error);
	n = frame->port->reply(frame->port, iov, count);
	requests_replied(n);
	return n;
}

static ssize_t session_read(int fd, void *buf, size_t len, void *userdata)
{
	return read(fd, buf, len);
}

/* The kernel sends no such request: it may be of another version than it says. */
static void refuse(const char *bytes, size_t len)
{
	const struct request_frame *frame = request_frame();
	const struct fuse_in_header *in = (const void *)bytes;

	log_error("the kernel sent a request that is cut short or asks for too much: %zu bytes, "
		  "operation %u",
		len, len < sizeof(*in) ? 0 : in->opcode);
	if (len >= sizeof(*in) && in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET) {
		struct fuse_out_header out = {
			.len = sizeof(out), .error = -EIO, .unique = in->unique};

		requests_replying(EIO);
		requests_replied(
			frame->port->reply(frame->port, &(struct iovec){&out, sizeof(out)}, 1));
	}
}

static void dispatch(void *arg, char *bytes, size_t len)
{
	struct transport *t = arg;
	struct fuse_buf buf = {.size = len, .mem = bytes};

	if (!raw_is_whole(bytes, len)) {
		refuse(bytes, len);
		return;
	}
	fuse_session_process_buf(t->se, &buf);
}

/* Opens io_uring unless it is not wanted, or cannot be had and need not. */
static bool choose(struct transport *t, enum transport_choice choice, struct error *err)
{
	t->ops = &dev_ops;
	if (choice == TRANSPORT_DEV || t->kept)
		return true;
	if (uring_ops.open(t, &t->why)) {
		t->ops = &uring_ops;
		return true;
	}
	uring_ops.close(t);
	if (choice == TRANSPORT_AUTO)
		return true;
	return error_set(err, t->why.class, "cannot mount with transport=uring: %s", t->why.text);
}

static bool set_up(struct transport *t, enum transport_choice choice, struct error *err)
{
	static const struct fuse_custom_io io = {.writev = session_writev, .read = session_read};

	t->requests = requests_new(dispatch, t, err);
	if (!t->requests || !choose(t, choice, err) || !dev_ops.open(t, err))
		return false;
	if (fuse_session_custom_io(t->se, &io, fuse_session_fd(t->se)) != 0)
		return error_set(err, ERR_INTERNAL, "libfuse does not take a transport");
	return true;
}

struct transport *transport_new(struct fuse_session *se, enum transport_choice choice,
	unsigned int threads, struct kept *kept, struct error *err)
{
	struct transport *t = xcalloc(1, sizeof(*t));

	t->se = se;
	t->kept = kept;
	t->threads = threads;
	pthread_mutex_init(&t->lock, NULL);
	if (set_up(t, choice, err))
		return t;
	transport_free(t);
	return NULL;
}

/* Starts the one that was chosen, or /dev/fuse when the kernel has changed its mind. */
static void begin(struct transport *t)
{
	struct error why;

	if (t->ops->start(t, &why))
		return;
	log_warn("requests come by /dev/fuse: %s", why.text);
	t->ops->close(t);
	pthread_mutex_lock(&t->lock);
	t->ops = &dev_ops;
	t->why = why;
	pthread_mutex_unlock(&t->lock);
	dev_ops.start(t, &why);
}

void transport_run(struct transport *t)
{
	if (t->kept)
		dev_take_over(t);
	while (!t->answered && dev_serve_one(t))
		;
	if (t->answered)
		begin(t);
	while (dev_serve_one(t))
		;
	t->ops->finish(t);
	requests_close(t->requests);
}

static void describe_keeper(const struct kept *kept, char *why, size_t size)
{
	pid_t keeper = kept_keeper(kept);

	if (keeper)
		snprintf(why, size,
			"held by keeper %ld, whose daemon number %u this is (io_uring is not for a "
			"mount with -o keeper)",
			(long)keeper, kept_restarts(kept) + 1);
	else
		snprintf(why, size,
			"its keeper has died, so the mount ends with its daemon: unmount and mount "
			"again to have one");
}

const char *transport_name(struct transport *t, char *why, size_t size)
{
	const char *name;

	pthread_mutex_lock(&t->lock);
	if (t->kept)
		describe_keeper(t->kept, why, size);
	else
		snprintf(why, size, "%s", t->why.text);
	name = t->ops->name;
	pthread_mutex_unlock(&t->lock);
	return name;
}

void transport_free(struct transport *t)
{
	if (!t)
		return;
	if (t->requests)
		requests_stop(t->requests);
	uring_ops.close(t);
	dev_ops.close(t);
	requests_free(t->requests);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct requests *transport_requests(struct transport *t)
{
	return t->requests;
}

void transport_attr_changed(struct transport *t, fuse_ino_t ino)
{
	/* A negative offset: nothing of its bytes. A kernel that does not know the inode has
	 * nothing to forget. */
	if (t)
		fuse_lowlevel_notify_inval_inode(t->se, ino, -1, 0);
}

enum raw_kind transport_kind(void)
{
	return (enum raw_kind)request_frame()->kind;
}

bool transport_kills_setid(void)
{
	const struct request_frame *frame = request_frame();
	const struct fuse_in_header *in = (const void *)frame->bytes;

	return raw_kills_setid(in->opcode, in + 1, frame->len - sizeof(*in));
}
