#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "journal/place.h"
#include "journal/ring_impl.h"

#define PREFIX "thulefs-"
#define SUFFIX ".journal"

void ring_file_name(const struct ring_key *key, char name[static RING_FILE_MAX])
{
	char text[640];
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */

	snprintf(text, sizeof(text), "%llu.%u.%s", (unsigned long long)key->system, key->database,
		key->server);
	for (const char *p = text; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3ULL;
	snprintf(name, RING_FILE_MAX, PREFIX "%.36s-%016llx" SUFFIX, key->uuid,
		(unsigned long long)hash);
}

/* --- looking --- */

static bool is_journal_name(const char *name)
{
	return !strncmp(name, PREFIX, strlen(PREFIX)) && strstr(name, SUFFIX);
}

/* False when fn has said that it is enough. */
static bool visit_place(const char *dir,
	bool (*fn)(void *arg, const char *path, const struct ring_peek *peek), void *arg)
{
	int fd = place_open(dir, false, NULL);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	char path[PATH_MAX];
	struct ring_peek peek;
	struct dirent *e;
	bool more = true;

	while (d && more && (e = readdir(d)))
		if (is_journal_name(e->d_name) &&
			(size_t)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) <
				sizeof(path) &&
			ring_peek(path, &peek, NULL))
			more = fn(arg, path, &peek);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return more;
}

void ring_visit(bool (*fn)(void *arg, const char *path, const struct ring_peek *peek), void *arg)
{
	struct places p;

	if (places_list(&p, NULL))
		for (int i = 0; i < p.count && visit_place(p.dir[i], fn, arg); i++)
			;
}

/* --- making and taking over --- */

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

/* As much as was asked for, or what fits. 0 with *err set when that is too little. */
static size_t fitting(const char *path, int dirfd, const struct ring_wish *wish, struct error *err)
{
	size_t wanted = wish->size ? wish->size : RING_SIZE_DEFAULT, fits;
	uint64_t room = place_room(dirfd);

	if (room >= (uint64_t)ring_file_size(wanted, wish->durable) + wanted / 16)
		return wanted / LOG_BLOCK * LOG_BLOCK;
	/* Somebody else needs room there, too. */
	fits = (size_t)(room / 4 * 3 / (wish->durable ? 2 : 1)) >> 20 << 20;
	if (!wish->size && fits >= RING_SIZE_MIN)
		return fits;
	error_set(err, ERR_NO_SPACE,
		"%s: a journal of %zu MiB does not fit, %llu MiB are free; -o journal=SIZE asks "
		"for less, at least %zuM",
		path, wanted >> 20, (unsigned long long)room >> 20, RING_SIZE_MIN >> 20);
	return 0;
}

static bool ring_create(struct ring *ring, const struct ring_key *key, int dirfd,
	const struct ring_wish *wish, struct error *err)
{
	size_t size = fitting(ring->path, dirfd, wish, err);

	if (!size)
		return false;
	ring->size = size;
	/* Reserve the pages now: a full tmpfs must be an error here, not a SIGBUS later. */
	if (ftruncate(ring->fd, 0) < 0 ||
		(errno = posix_fallocate(ring->fd, 0, (off_t)(HEADER_SIZE + size))) != 0) {
		error_sys(err, "cannot make a journal of %zu MiB at %s", size >> 20, ring->path);
		if (ftruncate(ring->fd, 0) < 0)
			log_warn("%s is left over", ring->path);
		return false;
	}
	if (!ring_map(ring, err))
		return false;
	ring->h->version = RING_VERSION;
	ring->h->size = size;
	ring->h->system = key->system;
	ring->h->database = key->database;
	snprintf(ring->h->uuid, sizeof(ring->h->uuid), "%s", key->uuid);
	snprintf(ring->h->server, sizeof(ring->h->server), "%s", key->server);
	atomic_thread_fence(memory_order_release);
	ring->h->magic = RING_MAGIC;
	if (!wish->size && size < RING_SIZE_DEFAULT)
		log_warn("the journal %s has %zu MiB, as no more is free there: writers wait for "
			 "the database when it is full; -o journal=PATH names another place",
			ring->path, size >> 20);
	return true;
}

/* The path of a file is the user's to choose: it may be anybody's journal. */
static bool is_of(const struct header *h, const struct ring_key *key)
{
	return !strncmp(h->uuid, key->uuid, sizeof(h->uuid)) && h->system == key->system &&
	       h->database == key->database;
}

/* Whether there may be something in it. */
static bool may_hold(const struct header *h)
{
	return atomic_load(&h->head) != atomic_load(&h->tail) || log_counts(h);
}

