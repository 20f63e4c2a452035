#include "journal/ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define RING_MAGIC   0x4a454c5548543031ULL /* "10THULEJ" */
#define RING_VERSION 3
#define HEADER_SIZE  4096

/* head and tail are positions that only grow; position p is at byte p % size of the data. */
struct header {
	uint64_t magic;
	uint32_t version;
	uint32_t pid;
	uint64_t size;
	uint64_t mount;
	_Atomic uint64_t head, tail;
	_Atomic uint64_t head_op, tail_op;
	_Atomic int64_t tail_at;    /* time of tail_op */
	_Atomic int64_t since;      /* when state began, seconds since the epoch */
	_Atomic uint64_t kept_from; /* of a journal that is kept: the first op that is not in the
				       database */
	_Atomic uint32_t state;     /* enum ring_state */
};

struct ring {
	int fd;
	struct header *h;
	char *data;
	uint64_t size;
	char path[256];
};

void ring_path(const char *uuid, char *path, size_t size)
{
	snprintf(path, size, "/dev/shm/thulefs-%s.journal", uuid);
}

static void header_peek(const struct header *h, struct ring_peek *out)
{
	*out = (struct ring_peek){
		.head_op = atomic_load(&h->head_op),
		.tail_op = atomic_load(&h->tail_op),
		.bytes_used = atomic_load(&h->head) - atomic_load(&h->tail),
		.bytes_size = h->size,
		.kept_from = atomic_load(&h->kept_from),
		.mount = h->mount,
		.pid = (pid_t)h->pid,
		.state = (enum ring_state)atomic_load(&h->state),
		.since = atomic_load(&h->since),
	};
}

bool ring_peek(const char *path, struct ring_peek *out, struct error *err)
{
	struct header h;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return error_set(
			err, ERR_NOT_FOUND, "no journal at %s: not mounted on this host", path);
	if (fd < 0)
		return error_sys(err, "cannot open the journal %s", path);
	n = pread(fd, &h, sizeof(h), 0);
	close(fd);
	if (n != sizeof(h) || h.magic != RING_MAGIC)
		return error_set(err, ERR_CORRUPT, "%s is not a journal", path);
	header_peek(&h, out);
	return true;
}

static bool ring_map(struct ring *ring, struct error *err)
{
	void *map = mmap(
		NULL, HEADER_SIZE + ring->size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (map == MAP_FAILED)
		return error_sys(err, "cannot map the journal %s", ring->path);
	ring->h = map;
	ring->data = (char *)map + HEADER_SIZE;
	return true;
}

static bool ring_create(struct ring *ring, size_t size, struct error *err)
{
	ring->size = size;
	/* Reserve the pages now: a full tmpfs must be an error here, not a SIGBUS later. */
	if (ftruncate(ring->fd, 0) < 0 ||
		(errno = posix_fallocate(ring->fd, 0, HEADER_SIZE + size)) != 0)
		return error_sys(
			err, "cannot make a journal of %zu MiB at %s", size >> 20, ring->path);
	if (!ring_map(ring, err))
		return false;
	memset(ring->h, 0, sizeof(*ring->h));
	ring->h->version = RING_VERSION;
	ring->h->size = size;
	atomic_thread_fence(memory_order_release);
	ring->h->magic = RING_MAGIC;
	return true;
}

/* Takes over what is in the file, or makes it anew when there is nothing to lose in it. */
static bool ring_adopt(struct ring *ring, size_t size, struct error *err)
{
	struct header h;
	struct stat st;
	bool empty;

	if (fstat(ring->fd, &st) < 0)
		return error_sys(err, "cannot stat the journal %s", ring->path);
	if (st.st_uid != geteuid())
		return error_set(err, ERR_AUTH,
			"the journal %s belongs to uid %u: remove it if it is not in use",
			ring->path, st.st_uid);
	if (pread(ring->fd, &h, sizeof(h), 0) != sizeof(h) || h.magic != RING_MAGIC)
		return ring_create(ring, size, err);
	empty = atomic_load(&h.head) == atomic_load(&h.tail);
	if (h.version > RING_VERSION || (h.version < RING_VERSION && !empty))
		return error_set(err, ERR_VERSION,
			"the journal %s is of version %u and this program knows %u: mount once "
			"with the program that wrote it",
			ring->path, h.version, RING_VERSION);
	if (empty)
		return ring_create(ring, size, err);
	if ((uint64_t)st.st_size < HEADER_SIZE + h.size)
		return error_set(err, ERR_CORRUPT, "the journal %s is cut short", ring->path);
	ring->size = h.size;
	return ring_map(ring, err);
}

/* False when its last user removed the file between our opening and our locking it. */
static bool has_name(const struct ring *ring)
{
	struct stat ours, named;

	return fstat(ring->fd, &ours) == 0 && stat(ring->path, &named) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

struct ring *ring_open(const char *uuid, size_t size, struct error *err)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring) {
		error_sys(err, "journal");
		return NULL;
	}
	ring_path(uuid, ring->path, sizeof(ring->path));
	ring->fd = open(ring->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (ring->fd < 0) {
		error_sys(err, "cannot open the journal %s", ring->path);
		free(ring);
		return NULL;
	}
	if (flock(ring->fd, LOCK_EX | LOCK_NB) < 0 || !has_name(ring)) {
		error_set(err, ERR_BUSY, "the journal %s is in use by another daemon of this host",
			ring->path);
	} else if (ring_adopt(ring, size, err)) {
		ring->h->pid = (uint32_t)getpid();
		ring_tell(ring, RING_LEASED);
		return ring;
	}
	close(ring->fd);
	free(ring);
	return NULL;
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	if (ring_empty(ring))
		unlink(ring->path);
	munmap(ring->h, HEADER_SIZE + ring->size);
	close(ring->fd);
	free(ring);
}

void ring_begin(struct ring *ring, uint64_t mount, uint64_t last_op, int64_t last_at)
{
	assert(ring_empty(ring));
	ring->h->mount = mount;
	atomic_store(&ring->h->head_op, last_op);
	atomic_store(&ring->h->tail_op, last_op);
	atomic_store(&ring->h->tail_at, last_at);
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

bool ring_keep(struct ring *ring, uint64_t last_op, char *path, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;
	char stamp[32];

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(path, size, "%s-kept-%s", ring->path, stamp);
	/* Never over another: the second is its name. */
	if (renameat2(AT_FDCWD, ring->path, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
		return false;
	snprintf(ring->path, sizeof(ring->path), "%s", path);
	atomic_store(&ring->h->kept_from, last_op + 1);
	return true;
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
	return ring_used(ring) + skip_at(ring, head, n) + n <= ring->size;
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
	atomic_store(&ring->h->tail_at, at);
	atomic_store(&ring->h->tail_op, op);
	atomic_store(&ring->h->tail, pos);
}
