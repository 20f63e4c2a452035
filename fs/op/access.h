#pragma once

#include "fs.h"

/*
 * Access times. The kernel leaves them to us (its FUSE inodes are S_NOATIME): a READ, READDIR or
 * READLINK that comes here is an access, and so is an OPEN for reading, since pages that the kernel
 * has are read without us. The mount's flags say which accesses count, as in mount(8).
 *
 * An access is no change: it makes no version and no row in the log. It is kept in the state, and
 * gathered; now and then what has gathered goes to the journal, to be written over the present
 * rows. A change of the inode takes its access time along.
 */
struct access {
	int fd;               /* /proc/self/mountinfo, which poll(2) says has changed; -1: none */
	unsigned int device;  /* of our mount, 0: not known yet */
	unsigned long flags;  /* of our mount: mount_point.flags */
	pthread_mutex_t lock; /* of those three */
	uint64_t *inos;       /* under the lock of the filesystem: those with `accessed` */
	size_t count;
};

struct access *access_new(void);
void access_free(struct access *a);

/* Before the lock: has a look at the mount's flags, if they have changed. */
void access_refresh(struct fs *fs);

/* Under the lock: the inode is read now. True when its access time has changed. */
bool access_note(struct fs *fs, struct inode *inode);

/* Under the lock: adds the access time that is not in the journal to a record, before what else the
 * op does to the inode. */
void access_change(struct fs *fs, struct record *r, struct inode *inode);

/* Under the lock: gives what has gathered to the journal, if it has room. */
void access_flush(struct fs *fs);
