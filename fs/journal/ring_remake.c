#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/place.h"
#include "journal/ring_impl.h"

/* A journal whose file was removed while it is in use: another file, and all that was in it. */

struct ring_remake {
	int fd;
	void *map;
	size_t size; /* of the file */
	char temporary[PATH_MAX], path[PATH_MAX];
};

int ring_fd(const struct ring *ring)
{
	return ring->fd;
}

static bool remake_at(struct ring_remake *r, const char *path)
{
	snprintf(r->path, sizeof(r->path), "%s", path);
	snprintf(r->temporary, sizeof(r->temporary), "%.4000s.new-%d", path, getpid());
	unlink(r->temporary);
	r->fd = open(r->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->fd < 0)
		return false;
	if ((errno = posix_fallocate(r->fd, 0, (off_t)r->size)) == 0 &&
		(r->map = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0)) !=
			MAP_FAILED &&
		flock(r->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	close(r->fd);
	unlink(r->temporary);
	return false;
}

struct ring_remake *ring_remake_begin(
	const struct ring_key *key, const char *path, size_t size, struct error *err)
{
	struct ring_remake *r = calloc(1, sizeof(*r));
	char name[RING_FILE_MAX], there[PATH_MAX];
	struct places p = {0};

	if (r) {
		r->size = HEADER_SIZE + size;
		if (remake_at(r, path))
			return r;
		error_sys(err, "cannot make the journal %s again", path);
		places_list(&p, NULL);
		ring_file_name(key, name);
		for (int i = 0; i < p.count; i++) {
			int dirfd = place_open(p.dir[i], true, NULL);
			if (dirfd < 0)
				continue;
			close(dirfd);
			snprintf(there, sizeof(there), "%s/%s", p.dir[i], name);
			if (remake_at(r, there))
				return r;
		}
	}
	free(r);
	return NULL;
}

void ring_remake_drop(struct ring_remake *r)
{
	munmap(r->map, r->size);
	unlink(r->temporary);
	close(r->fd);
	free(r);
}

/* Header and records, which are at the same places in both. */
static void copy_content(const struct ring *ring, char *to)
{
	uint64_t tail = ring_tail(ring), used = ring_used(ring);
	uint64_t at = tail % ring->size, first = ring->size - at < used ? ring->size - at : used;

	memcpy(to, ring->h, HEADER_SIZE);
	memcpy(to + HEADER_SIZE + at, ring->data + at, first);
	memcpy(to + HEADER_SIZE, ring->data, used - first);
}

bool ring_remake_end(struct ring *ring, struct ring_remake *r, struct error *err)
{
	bool ok;

	copy_content(ring, r->map);
	/* In place of the old pages, at once for all threads: who reads a record goes on. */
	ok = mmap(ring->h, r->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, r->fd, 0) !=
	     MAP_FAILED;
	if (ok && rename(r->temporary, r->path) == 0) {
		atomic_store(&ring->h->remade, clock_now_ns() / 1000000000);
		snprintf(ring->path, sizeof(ring->path), "%s", r->path);
	} else if (ok) {
		/* It has a name, if not the right one. */
		snprintf(ring->path, sizeof(ring->path), "%s", r->temporary);
	}
	if (!ok) {
		error_sys(err, "cannot map the journal %s", r->path);
		ring_remake_drop(r);
		return false;
	}
	munmap(r->map, r->size);
	dup3(r->fd, ring->fd, O_CLOEXEC);
	close(r->fd);
	free(r);
	return true;
}
