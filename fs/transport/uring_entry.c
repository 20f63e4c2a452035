#include <errno.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "transport/raw.h"
#include "transport/uring_abi.h"
#include "transport/uring_impl.h"

static struct uring_header *entry_header(struct entry *e)
{
	return e->iov[0].iov_base;
}

/* --- commands to the kernel, on the thread of the ring --- */

static void command(struct entry *e, enum uring_command op)
{
	struct ring *r = e->ring;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->io);
	struct queue *q = &r->owner->queues[e->queue];
	struct uring_command_args *args;

	while (!sqe) {
		io_uring_submit(&r->io);
		sqe = io_uring_get_sqe(&r->io);
	}
	/* The file with the number 0 of the ring is /dev/fuse. */
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, 0, NULL, 0, 0);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->cmd_op = op;
	args = (void *)sqe->cmd;
	*args = (struct uring_command_args){.qid = e->queue, .commit_id = e->commit_id};
	if (op == URING_REGISTER) {
		sqe->addr = (uint64_t)(uintptr_t)e->iov;
		sqe->len = 2;
	}
	io_uring_sqe_set_data(sqe, e);
	e->op = (uint16_t)op;
	e->round = r->round;
	q->unsubmitted = q->round == r->round ? q->unsubmitted + 1 : 1;
	q->round = r->round;
}

/* The reply is in the entry: `len` bytes in the payload. */
static void commit(struct entry *e, size_t len)
{
	struct ring *r = e->ring;

	entry_header(e)->payload_len = (uint32_t)len;
	e->held = false;
	r->owner->queues[e->queue].held--;
	if (e->extra && len > PAYLOAD_KEPT && !e->large) {
		e->large = true;
		e->trimming = r->large;
		r->large = e;
	}
	command(e, URING_COMMIT_AND_FETCH);
}

/* --- from other threads --- */

void ring_wake(struct ring *r)
{
	static const uint64_t one = 1;

	atomic_store(&r->pending, true);
	if (atomic_exchange(&r->asleep, false) && write(r->event, &one, sizeof(one)) < 0)
		log_error("cannot wake a thread of the transport: %s", strerror(errno));
}

/* The reply is in the entry: the ring's thread commits it. */
static void hand_over(struct entry *e)
{
	struct ring *r = e->ring;

	pthread_mutex_lock(&r->lock);
	e->replying = r->replies;
	r->replies = e;
	pthread_mutex_unlock(&r->lock);
	ring_wake(r);
}

void ring_commit_replies(struct ring *r)
{
	struct entry *e;

	pthread_mutex_lock(&r->lock);
	e = r->replies;
	r->replies = NULL;
	pthread_mutex_unlock(&r->lock);
	while (e) {
		struct entry *next = e->replying;

		commit(e, 0);
		e = next;
	}
}

/* --- replies --- */

static void set_error(struct entry *e, int error)
{
	struct fuse_out_header out = {.len = sizeof(out), .error = -error, .unique = e->commit_id};

	memcpy(entry_header(e)->in_out, &out, sizeof(out));
}

static void uring_answer(struct request_port *port, uint64_t unique, int error)
{
	struct entry *e = (struct entry *)port;

	set_error(e, error);
	hand_over(e);
}

