#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/ring_impl.h"

/* Looking at the journals of others, without a lock and without changing them. */

static void header_peek(const struct header *h, struct ring_peek *out)
{
	*out = (struct ring_peek){
		.head_op = atomic_load(&h->head_op),
		.tail_op = atomic_load(&h->tail_op),
		.bytes_used = atomic_load(&h->head) - atomic_load(&h->tail),
		.bytes_size = h->size,
		.kept_from = atomic_load(&h->kept_from),
		.mount = h->mount,
		.version = h->version,
		.system = h->system,
		.database = h->database,
		.remade = atomic_load(&h->remade),
		.pid = (pid_t)h->pid,
		.state = (enum ring_state)atomic_load(&h->state),
		.since = atomic_load(&h->since),
		.refused_at = atomic_load(&h->refused_at),
	};
	memcpy(out->sqlstate, h->sqlstate, sizeof(out->sqlstate) - 1);
	memcpy(out->refused, h->refused, sizeof(out->refused) - 1);
	memcpy(out->uuid, h->uuid, sizeof(out->uuid) - 1);
	memcpy(out->server, h->server, sizeof(out->server) - 1);
}

bool header_is_sound(const struct header *h, bool positions)
{
	uint64_t head = atomic_load(&h->head), tail = atomic_load(&h->tail);

	if (!h->size || h->size % LOG_BLOCK != 0 || h->size > RING_SIZE_MAX)
		return false;
	return !positions || (head % 8 == 0 && tail % 8 == 0 && head >= tail &&
				     head - tail <= h->size && head <= INT64_MAX);
}

/* Maps the file of a journal that is looked at alone, and of one whose host has gone down what its
 * log has. */
static bool view_map(struct ring *ring, const struct header *h, struct error *err)
{
	bool recover = log_counts(h);
	struct stat st;
	void *map;

	ring->view = true;
	ring->size = h->size;
	if (fstat(ring->fd, &st) < 0 || h->version != RING_VERSION ||
		!header_is_sound(h, !recover) || st.st_size < ring_file_size(ring->size, recover))
		return error_set(err, ERR_CORRUPT,
			"the journal %s is damaged, cut short, or of another version", ring->path);
	map = mmap(NULL, HEADER_SIZE + ring->size, PROT_READ | (recover ? PROT_WRITE : 0),
		recover ? MAP_PRIVATE : MAP_SHARED, ring->fd, 0);
	if (map == MAP_FAILED)
		return error_sys(err, "cannot map the journal %s", ring->path);
	ring->h = map;
	ring->data = (char *)map + HEADER_SIZE;
	if (!recover || log_recover(ring, err))
		return true;
	munmap(map, HEADER_SIZE + ring->size);
	return false;
}

bool ring_peek_fd(int fd, struct ring_peek *out)
{
	struct ring ring = {.fd = fd, .log_fd = -1};
	struct header h;

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || h.magic != RING_MAGIC)
		return false;
	header_peek(&h, out);
	if (log_counts(&h) && view_map(&ring, &h, NULL)) {
		header_peek(ring.h, out);
		munmap(ring.h, HEADER_SIZE + ring.size);
	}
	return true;
}

bool ring_peek(const char *path, struct ring_peek *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool ok;

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_NOT_FOUND, "there is no journal %s", path);
	if (fd < 0)
		return error_sys(err, "cannot open the journal %s", path);
	ok = ring_peek_fd(fd, out);
	close(fd);
	return ok || error_set(err, ERR_CORRUPT, "%s is not a journal", path);
}

struct ring *ring_view(const char *path, struct error *err)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	struct ring_peek peek;
	struct header h;

	if (!ring || !ring_peek(path, &peek, err)) {
		free(ring);
		return NULL;
	}
	snprintf(ring->path, sizeof(ring->path), "%s", path);
	ring->log_fd = -1;
	ring->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (ring->fd >= 0 && pread(ring->fd, &h, sizeof(h), 0) == sizeof(h) &&
		view_map(ring, &h, err))
		return ring;
	if (ring->fd < 0)
		error_sys(err, "cannot open the journal %s", path);
	else
		close(ring->fd);
	free(ring);
	return NULL;
}