/* Takes over what is in the file, or makes it anew when there is nothing to lose in it. */
static bool ring_adopt(struct ring *ring, const struct ring_key *key, int dirfd,
	const struct ring_wish *wish, struct error *err)
{
	struct header h = {0};
	struct stat st;
	ssize_t n;

	if (fstat(ring->fd, &st) < 0)
		return error_sys(err, "cannot stat the journal %s", ring->path);
	if (st.st_uid != geteuid() || !S_ISREG(st.st_mode) || st.st_nlink != 1)
		return error_set(err, ERR_AUTH,
			"the journal %s is not a plain file of uid %u: remove it if it is not in "
			"use, or name another with -o journal=PATH",
			ring->path, geteuid());
	n = pread(ring->fd, &h, sizeof(h), 0);
	if (n != sizeof(h) || h.magic != RING_MAGIC) {
		/* Of a daemon that died before it had written the header; or a mistake, or damage.
		 */
		if (n > 0 && h.magic)
			return error_set(err, ERR_USAGE,
				"%s is not a journal, or its first bytes are damaged: %s",
				ring->path,
				wish->path ? "name another file" : "give it another name");
		return ring_create(ring, key, dirfd, wish, err);
	}
	if (h.version > RING_VERSION || (h.version < RING_VERSION && may_hold(&h)))
		return error_set(err, ERR_VERSION,
			"the journal %s is of version %u and this program knows %u: mount once "
			"with the program that wrote it",
			ring->path, h.version, RING_VERSION);
	if (!may_hold(&h))
		return ring_create(ring, key, dirfd, wish, err);
	if (!is_of(&h, key))
		return error_set(err, ERR_BUSY,
			"the journal %s holds ops of filesystem %.36s in another database: name "
			"another file with -o journal=PATH",
			ring->path, h.uuid);
	if (!header_is_sound(&h, !log_counts(&h)) ||
		st.st_size < ring_file_size(h.size, log_counts(&h)))
		return error_set(err, ERR_CORRUPT,
			"the journal %s is damaged or cut short: to mount without the ops that it "
			"has, give the file another name",
			ring->path);
	ring->size = h.size;
	if (!ring_map(ring, err))
		return false;
	if (!log_counts(&h) || log_recover(ring, err))
		return true;
	munmap(ring->h, HEADER_SIZE + ring->size);
	return false;
}

/* A ring that is mapped is ready to be used, by this process. */
static bool begin_use(struct ring *ring, int dirfd, const char *name, struct error *err)
{
	atomic_store(&ring->flushed_tail, ring_tail(ring));
	ring->h->pid = (uint32_t)getpid();
	ring_tell(ring, RING_LEASED);
	if (!ring->durable || log_open(ring, dirfd, name, err))
		return true;
	/* What was just made must not take room. */
	if (ring_empty(ring) && ftruncate(ring->fd, 0) < 0)
		log_warn("%s is left over", ring->path);
	munmap(ring->h, HEADER_SIZE + ring->size);
	return false;
}

/* dirfd and name are of ring->path. */
static bool open_at(struct ring *ring, int dirfd, const char *name, const struct ring_key *key,
	const struct ring_wish *wish, struct error *err)
{
	ring->fd =
		openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (ring->fd < 0)
		return error_sys(err, "cannot open the journal %s", ring->path);
	if (flock(ring->fd, LOCK_EX | LOCK_NB) < 0 || !ring_intact(ring->path, ring->fd)) {
		error_set(err, ERR_BUSY, "the journal %s is in use by another daemon of this host",
			ring->path);
	} else if ((!wish->durable || ring_check_disk(ring, err)) &&
		   ring_adopt(ring, key, dirfd, wish, err) && begin_use(ring, dirfd, name, err)) {
		return true;
	} else {
		struct stat st;
		/* What was just made, or is of no use, must not take room. */
		if (fstat(ring->fd, &st) == 0 && st.st_size == 0)
			unlinkat(dirfd, name, 0);
	}
	close(ring->fd);
	return false;
}

static bool open_in(struct ring *ring, const char *dir, bool make, const struct ring_key *key,
	const struct ring_wish *wish, struct error *err)
{
	int dirfd = place_open(dir, make, err);
	char name[RING_FILE_MAX];
	bool ok;

	if (dirfd < 0)
		return false;
	ring_file_name(key, name);
	snprintf(ring->path, sizeof(ring->path), "%.1024s/%s", dir, name);
	ok = (make || faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) &&
	     open_at(ring, dirfd, name, key, wish, err);
	if (!ok && !make)
		error_set(err, ERR_NOT_FOUND, "%s is not there", ring->path);
	close(dirfd);
	return ok;
}

