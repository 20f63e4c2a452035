#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "journal/place.h"
#include "journal/ring_impl.h"

/* Journals whose ops will not be committed any more, because others have written what follows. */

#define KEPT "-kept-"

/* So many are kept of one second, each with a number behind it. */
#define SAME_SECOND 100

static bool rename_kept(const struct ring *ring, char *path, size_t size)
{
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	for (int i = 1; i <= SAME_SECOND; i++) {
		snprintf(path, size, i > 1 ? "%.3900s" KEPT "%s-%d" : "%.3900s" KEPT "%s",
			ring->path, stamp, i);
		/* Never over another. */
		if (renameat2(AT_FDCWD, ring->path, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
			return true;
		if (errno != EEXIST)
			return false;
	}
	return false;
}

bool ring_keep(struct ring *ring, uint64_t last_op, char *path, size_t size)
{
	/* First, so that under its new name nobody takes it for one that waits. */
	atomic_store(&ring->h->kept_from, last_op + 1);
	if (!rename_kept(ring, path, size)) {
		atomic_store(&ring->h->kept_from, 0);
		return false;
	}
	snprintf(ring->path, sizeof(ring->path), "%s", path);
	return true;
}

/* Gives back the room between two places of the records. */
static void punch(const struct ring *ring, uint64_t from, uint64_t to)
{
	uint64_t begin = (HEADER_SIZE + from + LOG_BLOCK - 1) / LOG_BLOCK * LOG_BLOCK;
	uint64_t end = (HEADER_SIZE + to) / LOG_BLOCK * LOG_BLOCK;

	/* Not every filesystem can do that. */
	if (begin < end)
		(void)fallocate(ring->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)begin,
			(off_t)(end - begin));
}

void ring_settle(struct ring *ring)
{
	uint64_t first = ring_tail(ring) % ring->size, last = ring_head(ring) % ring->size;

	if (!ring_used(ring))
		return;
	if (first < last) {
		punch(ring, 0, first);
		punch(ring, last, ring->size);
	} else {
		punch(ring, last, first);
	}
	/* From now on what is mapped counts after the host went down, not what was synced. */
	if (msync(ring->h, HEADER_SIZE + ring->size, MS_SYNC) < 0)
		log_warn("cannot flush %s: %s", ring->path, strerror(errno));
	else
		ring->h->durable = 0;
	msync(ring->h, HEADER_SIZE, MS_SYNC);
}

static bool is_place(const char *dir)
{
	struct places p;

	if (places_list(&p, NULL))
		for (int i = 0; i < p.count; i++)
			if (path_in(dir, p.dir[i]) && !dir[strlen(p.dir[i]) + 1])
				return true;
	return false;
}

void ring_visit_kept(const char *journal,
	bool (*fn)(void *arg, const char *path, const struct ring_peek *peek), void *arg)
{
	char dir[PATH_MAX], name[PATH_MAX], path[PATH_MAX];
	const char *slash = strrchr(journal, '/');
	struct ring_peek peek;
	struct dirent *e;
	bool more = slash;
	char *end;
	DIR *d;

	if (!slash)
		return;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - journal + 1), journal);
	snprintf(name, sizeof(name), "%.3900s", slash + 1);
	/* One that is in use may be kept already. */
	end = strstr(name, KEPT);
	snprintf(end ? end : name + strlen(name), sizeof(KEPT), KEPT);
	d = is_place(dir) ? NULL : opendir(dir);
	while (d && more && (e = readdir(d)))
		if (!strncmp(e->d_name, name, strlen(name)) &&
			(size_t)snprintf(path, sizeof(path), "%s%s", dir, e->d_name) <
				sizeof(path) &&
			ring_peek(path, &peek, NULL) && peek.kept_from)
			more = fn(arg, path, &peek);
	if (d)
		closedir(d);
}
