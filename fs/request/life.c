#include <assert.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <unistd.h>

#include "request/request_impl.h"

#define TO(state) (1u << (state))

/* What may come after each state. */
static const unsigned int successors[REQUEST_STATES] = {
	[REQUEST_RUNNING] = TO(REQUEST_WAITING) | TO(REQUEST_DONE),
	[REQUEST_WAITING] = TO(REQUEST_READY) | TO(REQUEST_INTERRUPTED),
	[REQUEST_READY] = TO(REQUEST_RUNNING) | TO(REQUEST_INTERRUPTED),
	[REQUEST_INTERRUPTED] = TO(REQUEST_DONE),
	[REQUEST_DONE] = 0,
};

void request_move(struct request *r, enum request_state to)
{
	/* Also where assertions are not compiled: a request that lives twice answers twice. */
	if (!(successors[r->info.state] & TO(to)))
		abort();
	r->info.state = to;
}

const char *request_state_name(enum request_state state)
{
	static const char *const names[REQUEST_STATES] = {
		[REQUEST_RUNNING] = "running",
		[REQUEST_WAITING] = "waiting",
		[REQUEST_READY] = "ready",
		[REQUEST_INTERRUPTED] = "interrupted",
		[REQUEST_DONE] = "done",
	};

	return names[state];
}

const char *request_wait_name(enum request_wait wait)
{
	static const char *const names[WAIT_COUNT] = {
		[WAIT_NONE] = "nothing",
		[WAIT_INODE] = "an inode",
		[WAIT_NAME] = "a name",
		[WAIT_DIRECTORY] = "names of a directory",
		[WAIT_XATTRS] = "extended attributes",
		[WAIT_LAYOUT] = "the layout of a file",
		[WAIT_DATA] = "data",
		[WAIT_DISK] = "figures of the disk",
		[WAIT_PAST] = "the past",
		[WAIT_ROOM] = "room in the journal",
		[WAIT_COMMIT] = "a commit",
		[WAIT_FLUSH] = "a flush",
		[WAIT_PERFORMED] = "a request that is performed",
		[WAIT_WRITER] = "a SQL transaction that writes files",
		[WAIT_LEASE] = "the right to write, which another host has",
		[WAIT_CLOSED] = "what was closed on another host",
		[WAIT_LOCK] = "a lock on a file",
	};

	return names[wait];
}

enum trace_phase request_wait_phase(enum request_wait wait)
{
	static const enum trace_phase phases[WAIT_COUNT] = {
		[WAIT_NONE] = TRACE_STATE,
		[WAIT_INODE] = TRACE_INODE,
		[WAIT_NAME] = TRACE_NAME,
		[WAIT_DIRECTORY] = TRACE_DIRECTORY,
		[WAIT_XATTRS] = TRACE_XATTRS,
		[WAIT_LAYOUT] = TRACE_LAYOUT,
		[WAIT_DATA] = TRACE_DATA,
		[WAIT_DISK] = TRACE_DISK,
		[WAIT_PAST] = TRACE_PAST,
		[WAIT_ROOM] = TRACE_ROOM,
		[WAIT_COMMIT] = TRACE_COMMIT,
		[WAIT_FLUSH] = TRACE_FLUSH,
		[WAIT_PERFORMED] = TRACE_PERFORMED,
		[WAIT_WRITER] = TRACE_PERFORMED,
		[WAIT_LEASE] = TRACE_PERFORMED,
		[WAIT_CLOSED] = TRACE_COMMIT,
		[WAIT_LOCK] = TRACE_FILE_LOCK,
	};

	return phases[wait];
}

void request_enlist(struct request *r)
{
	struct request *head = &r->owner->head;

	r->next = head;
	r->prev = head->prev;
	r->prev->next = r->next->prev = r;
}

void request_delist(struct request *r)
{
	r->next->prev = r->prev;
	r->prev->next = r->next;
	r->next = r->prev = r;
}

void request_answer(const struct request *r, int error)
{
	if (r->port)
		r->port->answer(r->port, r->info.unique, error);
}

void request_drop_bytes(struct request *r)
{
	if (!r->bytes)
		return;
	r->owner->bytes -= r->len;
	free(r->bytes);
	r->bytes = NULL;
}

void request_drop_answer(struct request *r)
{
	if (r->answer)
		r->release(r->answer);
	r->answer = NULL;
}

void request_free(struct request *r)
{
	request_drop_answer(r);
	assert(!r->bytes);
	free(r);
}
