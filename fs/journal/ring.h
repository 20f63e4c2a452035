#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The journal's storage: a ring of bytes in a file, on tmpfs where there is one, mapped shared, so
 * that it outlives the daemon. Records are contiguous: one that would cross the end starts over at
 * the beginning.
 *
 * One writer appends, one reader releases; both under the caller's lock. What the file says is
 * valid at every instant, because the head moves only after the record's bytes are there.
 */
struct ring;

/* Numbers are stored. */
enum ring_state {
	RING_LEASED = 0, /* its daemon acknowledges changes */
	RING_LOST = 1,   /* its daemon's session is gone, and changes wait */
	RING_FENCED = 2, /* nothing of it will be committed by its daemon any more */
};

/* Bytes of an error in the journal's file, with its zero. */
#define RING_REFUSED_MAX 1000

/* What anyone may know of a journal while it is in use. */
struct ring_peek {
	uint64_t head_op; /* last op acknowledged */
	uint64_t tail_op; /* last op that is on the server's disk */
	uint64_t bytes_used;
	uint64_t bytes_size;
	uint64_t kept_from; /* of one that ring_keep() has kept: the first op that is only there */
	uint64_t mount;     /* thule.mount.id of its daemon */
	uint32_t version;
	char uuid[40], server[512]; /* see struct ring_key */
	uint64_t system;
	uint32_t database;
	int64_t remade; /* when its file was made again, seconds since the epoch; 0: never */
	pid_t pid;      /* of its daemon, which may be dead */
	enum ring_state state;
	int64_t since; /* when that began, seconds since the epoch */
	/* Why the database refuses what is in it, and since when; "": it does not. */
	int64_t refused_at;
	char sqlstate[6], refused[RING_REFUSED_MAX];
};

/*
 * Whose journal it is. A filesystem may be there twice: a dump that was restored is another
 * database with the same uuid, a copied data folder another server with the same system and
 * database.
 */
struct ring_key {
	char uuid[40];
	uint64_t system;   /* system_identifier of pg_control; 0: not known */
	uint32_t database; /* oid */
	char server[512];  /* its data folder, or host and port where that is not known */
};

/* What is wanted of a journal. */
struct ring_wish {
	const char *path; /* the file, or a directory for it; NULL: see place.h */
	size_t size;      /* bytes of records; 0: RING_SIZE_DEFAULT, or less if it does not fit */
	bool durable;     /* it is to outlive the host: ring_flush() */
};

#define RING_SIZE_DEFAULT ((size_t)64 << 20)
/* The largest record must fit twice, as it may not cross the end. */
#define RING_SIZE_MIN ((size_t)4 << 20)
#define RING_SIZE_MAX ((size_t)4 << 30)

#define RING_FILE_MAX 96

/* The name of the file of a key's journal. */
void ring_file_name(const struct ring_key *key, char name[static RING_FILE_MAX]);

/* Reads the header of the journal in this file. ERR_NOT_FOUND when there is none. */
bool ring_peek(const char *path, struct ring_peek *out, struct error *err);
/* The same through a descriptor, which may have lost its name. */
bool ring_peek_fd(int fd, struct ring_peek *out);

/* Whether a daemon has the journal in this file open. */
bool ring_in_use(const char *path);

/*
 * Calls fn for each journal in the places of this user, whether it is in use or not, until it
 * returns false.
 */
void ring_visit(bool (*fn)(void *arg, const char *path, const struct ring_peek *peek), void *arg);

/*
 * Opens the journal of a key, or makes an empty one. A journal with records in it keeps its own
 * size and content: see ring_empty(). Locks it: ERR_BUSY when another process has it open, or when
 * there is another with records that may be meant; ERR_VERSION when another program wrote it;
 * ERR_NO_SPACE when it fits nowhere. ring_close() it.
 */
struct ring *ring_open(const struct ring_key *key, const struct ring_wish *wish, struct error *err);

/* Opens any journal for ring_at() alone, without a lock and without changing it; ring_close() it.
 */
struct ring *ring_view(const char *path, struct error *err);

