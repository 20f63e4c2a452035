#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/host.h"
#include "base/log.h"
#include "journal/record.h"
#include "journal/ring_impl.h"

/*
 * The log of a durable ring: the second half of its file, which has what was flushed.
 *
 * The first half is mapped and outlives the daemon, but costs too much to flush: the kernel takes
 * away the right to write to each page, and the next record faults. So a flush copies the records
 * that are new, at the same positions, to blocks that were written before, past the page cache and
 * with one request: no metadata changes. The log's head is known by its records, each of which has
 * a checksum and follows the one before; its tail is in a sector of its own, which is written when
 * room is to be used again.
 */

#define LOG_MAGIC 0x474f4c5548543031ULL /* "10THULOG" */

/* So much is written at once. */
#define LOG_PIECE ((size_t)1 << 20)

/* So much that the database has and the log has not is left out, for the price of a new tail. */
#define LOG_SKIP (256u << 10)

/* A sector of the disk, which it writes whole or not at all, has room for it. */
struct log_head {
	uint64_t magic;
	uint64_t size; /* of the ring */
	uint64_t mount, tail, tail_op;
	int64_t tail_at;
};

static off_t head_at(const struct ring *ring)
{
	return (off_t)(HEADER_SIZE + ring->size);
}

off_t ring_file_size(size_t size, bool durable)
{
	return (off_t)(HEADER_SIZE + size) * (durable ? 2 : 1);
}

bool ring_is_durable(const struct ring *ring)
{
	return ring->durable;
}

/* --- flushing --- */

static bool put(struct ring *ring, size_t len, off_t at, int flags, struct error *err)
{
	struct iovec piece = {ring->block, len};
	ssize_t n;

	do
		n = pwritev2(ring->log_fd, &piece, 1, at, flags);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return true;
	if (n >= 0)
		errno = ENOSPC;
	return error_sys(err, "cannot flush the journal %s", ring->path);
}

static bool put_head(struct ring *ring, const struct ring_mark *mark, struct error *err)
{
	struct log_head head = {
		LOG_MAGIC, ring->size, mark->mount, mark->tail, mark->tail_op, mark->tail_at};

	memset(ring->block, 0, LOG_BLOCK);
	memcpy(ring->block, &head, sizeof(head));
	if (!put(ring, LOG_BLOCK, head_at(ring), RWF_DSYNC, err))
		return false;
	if (ring->logged < mark->tail)
		ring->logged = mark->tail;
	atomic_store(&ring->flushed_tail, mark->tail);
	return true;
}

/* Writes blocks from the one that has the first byte that is new. What comes after the head, which
 * others may be writing by now, is zeros there. */
static bool put_records(struct ring *ring, uint64_t head, struct error *err)
{
	uint64_t at = ring->logged / LOG_BLOCK * LOG_BLOCK;

	while (at < head) {
		uint64_t off = at % ring->size;
		size_t n = ring->size - off < LOG_PIECE ? ring->size - off : LOG_PIECE, len = n;

		if (head - at < n) {
			n = head - at;
			len = (n + LOG_BLOCK - 1) / LOG_BLOCK * LOG_BLOCK;
		}
		memcpy(ring->block, ring->data + off, n);
		memset((char *)ring->block + n, 0, len - n);
		if (!put(ring, len, head_at(ring) + HEADER_SIZE + (off_t)off, RWF_DSYNC, err))
			return false;
		at += n;
	}
	ring->logged = head;
	return true;
}

void ring_mark(const struct ring *ring, bool release, struct ring_mark *mark)
{
	*mark = (struct ring_mark){ring->h->mount, ring_head(ring), ring_tail(ring),
		ring_tail_op(ring), ring_tail_at(ring), ring->begins, release};
}

bool ring_flush(struct ring *ring, const struct ring_mark *mark, struct error *err)
{
	bool begins = mark->begins != ring->begins_logged;

	/* Whose journal it is, and that the log counts, is in the header that is mapped. */
	if (begins && msync(ring->h, HEADER_SIZE, MS_SYNC) < 0)
		return error_sys(err, "cannot flush the journal %s", ring->path);
	if ((begins || mark->release || mark->tail > ring->logged + LOG_SKIP) &&
		!put_head(ring, mark, err))
		return false;
	ring->begins_logged = mark->begins;
	return mark->head == ring->logged || put_records(ring, mark->head, err);
}

