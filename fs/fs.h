#pragma once

#include <fuse_lowlevel.h>
#include <pthread.h>

#include "actor/actor.h"
#include "base/host.h"
#include "base/pass.h"
#include "base/trace.h"
#include "db/direct.h"
#include "db/disk.h"
#include "db/reader_pool.h"
#include "db/row.h"
#include "figures.h"
#include "journal/journal.h"
#include "keeper/kept.h"
#include "lock/lock.h"
#include "state/state.h"
#include "transport/transport.h"

/* Settings that a mount is made with; config.h has the options that people type. */
struct fs_config {
	const char *conninfo;
	uint64_t next_ino;          /* first inode number to use */
	struct state_limits limits; /* of what is cached */
	uint64_t at_op;             /* not 0: the root shows the past as of this op, nothing else */
	bool magic;                 /* the root has .thule */
	bool acl;                   /* POSIX access control lists */
	bool cluster_locks;         /* locks on files hold across mounts */
	bool past_owner; /* what is gone, and older versions, are for their owner alone */
};

/* What a mount with the lease owes to those that follow, and open files; see op/follow.h. */
struct promise {
	int64_t until; /* until then closes wait for their commit; monotonic, nanoseconds */
	struct journal_waiter waiter; /* for what had been acknowledged when it was asked */
	bool waits;                   /* that is not committed yet */
	bool settled;                 /* it is */
	bool sure;                    /* the kernel tells the close of each file that was open */
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
	bool orphaned; /* an inode without a name was closed while others had the right to write */
	int invalidating;  /* so often the kernel has yet to drop what others changed */
	int invalidate_fd; /* eventfd: the control thread is to look at state.misplaced and
			      .misnamed */
	int committed_fd;  /* eventfd: the control thread is to tell who follows the changes */
	bool untold;       /* committed_fd is readable */
	int follow_fd; /* eventfd: something waits in a mount that follows another; op/follow.h */
	bool handing;  /* the lease is being handed to another mount */
	struct follow_waiter *followers; /* who has to know what others have committed */
	struct follow_waiter *openers;   /* the same, and what they have closed */
	struct promise promise;
	struct load *loads;    /* what was asked of the database and is not here yet; op/load.c */
	unsigned int ahead;    /* those of them that nobody needs yet */
	struct reader *reader; /* of the present */
	struct direct *direct; /* for bytes that one thread waits for; NULL: none */
	struct reader_pool *past_reader; /* of the past: its questions may take long */
	struct actor_cache *actors;
	struct host host;
	struct transport *transport;
	struct trace *trace;
	struct figures figures;    /* of the database, for statfs(2) */
	struct disk disk;          /* of the server */
	struct pass pass;          /* for who asks at the door */
	struct past *past;         /* instants that are being read; past/past.c */
	struct access *access;     /* access times; op/access.c */
	struct nearby *nearby;     /* who reads small files; op/nearby.c */
	struct contents *contents; /* who reads here and there; op/content.c */
	struct locking *locking;   /* locks that hold across mounts; NULL: the kernel has them */
	struct kept *kept;         /* what a successor of this daemon is told; NULL: it has none */
	uint64_t kept_since; /* the daemon before has told the kernel what was changed up to this
				op; 0: all */
	bool greeted;        /* INIT has come, before which the kernel can not be told anything */
	bool kept_late;      /* `kept` is to be told when nothing is invalidating any more */
};

/* Sets up the lock and the state. */
void fs_init(struct fs *fs, const struct fs_config *config);
void fs_destroy(struct fs *fs);

/* Lets go of what has been committed; the journal's callback, `arg` is the struct fs. */
void fs_committed(void *arg, const struct batch *b, uint64_t op);
