#pragma once

/* What the file of a journal looks like; ring.c and ring_file.c include this, and nobody else. */

#include <limits.h>
#include <stdatomic.h>

#include "journal/ring.h"

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
	uint32_t database;          /* these and the next: struct ring_key */
	uint64_t system;
	_Atomic int64_t remade; /* when the file was made again, seconds since the epoch */
	char uuid[40];
	char server[512];
};

struct ring {
	int fd;
	struct header *h;
	char *data;
	uint64_t size;
	bool view; /* it is only looked at */
	char path[PATH_MAX];
};