/* --- making --- */

/* Blocks that were written once are written again without a word about where they are. */
static bool make_log(struct ring *ring, struct error *err)
{
	off_t end = ring_file_size(ring->size, true);

	memset(ring->block, 0, LOG_PIECE);
	for (off_t at = head_at(ring); at < end;) {
		size_t n = end - at < (off_t)LOG_PIECE ? (size_t)(end - at) : LOG_PIECE;

		if (!put(ring, n, at, 0, err))
			return false;
		at += (off_t)n;
	}
	return true;
}

/* Not every filesystem lets the page cache be left out. */
static int open_past_cache(int dirfd, const char *name)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(dirfd, name, flags | O_DIRECT);

	return fd < 0 && errno == EINVAL ? openat(dirfd, name, flags) : fd;
}

bool log_open(struct ring *ring, int dirfd, const char *name, struct error *err)
{
	struct stat st;

	ring->logged = ring_tail(ring);
	if (posix_memalign(&ring->block, LOG_BLOCK, LOG_PIECE) != 0)
		ring->block = NULL;
	ring->log_fd = open_past_cache(dirfd, name);
	if (!ring->block || ring->log_fd < 0 || !ring_intact(ring->path, ring->log_fd) ||
		fstat(ring->fd, &st) < 0) {
		error_sys(err, "cannot open the log of the journal %s", ring->path);
	} else if (st.st_size >= ring_file_size(ring->size, true) || make_log(ring, err)) {
		return true;
	}
	log_close(ring);
	return false;
}

void log_close(struct ring *ring)
{
	if (ring->log_fd >= 0)
		close(ring->log_fd);
	free(ring->block);
	ring->log_fd = -1;
	ring->block = NULL;
}

/* --- after a host went down --- */

bool log_counts(const struct header *h)
{
	char boot_id[HOST_BOOT_ID];

	host_boot_id(boot_id);
	return h->durable && strncmp(boot_id, h->boot_id, sizeof(boot_id)) != 0;
}

/* The records from the tail on that are whole and follow each other. Returns where they end, and
 * *last is the op of the last. */
static uint64_t whole_until(const struct ring *ring, uint64_t *last)
{
	uint64_t pos = ring_tail(ring), end = pos;
	const void *bytes;
	size_t avail, n;
	struct record r;

	while ((bytes = ring_at(ring, &pos, &avail)) && record_is_sealed(bytes, avail) &&
		(n = record_decode(bytes, avail, &r)) != 0) {
		/* Of an earlier turn of the ring. */
		if (r.op != *last && r.op != *last + 1)
			break;
		*last = r.op;
		end = pos += n;
	}
	return end;
}

static bool read_all(const struct ring *ring, void *to, size_t len, off_t at)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(ring->fd, (char *)to + done, len - done, at + (off_t)done);

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

bool log_recover(struct ring *ring, struct error *err)
{
	uint64_t last, had = ring_head_op(ring);
	struct log_head head;

	if (!read_all(ring, &head, sizeof(head), head_at(ring)) ||
		!read_all(ring, ring->data, ring->size, head_at(ring) + HEADER_SIZE))
		return error_sys(err, "cannot read the log of the journal %s", ring->path);
	/* Nothing was flushed before it was written. */
	if (head.magic != LOG_MAGIC || head.size != ring->size)
		head = (struct log_head){0};
	if (head.tail % 8 != 0 || head.tail > INT64_MAX - ring->size)
		return error_set(
			err, ERR_CORRUPT, "the log of the journal %s is damaged", ring->path);
	ring->h->mount = head.mount;
	atomic_store(&ring->h->tail, head.tail);
	atomic_store(&ring->h->tail_op, head.tail_op);
	atomic_store(&ring->h->tail_at, head.tail_at);
	atomic_store(&ring->h->head, head.tail + ring->size);
	last = head.tail_op;
	atomic_store(&ring->h->head, whole_until(ring, &last));
	atomic_store(&ring->h->head_op, last);
	if (had > last && !ring->view)
		log_warn("the host went down before all of the journal %s was on its disk: it ends "
			 "with op %llu; what came after that was not fsynced",
			ring->path, (unsigned long long)last);
	return true;
}
