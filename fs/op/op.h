#pragma once

#include <stdbool.h>
#include <string.h>

#include "base/limits.h"
#include "fs.h"

/* What may not be changed at all (FS_IMMUTABLE_FL), and what may only grow (FS_APPEND_FL):
 * linux/fs.h, which does not go along with the C library's mount.h. */
#define FLAG_IMMUTABLE  0x10u
#define FLAG_APPEND     0x20u
#define FLAG_NODUMP     0x40u
#define FLAG_NOATIME    0x80u
#define FLAGS_INHERITED (FLAG_NODUMP | FLAG_NOATIME)
#define FLAG_FROZEN     (FLAG_IMMUTABLE | FLAG_APPEND)

/*
 * Operations: one small function each for what the kernel asks, in the shape: begin a call, get
 * what is needed (or park), check, change the state and describe the op, end the call with its
 * reply.
 *
 * An operation changes nothing before it has all that it needs, because a parked one is run again
 * from the beginning.
 */
extern const struct fuse_lowlevel_ops fs_operations;

/* The kernel may keep what we say for good: every change on this mount passes through it. Seconds.
 */
#define KERNEL_CACHE_SECONDS 31536000.0

/* What the need_*() functions return beside 0 and an errno: the request is parked, return at once.
 */
#define CALL_PARKED (-1)

/* One request on its way through an operation. */
struct call {
	struct fs *fs;
	fuse_req_t req; /* not to be used once parked */
	const struct fuse_ctx *ctx;
	struct actor *actor; /* who asks, for calls that change something; else NULL */
	bool deferred;       /* the kernel asks, and actor is who opened the file */
	bool stranger;       /* need_setid() found that who asks is not in the inode's group */
	int64_t now; /* when the op happens, nanoseconds since the epoch: whole microseconds */
	struct record record;
};

/* Begins a call and takes the lock. The second finds out who asks, first. */
void call_begin(struct call *c, fuse_req_t req);
void call_begin_change(struct call *c, fuse_req_t req);
/* Under the lock, before the record of an op: sets c->now. */
void call_now(struct call *c);

/* Ends it: lets go of the lock, replies unless parked. */
void call_end(struct call *c, int rc);
/* Replies with an entry when rc is 0; inode NULL is "no such name", which the kernel may remember.
 */
void call_end_entry(struct call *c, int rc, const struct inode *inode);
void call_end_attr(struct call *c, int rc, const struct inode *inode);
/* Lets go of the lock and of the actor only, for those who reply by themselves. */
void call_leave(struct call *c);

/* --- what an operation needs (load.c) --- */

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
/* All extended attributes of an inode. */
int need_xattrs(struct call *c, struct inode *inode);
/*
 * Room in the journal, and on the server's disk, for an op with so many bytes of data. ENOSPC. The
 * first is for what makes files or bytes, the second for what removes or changes, the third for
 * what cannot fail.
 */
int need_space(struct call *c, size_t data);
int need_room(struct call *c, size_t data);
int need_journal(struct call *c);

/* That no request is being performed: it was told what is open, and that is to stay so. */
int need_unheld(struct call *c);
/* That all which was acknowledged is committed; for those who saw that something is not. */
int need_committed(struct call *c);
/* 0 once everything up to an op is on the server's disk. */
int need_flushed(struct call *c, uint64_t op);

/*
 * What the database has of a file in [off, *end): the answer to read_holes or read_extents, valid
 * until the lock is let go. *end becomes less when it was asked for less.
 */
int need_layout(struct call *c, struct inode *inode, enum stmt stmt, uint64_t off, uint64_t *end,
	const PGresult **res);
/* As often a request may be parked before it does without. */
#define PARKED_MAX 20

#define LAYOUT_HOLES   64
#define LAYOUT_EXTENTS 4096
/*
 * The answer of read_holes, or of read_past_holes, as the ranges from off on that have bytes.
 * Returns up to where it tells all of them: UINT64_MAX when it has less than `limit` holes.
 */
uint64_t layout_ranges(const PGresult *res, uint64_t off, int limit, struct ranges *data);
/* How many bytes a file has in [off, end), or less when that is not easy to know. */
int need_count(struct call *c, struct inode *inode, uint64_t off, uint64_t end, uint64_t *bytes);
/*
 * Where lseek(2) goes from off with SEEK_DATA or SEEK_HOLE; data begins at the block of off. Holes
 * are told by whole blocks, as by filesystems that allocate them. 0, or ENXIO: to the end there is
 * only a hole.
 */
int layout_seek(const struct ranges *data, uint64_t size, int whence, uint64_t off, uint64_t *at);

static inline uint64_t block_of(uint64_t off)
{
	return off - off % 4096;
}

static inline struct bytes name_bytes(const char *name)
{
	return (struct bytes){name, (uint32_t)strlen(name)};
}

/* --- quotas (quota.c) --- */

/* Whether an inode (NULL: one that is new) may have these attributes: 0 or EDQUOT. */
int quota_check(struct call *c, const struct inode *inode, const struct inode_attr *after);
/* Whether its extended attributes may have so many bytes. */
int quota_check_xattrs(struct call *c, const struct inode *inode, uint64_t bytes);
/* Makes *len of a write at off what fits. EDQUOT when nothing does. */
int quota_fit_write(struct call *c, const struct inode *inode, uint64_t off, uint32_t *len);
/* How many bytes an inode has in a range, at most: what a write there makes past. */
uint64_t quota_overlap(const struct inode_attr *attr, uint64_t off, uint64_t len);
/* EDQUOT when the owner's files may not have so many more bytes in the past. Removing is not asked:
 * it is how one gets below other limits. */
