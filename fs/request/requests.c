#include "request/requests.h"

#include <assert.h>
#include <errno.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/probe.h"
#include "request/request_impl.h"

/* FUSE_UNIQUE_RESEND, which the headers of Linux 6.1 lack. */
#define SENT_AGAIN (UINT64_C(1) << 63)

/* What this thread handles. `request` is set once it has waited, until it waits again. */
static _Thread_local struct {
	struct request_frame frame;
	struct requests *requests;
	struct request *request;
	struct trace_span span;
} current;

const struct request_frame *request_frame(void)
{
	return &current.frame;
}

/* As it is in the request. */
static uint64_t unique_of_frame(void)
{
	const struct fuse_in_header *in = (const void *)current.frame.bytes;

	if (current.request)
		return current.request->info.unique;
	return in && current.frame.len >= sizeof(*in) ? in->unique : 0;
}

uint64_t request_unique(void)
{
	return unique_of_frame() & ~SENT_AGAIN;
}

bool request_sent_again(void)
{
	return unique_of_frame() & SENT_AGAIN;
}

int request_error(void)
{
	return current.request ? current.request->error : 0;
}

unsigned int request_waits(void)
{
	return current.request ? current.request->waits : 0;
}

void *request_given(void)
{
	return current.request ? current.request->answer : NULL;
}

void request_give(struct request *r, void *answer, void (*release)(void *answer))
{
	r->answer = answer;
	r->release = release;
}

void requests_set_trace(struct requests *rs, struct trace *trace)
{
	rs->trace = trace;
}

void requests_on_interrupt(struct requests *rs, void (*fn)(void *arg), void *arg)
{
	rs->interrupted = fn;
	rs->interrupted_arg = arg;
}

void request_enter(enum trace_phase phase)
{
	trace_enter(&current.span, phase);
}

void requests_replying(int error)
{
	if (current.span.begun)
		trace_error(current.requests->trace, error);
	trace_enter(&current.span, TRACE_REPLY);
}

void requests_replied(int64_t result)
{
	int64_t ns;

	/* What is not about a request, as the kernel is told to forget something, has no span. */
	if (!current.span.begun)
		return;
	ns = trace_end(current.requests->trace, &current.span);
	PROBE3(request__reply, current.span.row, result, ns);
}

/* Begins to time the request that a thread has read. */
static void span_begin(const void *bytes, size_t len)
{
	const struct fuse_in_header *in = bytes;

	if (len < sizeof(*in))
		return;
	trace_begin(&current.span,
		trace_opcode(in->opcode == FUSE_RENAME2 ? FUSE_RENAME : in->opcode), TRACE_STATE,
		clock_mono_ns());
	current.span.pid = (int32_t)in->pid;
	current.span.uid = in->uid;
	PROBE4(request__begin, in->unique, in->opcode, in->nodeid, in->pid);
}

/* The request of this thread, which has not waited before. */
static struct request *request_new(void)
{
	struct request *r = xcalloc(1, sizeof(*r));

	request_describe(current.frame.bytes, current.frame.len, &r->info);
	r->info.state = REQUEST_RUNNING;
	r->owner = current.requests;
	r->port = current.frame.port;
	r->kind = current.frame.kind;
	r->slot = -1;
	return r;
}

/* From here on another thread may have it. */
static void wait_begin(struct request *r, enum request_wait wait)
{
	struct requests *rs = r->owner;
	enum trace_phase phase = request_wait_phase(wait);

	current.request = NULL;
	PROBE3(request__wait, r->info.unique, r->info.opcode, wait);
	trace_enter(&current.span, phase);
	r->span = current.span;
	current.span.begun = 0;
	pthread_mutex_lock(&rs->lock);
	r->error = 0;
	r->queued = false;
	r->info.wait = wait;
	r->info.since = clock_mono_ns();
	if (!r->began)
		r->began = r->info.since;
	/* To be let into the journal is no answer. */
	r->waits += phase != TRACE_ROOM && phase != TRACE_PERFORMED;
	if (r->info.state != REQUEST_INTERRUPTED)
		request_move(r, REQUEST_WAITING);
	request_enlist(r);
	if (r->info.state == REQUEST_WAITING)
		interrupt_watch(r);
	pthread_mutex_unlock(&rs->lock);
}

static void keep_bytes(struct request *r)
{
	r->len = current.frame.len;
	r->bytes = malloc(r->len);
	if (!r->bytes)
		abort();
	memcpy(r->bytes, current.frame.bytes, r->len);
	r->owner->bytes += r->len;
}

struct request *request_suspend(fuse_req_t req, enum request_wait wait)
{
	struct request *r = current.request;

