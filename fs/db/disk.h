#pragma once

#include <libpq-fe.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The disk of the server, when the server is on this host: how much may still be written before it
 * is full. A server that cannot extend a table refuses a statement; one that cannot write its log
 * (WAL) ends, and cannot start. So the bytes by which the WAL may still grow count as used.
 */
struct disk {
	char data[PATH_MAX - 16];      /* the server's folder; "" when it is not of this host */
	uint64_t wal_max, wal_segment; /* bytes */
	bool wal_apart;                /* the WAL is on another disk */
};

struct disk_space {
	uint64_t total, free; /* bytes of the disk, as statvfs(2) says */
	int64_t room;         /* bytes until it is full, less than 0: it is too full already */
};

/*
 * Asks the server on the other end of conn. `data` is its folder if that is known, else NULL; then
 * it is believed to be on this host if this process may see that it is.
 */
void disk_find(struct disk *d, PGconn *conn, const char *data);

/* Looks at the disk, with I/O of some microseconds. False when it is not known. */
bool disk_look(const struct disk *d, struct disk_space *out);

/*
 * Asks the server on the other end of conn how many bytes its tables can take before they grow,
 * which is some milliseconds of work for it. What this session has committed counts as written. 0
 * when that is not known.
 */
uint64_t disk_inside(PGconn *conn);

/*
 * How much room is so little that the WAL is kept short: the server's own checkpoints are late when
 * much is written at once, and its WAL becomes larger than it is meant to.
 */
#define DISK_TIGHT_BYTES (INT64_C(64) << 20)

/*
 * Has the server on the other end of conn make a checkpoint, and so its WAL short, when enough was
 * written since the last. Nothing happens when the role must not ask for that.
 */
void disk_shorten_wal(const struct disk *d, PGconn *conn);

/*
 * For who is about to write much: returns whether the disk has less room than another WAL would
 * take, so that it has to go slowly, and makes the WAL short then. False when that is not known.
 */
bool disk_is_short(const struct disk *d, PGconn *conn);
