#pragma once

/* What the file of a journal looks like; ring.c and ring_file.c include this, and nobody else. */

#include <limits.h>
#include <stdatomic.h>

#include "base/host.h"
#include "journal/ring.h"

#define RING_MAGIC   0x4a454c5548543031ULL /* "10THULEJ" */
#define RING_VERSION 5
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
	uint32_t database;          /* these and the next: struct ring_key */
	uint64_t system;
	_Atomic int64_t remade; /* when the file was made again, seconds since the epoch */
	char uuid[40];
	char server[512];
	uint32_t durable;           /* its host may have lost the last of its records */
	char boot_id[HOST_BOOT_ID]; /* of the host that wrote them */
	_Atomic int64_t refused_at; /* these: struct ring_peek */
	char sqlstate[6], refused[RING_REFUSED_MAX];
};

struct ring {
	int fd;
	struct header *h;
	char *data;
	uint64_t size;
	bool view;                     /* it is only looked at */
	bool durable;                  /* struct ring_wish */
	_Atomic uint64_t flushed_tail; /* durable: the tail that the disk has at least */
	int log_fd;             /* durable: see ring_log.c; of who flushes, as what follows */
	void *block;            /* durable: LOG_PIECE bytes to write from */
	uint32_t begins;        /* how often ring_begin() was called */
	uint32_t begins_logged; /* durable: the same, as the log knows it */
	uint64_t logged;        /* durable: the log has the records from its tail to here */
	char path[PATH_MAX];
};

/* --- ring_view.c --- */

/*
 * Whether a header has a size that a journal can have, and, where its positions count
 * (log_counts()), positions that are in it. A program of this version wrote it.
 */
bool header_is_sound(const struct header *h, bool positions);

/* --- ring_disk.c --- */

/* Refuses a file that no disk has. */
bool ring_check_disk(const struct ring *ring, struct error *err);
/* Has the disk know the file and its name. */
bool ring_anchor(struct ring *ring, struct error *err);

/* --- ring_log.c --- */

/* The unit in which the log is written. */
#define LOG_BLOCK 4096

/* Returns where the file of a ring of so many bytes ends. */
off_t ring_file_size(size_t size, bool durable);

/* Opens the log of a ring whose file is mapped, and makes it where the file has none. */
bool log_open(struct ring *ring, int dirfd, const char *name, struct error *err);
void log_close(struct ring *ring);

/* Whether only the log tells what a journal holds, because its host has gone down. */
bool log_counts(const struct header *h);
/* Takes what the log has in place of what is mapped. */
bool log_recover(struct ring *ring, struct error *err);
