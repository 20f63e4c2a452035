#pragma once

#include "op/call.h"

/* Describing an op: its record, and what it does to the state, in one step. */

/* Starts the record of an op that is done to `ino`. */
void change_begin(struct call *c, enum op_kind kind, uint64_t ino);
/* Appends it to the journal. Returns where its data is in the journal, NULL when it has none. */
const void *change_end(struct call *c);

/* The op's names, which are also where it was done. */
void change_at(struct call *c, uint64_t parent, struct bytes name);
void change_to(struct call *c, uint64_t parent, struct bytes name);

/* Changes; each also marks what it touches as dirty. flags: enum change_flag. */
void change_inode(struct call *c, struct inode *inode, unsigned int flags);
void change_inode_gone(struct call *c, struct inode *inode);
void change_touch_dir(struct call *c, struct inode *dir); /* sets its times */
/* Makes a name (which must not exist) or ends one, here and in the record. `cookie` is its place in
 * the directory, 0: at the end. */
void change_name(struct call *c, struct inode *dir, struct bytes name, const struct inode *inode,
	uint64_t cookie);
void change_name_gone(struct call *c, struct dirent_node *d);
void change_write(struct call *c, struct inode *inode, uint64_t off, struct bytes data, bool fresh);
/* Sets or removes an extended attribute, in state (attr.xattrs too) and record; change_inode()
 * comes after them. Its attributes are known. */
void change_xattr(struct call *c, struct inode *inode, struct bytes name, struct bytes value);
void change_xattr_gone(struct call *c, struct inode *inode, struct bytes name);
/* Pieces of committed blobs are in [off, off+len) now, where nothing is. */
void change_share(
	struct call *c, struct inode *inode, uint64_t off, uint64_t len, struct bytes shares);
/*
 * A whiteout, which is what overlayfs leaves behind where a name was: a character device 0/0. In
 * the record of the op that moved the name; whether the quotas allow it is asked before (EDQUOT).
 */
int whiteout_allowed(struct call *c, const struct inode *dir);
void change_whiteout(struct call *c, struct inode *dir, struct bytes name);
/* [off, off+len) are zeros now. */
void change_cut(struct call *c, struct inode *inode, uint64_t off, uint64_t len);

/* Clears the set-id bits, as writing and giving away a file do; after need_setid(). */
void change_kill_setid(const struct call *c, struct inode_attr *attr);

/* Sets the size of a file, in state and record; changes no times. */
void change_size(struct call *c, struct inode *inode, uint64_t size);

/* A directory has one subdirectory more (1; callers check LINKS_MAX) or less (-1): never fewer
 * links than the two that each has, whatever the database counted. */
void change_subdirs(struct inode *dir, int by);

/*
 * One name less for an inode, in state and record, after change_name_gone(): the inode ends with
 * its last name unless someone has it open.
 */
void change_unlinked(struct call *c, struct inode *inode);