static ssize_t uring_reply(struct request_port *port, const struct iovec *iov, int count)
{
	struct entry *e = (struct entry *)port;
	char *to = e->iov[1].iov_base;
	size_t len = 0;

	for (int i = 1; i < count; i++) {
		if (iov[i].iov_len > PAYLOAD_BYTES - len) {
			errno = EINVAL;
			return -1;
		}
		memcpy(to + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	memcpy(entry_header(e)->in_out, iov[0].iov_base, sizeof(struct fuse_out_header));
	commit(e, len);
	return (ssize_t)(len + sizeof(struct fuse_out_header));
}

/* --- entries --- */

struct entry *entry_new(struct ring *r, unsigned int queue)
{
	struct entry *e = xcalloc(1, sizeof(*e));
	char *memory = mmap(NULL, HEAD_BYTES + PAYLOAD_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		free(e);
		return NULL;
	}
	*e = (struct entry){
		.port = {.reply = uring_reply,
			.answer = uring_answer,
			.lane = &r->lane,
			.deaf = true},
		.ring = r,
		.next = r->entries,
		.iov = {{memory, sizeof(struct uring_header)},
			{memory + HEAD_BYTES, PAYLOAD_BYTES}},
		.queue = (uint16_t)queue,
	};
	r->entries = e;
	r->entry_count++;
	r->owner->queues[queue].entries++;
	return e;
}

void entries_free(struct ring *r)
{
	while (r->entries) {
		struct entry *e = r->entries;

		r->entries = e->next;
		munmap(e->iov[0].iov_base, HEAD_BYTES + PAYLOAD_BYTES);
		free(e);
	}
}

/*
 * An entry is its request's until that is answered, so each that waits is made up for by another:
 * the kernel takes an entry that is free when a request comes, and keeps what finds none until the
 * next is answered.
 */
static void replace(struct entry *held)
{
	struct ring *r = held->ring;
	struct queue *q = &r->owner->queues[held->queue];
	struct entry *e;

	/* The kernel has used all that it had: another may not have found one. */
	if (q->came >= q->had) {
		r->crowded += !q->crowded;
		q->crowded = true;
		q->asked = false;
	}
	if (q->entries - q->held >= ENTRIES_SPARE)
		return;
	e = entry_new(r, held->queue);
	if (!e)
		return;
	e->extra = true;
	command(e, URING_REGISTER);
}

/*
 * Gives the memory of payloads back: of extra entries, which are used seldom. An entry is filled
 * while its thread is in io_uring_enter(2), and at no other time (IORING_SETUP_DEFER_TASKRUN); so
 * what has no completion here is empty.
 */
static void trim(struct ring *r)
{
	struct io_uring_cqe *cqe;
	unsigned int head;

	if (!r->large || r->entry_count >= CQ_ENTRIES)
		return;
	io_uring_for_each_cqe(&r->io, head, cqe)
	{
		struct entry *e = io_uring_cqe_get_data(cqe);

		if (e)
			e->large = false;
	}
	while (r->large) {
		struct entry *e = r->large;

		r->large = e->trimming;
		if (e->large)
			madvise(e->iov[1].iov_base, PAYLOAD_BYTES, MADV_DONTNEED);
		e->large = false;
	}
}

/* --- requests --- */

/* Puts header, operation and payload one after the other. Returns NULL when they are too long. */
static char *assemble(struct entry *e, size_t *len)
{
	const struct uring_header *h = entry_header(e);
	struct fuse_in_header in;
	size_t op;
	char *at;

	memcpy(&in, h->in_out, sizeof(in));
	if (h->payload_len > PAYLOAD_BYTES || in.len < sizeof(in) + h->payload_len)
		return NULL;
	op = in.len - sizeof(in) - h->payload_len;
	if (op > sizeof(h->op_in))
		return NULL;
	at = (char *)e->iov[1].iov_base - op - sizeof(in);
	memcpy(at, &in, sizeof(in));
	memcpy(at + sizeof(in), h->op_in, op);
	*len = in.len;
	return at;
}

/*
 * Has the kernel send something by the queue of a CPU, which it chooses by where this thread runs:
 * no bytes of a file.
 */
static bool ask(struct ring *r, unsigned int queue)
{
	struct {
		struct fuse_out_header out;
		struct fuse_notify_retrieve_out body;
	} message = {.out = {.len = sizeof(message), .error = FUSE_NOTIFY_RETRIEVE},
		/* Above the numbers that the kernel gives. */
		.body = {.notify_unique = (UINT64_C(1) << 62) + 2 * r->stirred++,
			.nodeid = r->file}};
	cpu_set_t cpu;
	bool ok;

	CPU_ZERO(&cpu);
	CPU_SET(queue, &cpu);
	/* The entries that it is to find. */
	io_uring_submit(&r->io);
	pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu);
	ok = write(fuse_session_fd(r->owner->transport->se), &message, sizeof(message)) >= 0;
	pthread_setaffinity_np(pthread_self(), sizeof(r->cpus), &r->cpus);
	return ok;
}

/*
 * A request that finds no entry is kept by the kernel until one of its queue is committed, not
 * until another is registered. When all that had entries wait, as when many processes sync at once
 * while the database is away, nothing is committed, and those behind them would never be seen: so
 * the thread has the kernel send something (the stirrer), commits that, and gets the next of those
 * that are kept; and so on as long as what comes waits, too.
 */
static void stir(struct ring *r, unsigned int queue)
{
	struct queue *q = &r->owner->queues[queue];
	struct entry *e = q->stirrer;

	/* Its commit is yet to be submitted. */
	if (e && !e->held && e->round == r->round)
		return;
	q->stirrer = NULL;
	/* Its commit has brought nothing: no more are kept. */
	if ((e && !e->held) || (!q->asked && !ask(r, queue))) {
		q->crowded = false;
		r->crowded--;
		return;
	}
	q->asked = true;
}

static void stir_all(struct ring *r)
{
	for (unsigned int i = 0; r->crowded && i < r->owner->queue_count; i++)
		if (r->owner->queues[i].ring == r && r->owner->queues[i].crowded)
			stir(r, i);
}

static void count(struct entry *e)
{
	struct ring *r = e->ring;
	struct queue *q = &r->owner->queues[e->queue];

	if (q->came_round != r->round) {
		q->came_round = r->round;
		q->came = 0;
		q->had = q->entries - q->held - (q->round + 1 == r->round ? q->unsubmitted : 0);
	}
	q->came++;
	e->held = true;
	q->held++;
}

/* Answers what came because stir() asked for it. Remembers a file that it can ask for. */
static bool is_stirrer(struct entry *e, const struct fuse_in_header *in)
{
	struct queue *q = &e->ring->owner->queues[e->queue];

	switch (in->opcode) {
	case FUSE_NOTIFY_REPLY:
		q->stirrer = e;
		q->asked = false;
		set_error(e, 0);
		commit(e, 0);
		return true;
	case FUSE_READ:
	case FUSE_WRITE:
	case FUSE_FSYNC:
		e->ring->file = in->nodeid;
	}
	return false;
}

/* The kernel has put a request into the entry. */
static void begin(struct entry *e)
{
	struct uring *u = e->ring->owner;
	size_t len;
	char *bytes;

	e->commit_id = entry_header(e)->commit_id;
	count(e);
	if (e->ring->quiet)
		return;
	bytes = assemble(e, &len);
	if (!bytes) {
		log_error("a request on io_uring is longer than it may be");
		set_error(e, EIO);
		commit(e, 0);
		return;
	}
	if (is_stirrer(e, (void *)bytes))
		return;
	requests_begin(u->transport->requests, &e->port, raw_disguise(bytes, len), bytes, len);
	if (!e->held)
		return;
	/* It waits, with bytes of its own. */
	if (len > PAYLOAD_KEPT)
		madvise(e->iov[1].iov_base, PAYLOAD_BYTES, MADV_DONTNEED);
	replace(e);
}

void ring_listen(struct ring *r)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->io);

	while (!sqe) {
		io_uring_submit(&r->io);
		sqe = io_uring_get_sqe(&r->io);
	}
	io_uring_prep_read(sqe, r->event, &r->rung, sizeof(r->rung), 0);
	io_uring_sqe_set_data(sqe, NULL);
}

static void complete(struct ring *r, struct entry *e, int res)
{
	if (!e)
		ring_listen(r);
	else if (res == -EINTR || res == -EAGAIN)
		command(e, e->op);
	else if (res >= 0)
		begin(e);
	else if (e->op == URING_REGISTER && !e->extra)
		atomic_store(&r->owner->error, -res);
	/* Else the connection is gone. */
}

static void take_completions(struct ring *r)
{
	struct io_uring_cqe *cqe;

	trim(r);
	while (io_uring_peek_cqe(&r->io, &cqe) == 0) {
		struct entry *e = io_uring_cqe_get_data(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(&r->io, cqe);
		complete(r, e, res);
	}
}

void ring_register(struct ring *r)
{
	for (struct entry *e = r->entries; e; e = e->next)
		command(e, URING_REGISTER);
	io_uring_submit(&r->io);
	r->round++;
	take_completions(r);
}

void ring_serve(struct ring *r)
{
	atomic_store(&r->asleep, true);
	io_uring_submit_and_wait(&r->io, atomic_load(&r->pending) ? 0 : 1);
	atomic_store(&r->asleep, false);
	r->round++;
	take_completions(r);
	stir_all(r);
}
