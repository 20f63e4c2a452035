#pragma once

#include "op/call.h"

/*
 * What an operation needs. Each returns 0, an errno, or CALL_SUSPENDED. An inode is needed by those
 * that change something or that read the present: of a node of the past it is EROFS.
 */

/* ESTALE when the kernel knows an inode of which not even the past has anything; one that has gone
 * says so, also where an undo removed it. */
int need_inode(struct call *c, uint64_t ino, struct inode **inode);
/* The inode of a call, and what that does to its set-id bits: where it is the caller's group that
 * decides, finds out whether they are in it (lets go of the lock meanwhile, so comes first in a
 * call). */
enum setid_use { SETID_STAYS, SETID_CLEARED, SETID_OF_ACL };
int need_setid(struct call *c, uint64_t ino, enum setid_use use, struct inode **inode);
/* A directory that still exists. */
int need_dir(struct call *c, uint64_t ino, struct inode **dir);
/* *d NULL: there is no such name. ENAMETOOLONG. */
int need_name(struct call *c, struct inode *dir, struct bytes name, struct dirent_node **d);
/* A name that exists, and its inode: ENOENT. */
int need_entry(struct call *c, struct inode *dir, struct bytes name, struct dirent_node **d,
	struct inode **inode);
/* Names of a directory after a cookie: all up to dir.upto, and at least one unless there is none.
 */
int need_names(struct call *c, struct inode *dir, uint64_t after);
/* A directory without names: ENOTEMPTY. */
int need_empty(struct call *c, struct inode *dir);
/* All extended attributes of an inode, without large values; and the value of one. */
int need_xattrs(struct call *c, struct inode *inode);
int need_value(struct call *c, struct inode *inode, struct xattr *x);
/*
 * Room in the journal, and on the server's disk, for an op with so many bytes of data. ENOSPC. The
 * first is for what makes files or bytes, the second for what removes or changes, the third for
 * what cannot fail.
 */
int need_space(struct call *c, size_t data);
int need_room(struct call *c, size_t data);
int need_journal(struct call *c);

/* Before a file is opened: in a mount that follows another, what that has committed is known. */
int need_current(struct call *c);
/* What others have committed is known, here and to the kernel. */
int need_caught_up(struct call *c);

/* That no request is being performed: it was told what is open, and that is to stay so. */
int need_unquiesced(struct call *c);
/* That all which was acknowledged is committed; for those who saw that something is not. */
int need_committed(struct call *c);
/* 0 once everything up to an op is on the server's disk. */
int need_flushed(struct call *c, uint64_t op);

/* After so many waits an operation does without what is nice to have. */
#define WAITS_MAX 20