/* The file, or a directory for it, that the user has named. */
static bool open_named(struct ring *ring, const struct ring_key *key, const struct ring_wish *wish,
	struct error *err)
{
	char dir[PATH_MAX], name[NAME_MAX + 1];
	const char *slash = strrchr(wish->path, '/');
	struct stat st;
	bool is_dir = stat(wish->path, &st) == 0 && S_ISDIR(st.st_mode);
	int dirfd;
	bool ok;

	if (is_dir) {
		snprintf(dir, sizeof(dir), "%s", wish->path);
		ring_file_name(key, name);
	} else {
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - wish->path + 1), wish->path);
		snprintf(name, sizeof(name), "%s", slash + 1);
	}
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return error_sys(
			err, "cannot open the directory %s of -o journal=%s", dir, wish->path);
	snprintf(ring->path, sizeof(ring->path), "%.3000s%s%s", dir, is_dir ? "/" : "", name);
	ok = open_at(ring, dirfd, name, key, wish, err);
	close(dirfd);
	return ok;
}

/* Where something was left counts before the first place in which it fits. */
static bool open_somewhere(struct ring *ring, const struct ring_key *key,
	const struct ring_wish *wish, struct error *err)
{
	struct places p;
	char name[RING_FILE_MAX], path[PATH_MAX];
	struct ring_peek peek;
	struct error first = {0}, last;

	if (!places_list(&p, err))
		return false;
	ring_file_name(key, name);
	for (int i = 0; i < p.count; i++) {
		snprintf(path, sizeof(path), "%s/%s", p.dir[i], name);
		if (ring_peek(path, &peek, NULL) && peek.bytes_used)
			return open_in(ring, p.dir[i], true, key, wish, err);
	}
	for (int i = 0; i < p.count; i++) {
		if (open_in(ring, p.dir[i], true, key, wish, &last))
			return true;
		if (last.class == ERR_BUSY || last.class == ERR_VERSION)
			return error_set(err, last.class, "%s", last.text);
		if (!first.class)
			first = last;
	}
	/* The first place is the one that is meant to do. */
	return error_set(err, first.class,
		"there is no place for the journal: %.800s; name one "
		"with -o journal=PATH",
		first.text);
}

/* --- others that may be meant --- */

struct others {
	const struct ring_key *key;
	const struct ring *ring;
	bool named;
	struct error *err;
};

bool ring_in_use(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool used = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;

	if (fd >= 0)
		close(fd);
	return used;
}

/*
 * What a daemon left for the same database, when this server has moved, or is a copy of that one.
 * Who mounts says which; nothing of it is touched.
 */
static bool look_at_other(void *arg, const char *path, const struct ring_peek *peek)
{
	const struct others *o = arg;
	bool same_server = !strcmp(peek->server, o->key->server);

	if (!peek->bytes_used || peek->kept_from || !strcmp(path, o->ring->path) ||
		strcmp(peek->uuid, o->key->uuid) != 0 || ring_in_use(path))
		return true;
	/* Of a copy, or of what this database was before it was dumped and restored. */
	if (peek->system != o->key->system || peek->database != o->key->database) {
		log_warn("the journal %s holds ops of the same filesystem in another database: see "
			 "`thule journal show`",
			path);
		return true;
	}
	if (o->named && !same_server)
		return true;
	error_set(o->err, ERR_BUSY,
		"the journal %s holds ops that were acknowledged for this filesystem when its "
		"server was %s; this one is %s. If it has taken that one's place, mount once with "
		"-o journal=%s; if it is a copy, `thule rebrand` gives it an identity of its own",
		path, peek->server, o->key->server, path);
	return false;
}

static bool is_alone(const struct ring *ring, const struct ring_key *key,
	const struct ring_wish *wish, struct error *err)
{
	struct error found = {0};
	struct others o = {key, ring, wish->path != NULL, &found};

	ring_visit(look_at_other, &o);
	if (!found.class)
		return true;
	if (err)
		*err = found;
	return false;
}

struct ring *ring_open(const struct ring_key *key, const struct ring_wish *wish, struct error *err)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring) {
		error_sys(err, "journal");
		return NULL;
	}
	ring->log_fd = -1;
	ring->durable = wish->durable;
	if (wish->path ? open_named(ring, key, wish, err) : open_somewhere(ring, key, wish, err)) {
		if (is_alone(ring, key, wish, err) && (!ring->durable || ring_anchor(ring, err)))
			return ring;
		ring_close(ring);
		return NULL;
	}
	free(ring);
	return NULL;
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	if (!ring->view && ring_empty(ring) && ring_intact(ring->path, ring->fd))
		unlink(ring->path);
	munmap(ring->h, HEADER_SIZE + ring->size);
	log_close(ring);
	close(ring->fd);
	free(ring);
}
