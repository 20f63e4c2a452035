#pragma once

#include <fuse_lowlevel.h>
#include <pthread.h>

#include "actor/actor.h"
#include "base/pass.h"
#include "db/disk.h"
#include "db/reader.h"
#include "db/row.h"
#include "journal/journal.h"
#include "state/state.h"
#include "transport/transport.h"

/* What a mount is made with; see config.h for the options that people type. */
struct fs_config {
	const char *conninfo;
	uint64_t next_ino; /* first inode number to use */
	size_t max_inodes; /* cached */
	uint64_t at_op;    /* not 0: the root shows the past as of this op, nothing else */
	bool magic;        /* the root has .thule */
	bool acl;          /* POSIX access control lists */
	bool past_owner;   /* what is gone, and older versions, are for their owner alone */
};

/*
 * The one context of a mounted filesystem. `lock` guards state, the journal's appending and
 * next_ino: an operation checks, changes the state and appends its op in one critical section, so
 * that the journal has the order in which things happened. Nothing waits or does I/O while it holds
 * the lock.
 */
struct fs {
	struct fs_config config;
	pthread_mutex_t lock;
	struct state state;
	struct journal *journal;
	uint64_t next_ino;
	bool settling;         /* the kernel is not told yet what a request changed */
	int nudge_fd;          /* eventfd: the control thread is to look at state.misplaced */
	struct load *loads;    /* what was asked of the database and is not here yet; op/load.c */
	struct layout *layout; /* an answer for the parked request that is run again; op/layout.c */
	struct reader *reader;
	struct actor_cache *actors;
	struct actor_host host;
	struct transport *transport;
	struct disk disk;      /* of the server */
	struct pass pass;      /* for who asks at the door */
	struct past *past;     /* instants that are being read; op/past.c */
	struct access *access; /* access times; op/access.c */
};

/* Sets up lock and state. */
void fs_init(struct fs *fs, const struct fs_config *config);
void fs_destroy(struct fs *fs);

/* The journal's callback: unpins what has been committed. `arg` is the struct fs. */
void fs_committed(void *arg, const struct batch *b, uint64_t op);
