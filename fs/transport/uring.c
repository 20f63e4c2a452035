#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "transport/cpus.h"
#include "transport/uring_abi.h"
#include "transport/uring_check.h"
#include "transport/uring_impl.h"

/* --- the thread --- */

static bool ring_open(struct ring *r)
{
	struct transport *t = r->owner->transport;
	struct io_uring_params params = {.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQSIZE |
						  IORING_SETUP_SINGLE_ISSUER |
						  IORING_SETUP_DEFER_TASKRUN,
		.cq_entries = CQ_ENTRIES};
	int fd = fuse_session_fd(t->se);
	int res = io_uring_queue_init_params(SQ_ENTRIES, &r->io, &params);

	if (res == 0) {
		r->usable = true;
		res = io_uring_register_files(&r->io, &fd, 1);
	}
	if (res < 0) {
		atomic_store(&r->owner->error, -res);
		return false;
	}
	io_uring_register_ring_fd(&r->io);
	return true;
}

/* Does what the ring was told, and says so. */
static void obey(struct ring *r)
{
	struct uring *u = r->owner;

	if (atomic_load(&u->go) && !r->registered) {
		r->registered = true;
		ring_register(r);
		sem_post(&u->done);
	}
	if (atomic_load(&u->quiet) && !r->quiet) {
		r->quiet = true;
		sem_post(&u->done);
	}
}

static void *ring_main(void *arg)
{
	struct ring *r = arg;
	struct uring *u = r->owner;
	bool ok = ring_open(r);

	/* Where it may not run on them, it runs where it can. */
	pthread_setaffinity_np(pthread_self(), sizeof(r->cpus), &r->cpus);
	sem_post(&u->done);
	if (!ok)
		return NULL;
	ring_listen(r);
	while (!atomic_load(&u->stop)) {
		if (atomic_exchange(&r->pending, false)) {
			obey(r);
			ring_commit_replies(r);
			requests_serve_lane(u->transport->requests, &r->lane);
		}
		ring_serve(r);
	}
	/* All have been woken, and are to free what they hold. */
	requests_serve_lane(u->transport->requests, &r->lane);
	return NULL;
}

/* --- the way in --- */

/* Waits until each thread has done what it was told. */
static void await(struct uring *u)
{
	for (unsigned int i = 0; i < u->ring_count; i++)
		while (u->rings[i].started && sem_wait(&u->done) < 0)
			;
}

static void tell(struct uring *u, atomic_bool *what)
{
	atomic_store(what, true);
	for (unsigned int i = 0; i < u->ring_count; i++)
		if (u->rings[i].usable)
			ring_wake(&u->rings[i]);
}

/* Gives each CPU that there may be a queue, and each that runs a thread as far as they suffice. */
static void assign_queues(struct uring *u, const cpu_set_t *online)
{
	unsigned int n = 0;

	for (unsigned int cpu = 0; cpu < u->queue_count; cpu++) {
		bool runs = CPU_ISSET(cpu, online);
		struct ring *r = &u->rings[(runs ? n++ : cpu) % u->ring_count];

		u->queues[cpu].ring = r;
		if (runs)
			CPU_SET(cpu, &r->cpus);
	}
}

static void ring_lane_wake(struct request_lane *lane)
{
	ring_wake((struct ring *)lane);
}

static bool ring_start(struct ring *r, struct uring *u, unsigned int index, struct error *err)
{
	*r = (struct ring){.owner = u, .index = index, .cpus = r->cpus};
	request_lane_init(&r->lane, ring_lane_wake);
	pthread_mutex_init(&r->lock, NULL);
	r->event = eventfd(0, EFD_CLOEXEC);
	if (r->event < 0)
		return error_sys(err, "cannot make an eventfd");
	for (unsigned int q = 0; q < u->queue_count; q++)
		for (unsigned int i = 0; u->queues[q].ring == r && i < ENTRIES_SPARE; i++)
			if (!entry_new(r, q))
				return error_set(err, ERR_SYSTEM, "out of memory");
	r->started = pthread_create(&r->thread, NULL, ring_main, r) == 0;
	return r->started || error_sys(err, "cannot start a thread");
}

static bool uring_open(struct transport *t, struct error *err)
{
	cpu_set_t possible, online;
	unsigned int running = cpus_read("online", &online);
	struct uring *u;
	int error;

	if (!uring_offered(err))
		return false;
	u = t->uring = xcalloc(1, sizeof(*u));
	u->transport = t;
	sem_init(&u->done, 0, 0);
	u->queue_count = cpus_read("possible", &possible);
	if (!u->queue_count || !running)
		return error_set(err, ERR_SYSTEM, "/sys does not tell the CPUs");
	u->ring_count = running < t->threads ? running : t->threads;
	u->queues = xcalloc(u->queue_count, sizeof(*u->queues));
	u->rings = xcalloc(u->ring_count, sizeof(*u->rings));
	assign_queues(u, &online);
	for (unsigned int i = 0; i < u->ring_count; i++)
		if (!ring_start(&u->rings[i], u, i, err))
			return false;
	await(u);
	error = atomic_load(&u->error);
	return !error || uring_refused(error, err);
}

static bool uring_start(struct transport *t, struct error *err)
{
	struct uring *u = t->uring;

	if (!t->offered)
		return error_set(err, ERR_SYSTEM, "the kernel does not offer io_uring any more");
	tell(u, &u->go);
	await(u);
	errno = atomic_load(&u->error);
	return !errno || error_sys(err, "the kernel does not take an io_uring");
}

static void uring_finish(struct transport *t)
{
	tell(t->uring, &t->uring->quiet);
	await(t->uring);
}

static void uring_close(struct transport *t)
{
	struct uring *u = t->uring;

	if (!u)
		return;
	tell(u, &u->stop);
	for (unsigned int i = 0; i < u->ring_count; i++) {
		struct ring *r = &u->rings[i];

		if (r->started)
			pthread_join(r->thread, NULL);
		if (r->usable)
			io_uring_queue_exit(&r->io);
		if (r->owner) {
			entries_free(r);
			pthread_mutex_destroy(&r->lock);
			close(r->event);
		}
	}
	sem_destroy(&u->done);
	free(u->queues);
	free(u->rings);
	free(u);
	t->uring = NULL;
}

const struct transport_ops uring_ops = {
	.name = "uring",
	.flags = URING_INIT_FLAG,
	.open = uring_open,
	.start = uring_start,
	.finish = uring_finish,
	.close = uring_close,
};