	if (!r) {
		r = request_new();
		keep_bytes(r);
	}
	request_drop_answer(r); /* it was for the run that ends now */
	fuse_reply_none(req);   /* sends nothing */
	wait_begin(r, wait);
	return r;
}

struct request *request_keep(
	fuse_req_t req, enum request_wait wait, void (*resume)(void *arg, int error), void *arg)
{
	struct request *r = current.request;

	if (!r)
		r = request_new();
	request_drop_answer(r);
	r->req = req;
	r->resume = resume;
	r->arg = arg;
	wait_begin(r, wait);
	return r;
}

void request_wait_again(struct request *r, enum request_wait wait, void *arg)
{
	assert(r == current.request && r->resume);
	r->arg = arg;
	wait_begin(r, wait);
}

void request_lane_init(struct request_lane *lane, void (*wake)(struct request_lane *lane))
{
	*lane = (struct request_lane){.end = &lane->first, .wake = wake};
}

/* Under the lock. */
static void lane_add(struct request_lane *lane, struct request *r)
{
	r->link = NULL;
	*lane->end = r;
	lane->end = &r->link;
	lane->wake(lane);
}

/* Under the lock, which it may let go of: the first in a lane, or NULL. */
static struct request *lane_take(struct requests *rs, struct request_lane *lane)
{
	struct request *r = lane->first;

	if (!r)
		return NULL;
	lane->first = r->link;
	if (!lane->first)
		lane->end = &lane->first;
	while (r->spilling)
		pthread_cond_wait(&rs->spilled, &rs->lock);
	return r;
}

void request_wake(struct request *r, int error)
{
	struct requests *rs = r->owner;

	pthread_mutex_lock(&rs->lock);
	assert(!r->queued);
	trace_enter(&r->span, TRACE_QUEUE);
	r->queued = true;
	r->error = error;
	if (!error)
		limit_answered(rs);
	if (r->info.state != REQUEST_INTERRUPTED)
		request_move(r, REQUEST_READY);
	lane_add(r->port && r->port->lane ? r->port->lane : &rs->common, r);
	pthread_mutex_unlock(&rs->lock);
}

void request_waiters_add(struct request_waiters *w, struct request *r)
{
	r->link = w->first;
	w->first = r;
}

void request_waiters_wake(struct request_waiters *w, int error)
{
	struct request *r = w->first;

	w->first = NULL;
	while (r) {
		struct request *next = r->link;

		request_wake(r, error);
		r = next;
	}
}

/* It has been answered, or nobody waits for its answer. */
static void finish(struct request *r)
{
	struct requests *rs = r->owner;

	pthread_mutex_lock(&rs->lock);
	request_move(r, REQUEST_DONE);
	request_drop_bytes(r);
	pthread_mutex_unlock(&rs->lock);
	trace_end(rs->trace, &r->span);
	if (r->slot >= 0)
		spill_release(rs->spill, r->slot);
	request_free(r);
}

bool request_finish(struct request *r, int error)
{
	struct requests *rs = r->owner;
	bool answered;

	pthread_mutex_lock(&rs->lock);
	if (!error)
		limit_answered(rs);
	interrupt_unwatch(r);
	request_delist(r);
	answered = r->info.state == REQUEST_INTERRUPTED;
	if (!answered) {
		trace_error(rs->trace, error);
		trace_enter(&r->span, TRACE_REPLY);
		request_move(r, REQUEST_READY);
		request_move(r, REQUEST_RUNNING);
		request_answer(r, error);
	}
	pthread_mutex_unlock(&rs->lock);
	if (answered || r->port)
		fuse_reply_none(r->req); /* sends nothing */
	else
		fuse_reply_err(r->req, error);
	finish(r);
	return !answered;
}

bool request_interrupted(struct request *r)
{
	bool interrupted;

	pthread_mutex_lock(&r->owner->lock);
	interrupted = r->signalled || r->info.state == REQUEST_INTERRUPTED;
	pthread_mutex_unlock(&r->owner->lock);
	return interrupted;
}

static void run(struct requests *rs, struct request *r, struct request_frame frame)
{
	current.requests = rs;
	current.frame = frame;
	current.request = r;
	if (r) {
		PROBE3(request__resume, r->info.unique, r->info.opcode, r->error);
		current.span = r->span;
		r->span.begun = 0;
		trace_enter(&current.span, TRACE_STATE);
	}
	if (r && r->resume)
		r->resume(r->arg, r->error);
	else
		rs->dispatch(rs->arg, frame.bytes, frame.len);
	r = current.request;
	/* Of one that needs no reply, or whose reply goes nowhere. */
	trace_end(rs->trace, &current.span);
	current.request = NULL;
	current.frame = (struct request_frame){0};
	if (r)
		finish(r);
}

