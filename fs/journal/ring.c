#include "journal/ring.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "journal/ring_impl.h"

void ring_begin(struct ring *ring, uint64_t mount, uint64_t last_op, int64_t last_at)
{
	assert(ring_empty(ring));
	ring->h->mount = mount;
	ring->h->durable = ring->durable;
	ring->begins++;
	host_boot_id(ring->h->boot_id);
	atomic_store(&ring->h->head_op, last_op);
	atomic_store(&ring->h->tail_op, last_op);
	atomic_store(&ring->h->tail_at, last_at);
	ring_refuse(ring, "", "");
}

const char *ring_name(const struct ring *ring)
{
	return ring->path;
}

void ring_tell(struct ring *ring, enum ring_state state)
{
	atomic_store(&ring->h->since, clock_now_ns() / 1000000000);
	atomic_store(&ring->h->state, (uint32_t)state);
}

void ring_refuse(struct ring *ring, const char *sqlstate, const char *why)
{
	struct header *h = ring->h;

	if (!*why)
		atomic_store(&h->refused_at, 0);
	else if (!atomic_load(&h->refused_at))
		atomic_store(&h->refused_at, clock_now_ns() / 1000000000);
	snprintf(h->sqlstate, sizeof(h->sqlstate), "%s", sqlstate);
	snprintf(h->refused, sizeof(h->refused), "%s", why);
}

bool ring_empty(const struct ring *ring)
{
	return atomic_load(&ring->h->head) == atomic_load(&ring->h->tail);
}

uint64_t ring_mount(const struct ring *ring)
{
	return ring->h->mount;
}

uint64_t ring_head_op(const struct ring *ring)
{
	return atomic_load(&ring->h->head_op);
}

uint64_t ring_tail_op(const struct ring *ring)
{
	return atomic_load(&ring->h->tail_op);
}

int64_t ring_tail_at(const struct ring *ring)
{
	return atomic_load(&ring->h->tail_at);
}

size_t ring_used(const struct ring *ring)
{
	return atomic_load(&ring->h->head) - atomic_load(&ring->h->tail);
}

size_t ring_size(const struct ring *ring)
{
	return ring->size;
}

/* Bytes to skip at position p so that n contiguous bytes follow. */
static uint64_t skip_at(const struct ring *ring, uint64_t p, size_t n)
{
	uint64_t left = ring->size - p % ring->size;
	return left < n ? left : 0;
}

bool ring_fits(const struct ring *ring, size_t n)
{
	uint64_t head = atomic_load_explicit(&ring->h->head, memory_order_relaxed);
	uint64_t tail = ring->durable ? atomic_load(&ring->flushed_tail) : ring_tail(ring);
	/* The log is written by the block, and a block that ends may not reach one that begins. */
	uint64_t apart = ring->durable ? LOG_BLOCK : 0;

	return head - tail + skip_at(ring, head, n) + n + apart <= ring->size;
}

void *ring_reserve(struct ring *ring, size_t n)
{
	uint64_t head = atomic_load_explicit(&ring->h->head, memory_order_relaxed);
	uint64_t skip = skip_at(ring, head, n);

	assert(n % 8 == 0 && ring_fits(ring, n));
	/* A zero size marks the skipped end, where there is room for one. */
	if (skip)
		memset(ring->data + head % ring->size, 0, 8);
	return ring->data + (head + skip) % ring->size;
}

void ring_push(struct ring *ring, size_t n, uint64_t op)
{
	uint64_t head = atomic_load_explicit(&ring->h->head, memory_order_relaxed);
	uint64_t skip = skip_at(ring, head, n);

	atomic_store_explicit(&ring->h->head_op, op, memory_order_relaxed);
	atomic_store_explicit(&ring->h->head, head + skip + n, memory_order_release);
}

uint64_t ring_tail(const struct ring *ring)
{
	return atomic_load(&ring->h->tail);
}

uint64_t ring_head(const struct ring *ring)
{
	return atomic_load(&ring->h->head);
}

const void *ring_at(const struct ring *ring, uint64_t *pos, size_t *avail)
{
	uint64_t head = atomic_load_explicit(&ring->h->head, memory_order_acquire);
	uint64_t left;
	uint32_t size;

	if (*pos >= head)
		return NULL;
	left = ring->size - *pos % ring->size;
	/* Records are multiples of 8, so at least 8 bytes are left before the end. */
	memcpy(&size, ring->data + *pos % ring->size, sizeof(size));
	if (size == 0) {
		*pos += left;
		if (*pos >= head)
			return NULL;
		left = ring->size;
	}
	*avail = left < head - *pos ? left : head - *pos;
	return ring->data + *pos % ring->size;
}

void ring_release(struct ring *ring, uint64_t pos, uint64_t op, int64_t at)
{
	if (fault(FAULT_RING_RELEASE))
		return;
	atomic_store(&ring->h->tail_at, at);
	atomic_store(&ring->h->tail_op, op);
	fault(FAULT_RING_TAIL);
	atomic_store(&ring->h->tail, pos);
}