int quota_check_past(struct call *c, const struct inode *inode, uint64_t bytes);
/* EXDEV when what is in the one directory cannot be in the other. */
int quota_same_tree(const struct inode *a, const struct inode *b);

/* --- describing an op (change.c) --- */

/* Starts the record of an op that is done to `ino`. */
void change_begin(struct call *c, enum op_kind kind, uint64_t ino);
/* Appends it to the journal. Returns where its data is in the journal, NULL when it has none. */
const void *change_end(struct call *c);

/* The op's names, which are also where it was done. */
void change_at(struct call *c, uint64_t parent, struct bytes name);
void change_to(struct call *c, uint64_t parent, struct bytes name);

/* Effects; each also marks what it touches as dirty. flags: enum effect_flag. */
void effect_inode(struct call *c, struct inode *inode, unsigned int flags);
void effect_inode_gone(struct call *c, struct inode *inode);
void effect_touch_dir(struct call *c, struct inode *dir); /* sets its times */
/* Makes a name (which must not exist) or ends one, here and in the record. `cookie` is its place in
 * the directory, 0: at the end. */
void effect_name(struct call *c, struct inode *dir, struct bytes name, const struct inode *inode,
	uint64_t cookie);
void effect_name_gone(struct call *c, struct dirent_node *d);
void effect_write(struct call *c, struct inode *inode, uint64_t off, struct bytes data, bool fresh);
/* Sets or removes an extended attribute, in state (attr.xattrs too) and record; effect_inode()
 * comes after them. Its attributes are known. */
void effect_xattr(struct call *c, struct inode *inode, struct bytes name, struct bytes value);
void effect_xattr_gone(struct call *c, struct inode *inode, struct bytes name);
/* Pieces of committed blobs are in [off, off+len) now, where nothing is. */
void effect_share(
	struct call *c, struct inode *inode, uint64_t off, uint64_t len, struct bytes shares);
/*
 * A whiteout, which is what overlayfs leaves behind where a name was: a character device 0/0. In
 * the record of the op that moved the name; whether the quotas allow it is asked before (EDQUOT).
 */
int whiteout_allowed(struct call *c, const struct inode *dir);
void effect_whiteout(struct call *c, struct inode *dir, struct bytes name);
/* [off, off+len) are zeros now. */
void effect_cut(struct call *c, struct inode *inode, uint64_t off, uint64_t len);

/* Clears the set-id bits, as writing and giving away a file do; after need_setid(). */
void change_kill_setid(const struct call *c, struct inode_attr *attr);

/* Sets the size of a file, in state and record; changes no times. */
void change_size(struct call *c, struct inode *inode, uint64_t size);

/* A directory has one subdirectory more (1; callers check LINKS_MAX) or less (-1): never fewer
 * links than the two that each has, whatever the database counted. */
void change_subdirs(struct inode *dir, int by);

/*
 * One name less for an inode, in state and record, after effect_name_gone(): the inode ends with
 * its last name unless someone has it open.
 */
void change_unlinked(struct call *c, struct inode *inode);

/* --- shared by families of operations --- */

void attr_to_stat(const struct inode_attr *attr, struct stat *st);
/* Answers GETATTR, SETATTR, or STATX with the time of birth, nanoseconds since the epoch. */
void reply_attr(fuse_req_t req, const struct stat *st, int64_t btime);
/* EPERM when the inode has one of these FS_*_FL flags. */
int flags_forbid(const struct inode *inode, uint32_t flags);
/* Whether an ioctl asks for flags, or sets them, and has the room for it that it says. */
bool flags_asked(unsigned int cmd, size_t out_len);
bool flags_told(unsigned int cmd, size_t in_len);
/* Answers one that asks for them. */
void reply_flags(fuse_req_t req, unsigned int cmd, const struct inode_attr *attr);
/* The first columns of every statement that reads inodes, now or then, from ino to project. */
struct inode_attr result_attr(const PGresult *res, int row);
/* Answers GETXATTR or LISTXATTR with len bytes; `size` is the caller's room, 0 asks how many there
 * are. */
void reply_xattr(fuse_req_t req, const void *data, size_t len, size_t size);
/* Whether listxattr(2) shows a name to a user: only root sees what only root may read. */
bool xattr_listed(struct bytes name, uid_t uid);
/* The FS_*_FL flags that forbid to overwrite through an open file. Who has it open without O_APPEND
 * has had it since before it became append-only, and goes on, as elsewhere. */
uint32_t overwrite_flags(const struct call *c, uint64_t fh);
/* A handle for an inode that is now open, with flags of open(2), by who calls. */
struct handle *file_open(struct call *c, struct inode *inode, int flags);
/* Ends what was unlinked while it was open: after the last close, and when mount begins or ends. */
void forget_orphan(struct fs *fs, struct inode *inode, struct actor *who);

/* The operations, by family. */
void op_init(void *userdata, struct fuse_conn_info *conn);
void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup);
void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set, struct fuse_file_info *fi);
void op_readlink(fuse_req_t req, fuse_ino_t ino);
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *fi);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	const char *new_name, unsigned int flags);
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
	struct fuse_file_info *fi);
void op_fallocate(
	fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len, struct fuse_file_info *fi);
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi);
void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
	struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
	struct fuse_file_info *fi_out, size_t len, int flags);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
	int flags);
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);
void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
	struct fuse_file_info *fi, unsigned int flags, const void *in, size_t in_len,
	size_t out_len);
void op_statfs(fuse_req_t req, fuse_ino_t ino);
