#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * A journal record is one op, self-contained: the request, the actor, and the changes to rows that
 * the op makes, so that a later process that knows nothing else can apply it. The drain only looks
 * at changes; it does not know that there are renames. Encoding and decoding are pure
 * functions.
 */

/* The numbers are stored: never change one. thule.op_kind has the same. */
enum op_kind {
	OP_CREATE = 1,
	OP_MKDIR = 2,
	OP_MKNOD = 3,
	OP_SYMLINK = 4,
	OP_LINK = 5,
	OP_UNLINK = 6,
	OP_RMDIR = 7,
	OP_RENAME = 8,
	OP_EXCHANGE = 9,
	OP_WRITE = 10,
	OP_TRUNCATE = 11,
	OP_CHMOD = 12,
	OP_CHOWN = 13,
	OP_UTIMENS = 14,
	OP_SETATTR = 15, /* several of the above in one request */
	OP_FORGET = 16,  /* the last handle of an unlinked file was closed */
	OP_SETXATTR = 17,
	OP_REMOVEXATTR = 18,
	OP_MKFS = 19,
	OP_FALLOCATE = 20,
	OP_COPY_RANGE = 21,
	OP_SETFLAGS = 22,
};

/* The kind of a record that is no op, as an access time is none: the log does not have it. */
#define OP_NONE 0

enum change_type {
	CHANGE_ACTOR = 1,   /* a process is named for the first time */
	CHANGE_INODE,       /* these are the inode's attributes now */
	CHANGE_INODE_GONE,  /* the inode and all its data ended */
	CHANGE_DIRENT,      /* the name exists now (it did not) */
	CHANGE_DIRENT_GONE, /* the name ended */
	CHANGE_EXTENT,      /* these bytes are at this offset now */
	CHANGE_CUT,         /* in this range there are no bytes now */
	CHANGE_SHARE,       /* pieces of blobs that are in the database are in this range now */
	CHANGE_XATTR,       /* the extended attribute has this value now */
	CHANGE_XATTR_GONE,  /* the extended attribute ended */
	CHANGE_ATIME = 11,  /* it was read then: its present version has another access time */
};

enum change_flag {
	CHANGE_NEW = 1,    /* INODE, XATTR: it did not exist before this op */
	CHANGE_FRESH = 4,  /* EXTENT: lies past the old end of file; INODE_GONE: it had no bytes */
	CHANGE_XATTRS = 8, /* INODE_GONE: it had extended attributes */
};

enum record_flag {
	/* The kernel did it later, on its own: it is attributed to the opener of the file. */
	RECORD_DEFERRED = 1,
	/* The clock was set back since the op before. */
	RECORD_CLOCK_STEP = 2,
};

#define OP_KIND_MAX OP_SETFLAGS

#define RECORD_TAG_MAX 255 /* bytes */

/* The attributes that an inode row has. Times are nanoseconds since the epoch, sizes bytes. */
struct inode_attr {
	uint64_t ino;
	uint64_t size;
	uint64_t allocated;
	int64_t atime;
	int64_t mtime;
	int64_t ctime;
	int64_t btime;
	uint32_t mode;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint32_t rdev;
	uint32_t flags;   /* FS_*_FL bits */
	uint32_t xattrs;  /* how many extended attributes it has */
	uint32_t project; /* of quotas of directory trees; 0: none */
};

enum actor_text {
	ACTOR_HOST,
	ACTOR_BOOT_ID,
	ACTOR_EXE,
	ACTOR_COMM,
	ACTOR_CMDLINE,
	ACTOR_CGROUP,
	ACTOR_USERNAME,
	ACTOR_CWD,
	ACTOR_CHAIN,
	ACTOR_UNIT,
	ACTOR_TAG,
	ACTOR_RUN,
	ACTOR_TEXTS
};

struct actor_image {
	uint64_t id;
	uint64_t start_time; /* clock ticks after boot */
	int64_t loginuid;    /* -1: none */
	int32_t pid;
	int32_t ppid;
	int32_t session;
	uint32_t uid;
	uint32_t gid;
	uint32_t marks; /* enum actor_mark: base/mark.h */
	struct bytes text[ACTOR_TEXTS];
};

/* SHARE puts such pieces into a file: bytes of a blob that is committed. Pieces do not overlap and
 * are at most as long as an extent may be. */
struct share {
	uint64_t off; /* in the file */
	uint64_t len;
	uint64_t blob;
	uint64_t blob_off;
};

struct change {
	enum change_type type;
	unsigned int flags; /* enum change_flag */
	union {
		struct {
			struct inode_attr attr;
			struct bytes target; /* of a symbolic link */
		} inode;
		uint64_t gone; /* inode number */
		struct {
			uint64_t parent, ino, cookie;
			struct bytes name;
		} dirent;
		struct {
			uint64_t ino, off;
			uint64_t len;      /* of CUT; to the end of the file: INT64_MAX - off */
			struct bytes data; /* EXTENT: bytes; SHARE: an array of struct share */
		} extent;
		struct {
			uint64_t ino;
			struct bytes name, value; /* value: XATTR only */
		} xattr;
		struct {
			uint64_t ino;
			int64_t ns;
		} atime;
		struct actor_image actor;
	};
};

/* rename over a directory's entry with a new actor has the most: 1 + 3 names + 4 inodes + a victim,
 * and access times of the four. */
#define RECORD_MAX_CHANGES 16

struct record {
	uint64_t op; /* id, grows by one from record to record; NONE has that of the one before */
	uint64_t unique; /* of the FUSE request */
	int64_t at; /* microseconds since the epoch, grows with op but at a step of the clock */
	uint64_t actor;
	uint64_t ino;
	uint64_t parent, new_parent; /* 0: none */
	int64_t off, len;            /* -1: none */
	uint16_t kind;               /* enum op_kind */
	int16_t result;              /* errno the request was answered with */
	struct bytes name, new_name;
	struct bytes tag;   /* of the actor, at most RECORD_TAG_MAX bytes; none: empty */
	unsigned int flags; /* enum record_flag, up to 255 */
	unsigned int change_count;
	struct change changes[RECORD_MAX_CHANGES];
};

/* Returns how many bytes record_encode() will write for r: a multiple of 8. */
size_t record_size(const struct record *r);

/*
 * Writes r to buf, which has record_size(r) bytes and is aligned to 8. Bytes of EXTENT changes are
 * copied; *data_at (may be NULL) is set to where the last one's bytes are in buf.
 */
void record_encode(const struct record *r, void *buf, const void **data_at);

/*
 * Adds a checksum to an encoded record; and whether the bytes at buf are a whole record with its
 * checksum. Version 0.2 gave one only to journals that outlive their host.
 */
void record_seal(void *buf);
bool record_is_sealed(const void *buf, size_t avail);

/*
 * Reads the record at buf, of at most `avail` bytes. *r points into buf. Returns the record's size,
 * or 0 when the bytes are not a whole and consistent record, or do not match its checksum.
 */
size_t record_decode(const void *buf, size_t avail, struct record *r);

/*
 * Returns whether a decoded record is one that an op can have made: kinds, numbers, names and
 * ranges within the bounds of base/limits.h. Memory that was damaged may still look like a record.
 */
bool record_is_possible(const struct record *r);