/*
 * Whether its file still has its name. Any thread. When it has not, as after a clean-up by others,
 * what it holds would go with the daemon: ring_remake_begin() makes another file of its size, and
 * ring_remake_end(), under the caller's lock, puts the content and the name there; pointers into
 * the ring stay valid.
 */
bool ring_intact(const char *path, int fd);
int ring_fd(const struct ring *ring);
struct ring_remake *ring_remake_begin(
	const struct ring_key *key, const char *path, size_t size, struct error *err);
bool ring_remake_end(struct ring *ring, struct ring_remake *remake, struct error *err);
void ring_remake_drop(struct ring_remake *remake); /* in place of ring_remake_end() */

/* Unmaps, and unlinks the file when it is empty. */
void ring_close(struct ring *ring);

/* Says who writes from now on; last_op is the last op that the database has, and last_at its time.
 * Only when empty. */
void ring_begin(struct ring *ring, uint64_t mount, uint64_t last_op, int64_t last_at);

/* The path of its file. */
const char *ring_name(const struct ring *ring);

/* Says how its daemon is, for ring_peek(). */
void ring_tell(struct ring *ring, enum ring_state state);

/* Says, under the caller's lock, why the database refuses what is in it, for ring_peek(); "": it
 * does not. */
void ring_refuse(struct ring *ring, const char *sqlstate, const char *why);

/*
 * Gives the file another name in its directory, at which the next mount does not look for it,
 * because what is in it after last_op will not be committed. Fills path with that name. False when
 * that cannot be done.
 */
bool ring_keep(struct ring *ring, uint64_t last_op, char *path, size_t size);

/* After that, without the caller's lock: has the disk know it, without the room that it does not
 * use. */
void ring_settle(struct ring *ring);

/* Calls fn for each journal that was kept beside the file `journal`, where that is no place in
 * which ring_visit() looks, until it returns false. */
void ring_visit_kept(const char *journal,
	bool (*fn)(void *arg, const char *path, const struct ring_peek *peek), void *arg);

bool ring_empty(const struct ring *ring);
uint64_t ring_mount(const struct ring *ring);
uint64_t ring_head_op(const struct ring *ring);
uint64_t ring_tail_op(const struct ring *ring);
int64_t ring_tail_at(const struct ring *ring); /* time of that op; 0: not known */
size_t ring_used(const struct ring *ring);
size_t ring_size(const struct ring *ring);

/* True when a record of n bytes fits now. */
bool ring_fits(const struct ring *ring, size_t n);

/* Space for a record of n bytes, aligned to 8; only when ring_fits(). Nothing has happened until
 * ring_push(). */
void *ring_reserve(struct ring *ring, size_t n);
void ring_push(struct ring *ring, size_t n, uint64_t op);

/* Positions, which only grow: of the oldest byte in use, and past the newest. */
uint64_t ring_tail(const struct ring *ring);
uint64_t ring_head(const struct ring *ring);

/*
 * Iterates from a position between them; returns the bytes at *pos and how many may be read there,
 * or NULL at the head. The caller advances *pos by the size of the record it decoded.
 */
const void *ring_at(const struct ring *ring, uint64_t *pos, size_t *avail);

/* What a flush is about. */
struct ring_mark {
	uint64_t mount, head, tail, tail_op;
	int64_t tail_at;
	uint32_t begins; /* how often ring_begin() was called */
	bool release;    /* room that was given back is to be used again */
};

/*
 * Of a ring that is durable: what was pushed before the mark was made, under the caller's lock, is
 * on the disk of its file when ring_flush() returns true. One thread at a time may call that,
 * without a lock. Room that was given back is used again after a flush that releases it, because
 * the disk must not have a tail that leads into newer records.
 */
bool ring_is_durable(const struct ring *ring);
void ring_mark(const struct ring *ring, bool release, struct ring_mark *mark);
bool ring_flush(struct ring *ring, const struct ring_mark *mark, struct error *err);
/* How much was given back and may not be used again before a flush. */
size_t ring_unflushed(const struct ring *ring);
/* It is durable no more: under the lock of those who append. */
void ring_forgo(struct ring *ring);

/* Gives back all before pos: everything up to and including op, of this time, is on the server's
 * disk. */
void ring_release(struct ring *ring, uint64_t pos, uint64_t op, int64_t at);