void requests_begin(
	struct requests *rs, struct request_port *port, unsigned int kind, char *bytes, size_t len)
{
	span_begin(bytes, len);
	run(rs, NULL, (struct request_frame){port, kind, bytes, len, false});
	if (rs->bytes > REQUEST_BUDGET_BYTES)
		requests_spill(rs);
}

/* Under the lock, which it lets go of meanwhile. */
static void go_on(struct request *r)
{
	struct requests *rs = r->owner;
	bool interrupted, closed, readable = true;

	if (r->info.state == REQUEST_READY && !r->resume)
		readable = request_unspill(r);
	interrupt_unwatch(r);
	request_delist(r);
	interrupted = r->info.state == REQUEST_INTERRUPTED;
	if (!interrupted)
		request_move(r, REQUEST_RUNNING);
	closed = rs->closed;
	if (closed && !r->error && r->info.wait != WAIT_FLUSH)
		r->error = ENODEV;
	rs->running++;
	pthread_mutex_unlock(&rs->lock);
	/* Nothing of a suspended request has to be undone. */
	if (!readable)
		request_answer(r, EIO);
	if (!r->resume && (interrupted || closed || !readable))
		finish(r);
	else
		run(rs, r, (struct request_frame){r->port, r->kind, r->bytes, r->len, interrupted});
	pthread_mutex_lock(&rs->lock);
	if (--rs->running == 0)
		pthread_cond_broadcast(&rs->rest);
}

void requests_serve(struct requests *rs)
{
	struct request *r;

	pthread_mutex_lock(&rs->lock);
	while ((r = lane_take(rs, &rs->common)) || !rs->stop) {
		if (r)
			go_on(r);
		else
			pthread_cond_wait(&rs->ready, &rs->lock);
	}
	pthread_mutex_unlock(&rs->lock);
}

void requests_serve_lane(struct requests *rs, struct request_lane *lane)
{
	struct request *r;

	pthread_mutex_lock(&rs->lock);
	while ((r = lane_take(rs, lane)))
		go_on(r);
	pthread_mutex_unlock(&rs->lock);
}

void requests_stop(struct requests *rs)
{
	pthread_mutex_lock(&rs->lock);
	rs->stop = true;
	pthread_cond_broadcast(&rs->ready);
	pthread_mutex_unlock(&rs->lock);
}

void requests_close(struct requests *rs)
{
	pthread_mutex_lock(&rs->lock);
	rs->closed = true;
	while (rs->running)
		pthread_cond_wait(&rs->rest, &rs->lock);
	pthread_mutex_unlock(&rs->lock);
}

size_t request_list(struct requests *rs, struct request_info *out, size_t max)
{
	size_t n = 0;

	pthread_mutex_lock(&rs->lock);
	for (const struct request *r = rs->head.next; r != &rs->head; r = r->next, n++)
		if (n < max)
			out[n] = r->info;
	pthread_mutex_unlock(&rs->lock);
	return n;
}

struct budget requests_budget(struct requests *rs)
{
	return (struct budget){
		.name = "waiting requests", .used = rs->bytes, .limit = REQUEST_BUDGET_BYTES};
}

/* Under the lock: wakes a thread of requests_serve(). */
static void common_wake(struct request_lane *lane)
{
	struct requests *rs = (struct requests *)((char *)lane - offsetof(struct requests, common));

	pthread_cond_signal(&rs->ready);
}

struct requests *requests_new(
	void (*dispatch)(void *arg, char *bytes, size_t len), void *arg, struct error *err)
{
	struct requests *rs = xcalloc(1, sizeof(*rs));

	rs->dispatch = dispatch;
	rs->arg = arg;
	rs->head.next = rs->head.prev = &rs->head;
	request_lane_init(&rs->common, common_wake);
	rs->spill = spill_new();
	pthread_mutex_init(&rs->lock, NULL);
	pthread_cond_init(&rs->ready, NULL);
	pthread_cond_init(&rs->spilled, NULL);
	pthread_cond_init(&rs->rest, NULL);
	if (interrupt_start(rs, err))
		return rs;
	requests_free(rs);
	return NULL;
}

void requests_free(struct requests *rs)
{
	if (!rs)
		return;
	requests_stop(rs);
	interrupt_stop(rs);
	while (rs->head.next != &rs->head) {
		struct request *r = rs->head.next;

		request_delist(r);
		request_drop_bytes(r);
		request_free(r);
	}
	spill_free(rs->spill);
	pthread_cond_destroy(&rs->rest);
	pthread_cond_destroy(&rs->spilled);
	pthread_cond_destroy(&rs->ready);
	pthread_mutex_destroy(&rs->lock);
	free(rs);
}
