#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "base/budget.h"
#include "base/table.h"
#include "journal/record.h"
#include "state/chunk.h"
#include "state/quota.h"
#include "state/ranges.h"

/*
 * The in-memory state: an overlay over the database. What the journal has not committed is pinned
 * here; everything else is a cache that may be dropped. So when something is not here, what the
 * database says of it is current; what is here is never older than what the database says.
 *
 * Nothing here locks, waits or does I/O: the caller (fs/fs.h) holds the one lock of the filesystem.
 */

enum pending_kind {
	PENDING_WRITE, /* bytes */
	PENDING_CUT,   /* zeros */
	PENDING_SHARE, /* what some other range had: only the database will know, once it is
			  committed */
};

/* What was done to the bytes of a file that the database does not have yet; in the order of the
 * ops.
 */
struct pending {
	uint64_t op;
	uint64_t off, len;
	const char *data; /* of a write, in the journal */
	enum pending_kind kind;
};

/* A name in what readdir walks. */
struct dir_slot {
	uint64_t cookie;
	struct dirent_node *node; /* NULL: removed since */
};

/* What a directory has beside what all inodes have: the names that exist and are here, in the order
 * of their cookies, what is known of the others, and where it is itself. */
struct dir_index {
	struct dir_slot *slots;
	size_t count, cap;
	size_t live;             /* slots with a node */
	size_t names;            /* nodes of this directory, with those that say "no such name" */
	bool complete;           /* what is not here does not exist */
	uint64_t from, upto;     /* all names with a cookie above from, up to this one, are here */
	uint64_t parent;         /* 0: not known, or it has none */
	struct dir_reads *reads; /* NULL until then */
};

/* How a directory has been read since it is here, for who guesses what is asked next
 * (op/guess.c). */
struct dir_reads {
	uint64_t asked;    /* neighbours of missed names that were asked for */
	uint64_t found;    /* names that were looked up and exist */
	uint64_t ahead_to; /* cookie up to which sub-directories were read ahead */
	uint32_t ahead;    /* sub-directories that were read ahead */
	uint32_t walked;   /* sub-directories that were listed since it was listed itself */
	bool missed;       /* a name of it was, once */
	bool listed;
};

/* An extended attribute. Its value is in memory unless that is large and was not asked for. */
struct xattr {
	struct xattr *next;
	struct xattr *older, *newer; /* of state.values */
	uint64_t op;                 /* that set it; 0: it is from the database */
	char *value;                 /* NULL: not here, or empty */
	uint32_t name_len, value_len;
	bool used; /* since eviction last looked */
	char name[];
};

/* A value of more bytes is asked for by itself, and forgotten by itself. */
#define XATTR_INLINE_MAX 1024

struct inode {
	union {
		uint64_t ino; /* the key; node id and inode number are the same */
		struct inode_attr attr;
	};
	char *target; /* of a symbolic link, target_len bytes, owned */
	uint32_t target_len;
	uint32_t opens;      /* handles that are open */
	uint64_t listed_in;  /* the directory in which it was found last; 0: not known */
	uint64_t dirty_op;   /* last op that changed it; of one that the database told: that was
				committed by then */
	uint64_t dropped_op; /* pending writes up to this op have left for the database */
	uint64_t base_end;   /* from this offset on, the database holds no bytes of the file */
	int64_t accessed;    /* access time that the journal does not have yet, ns; 0: none */
	struct pending *pending;
	uint32_t pending_head, pending_count, pending_cap;
	uint32_t visit;        /* of a reader of its directory, which has read it; op/nearby.c */
	struct chunk *chunks;  /* bytes that the database has, or is asked for */
	struct dir_index *dir; /* of a directory, else NULL */
	struct charge charge;  /* what quotas count it as */
	uint64_t xattr_bytes;  /* of extended attributes, names and values, known or not */
	struct xattr *xattrs;
	struct inode *xattrs_older, *xattrs_newer; /* of state.with_xattrs */
	bool xattrs_known;                         /* all that it has are here, by name */
	bool xattrs_used;                          /* since eviction last looked */
	bool stale;   /* what is here of it is out of date, but something holds it: ask the database
		       */
	bool gone;    /* the row has ended; the kernel still knows the number */
	bool resized; /* while it was open, not by the kernel: that may have another end of it */
	bool misplaced; /* it is among state.misplaced */
	bool used;      /* since eviction last looked */
	bool told;      /* the kernel was given its entry and attributes as they are, and has not
			   said that it forgot them; a hint, as it forgets names without a word */
};

_Static_assert(offsetof(struct inode, ino) == offsetof(struct inode, attr.ino), "one number");

/*
 * A name. ino 0 says that there is no such name, which is as good an answer. While a name is here,
 * so is the inode of its directory.
 */
struct dirent_node {
	uint64_t ino;
	uint64_t cookie;
	uint64_t dirty_op;
	uint32_t mode; /* S_IFMT bits, for d_type */
	uint16_t name_len;
	bool used;
	uint64_t parent; /* the key: parent and name */
	char name[];
};

/* An open file. Numbers, not pointers, cross to the kernel. */
struct handle {
	uint64_t fh;
	uint64_t ino;
	uint64_t actor; /* thule.actor of the opener for writing, for writes that no process sends;
			   0: none yet */
	void *opener;   /* struct actor *, owned by fs/op */
	bool accessed;  /* the kernel does not know yet that opening it set the access time */
	int64_t opened; /* monotonic, nanoseconds; grows with fh */
	int32_t pid;    /* thread that opened it; 0: not known */
	uint32_t flags; /* of open(2) */
	/* Of reads in order: where the next one begins, how many bytes they had, and up to where
	 * bytes were asked for. */
	uint64_t read_next, read_run, read_asked;
	bool unlocked;   /* it had locks that are lost (lock/lock.h) */
	bool silent;     /* it may write, and the kernel does not tell when it is closed */
	bool shown;      /* to SQL, see handles_show() */
	uint64_t unique; /* of the request that opened it */
	uint32_t kept;   /* where a successor finds it (keeper/kept.h); 0: nowhere */
	UT_hash_handle hh;
};

/* A directory that was removed and brought back. The kernel may still have the one that was
 * removed, in which there can be nothing any more; by the generation it is another. */
struct revived {
	uint64_t ino;
	uint64_t generation;
	UT_hash_handle hh;
};

struct state {
	struct revived *revived;
	struct table inodes, dirents; /* in the order in which eviction looks at them */
	struct handle *handles;
	struct quota *quotas;
	uint64_t next_fh;
	size_t silent;    /* handles that are */
	uint64_t *closed; /* handles that were shown and are closed since */
	size_t closed_count, closed_cap;
	uint64_t *misplaced; /* inodes of which the kernel has bytes where they are not */
	size_t misplaced_count, misplaced_cap;
	struct buf misnamed; /* names, each after its directory's number and with a 0 at its end, at
				which the kernel may have another inode than is there */
	uint64_t committed;  /* last op that the database had when somebody said so */
	size_t max_inodes;   /* above this many, clean ones are evicted */
	uint64_t evictions;  /* grows whenever something was dropped */
	/* Bytes of inodes and names, which come and go together, and of extended attributes. */
	struct budget inode_bytes, attributes;
	struct chunks chunks;
	struct xattr *values;      /* large ones that are here, oldest first */
	struct inode *with_xattrs; /* that have attributes here, oldest first */
	size_t value_count, with_xattrs_count;
	bool labels; /* a file may have an SELinux label */
	bool shared; /* other mounts may have open what has lost its last name: it does not end */
	uint64_t xattr_evictions; /* grows whenever an attribute was dropped that was set here */
	uint64_t xattrs_stuck_at, xattrs_stuck; /* xattrs_evict(): in vain at this op, with so many
						   bytes */
};

/* What is kept in memory, when it is clean. */
struct state_limits {
	size_t inodes;       /* and twice as many names */
	uint64_t attributes; /* bytes */
	uint64_t data;       /* bytes of files */
};

/* Bytes that inodes and names may take, for each inode that is kept: one of the usual kind takes
 * 400 with its name, one with a long target up to 5000. */
#define STATE_INODE_BYTES 1024

/* What malloc(3) and the tables add to an inode or a name, about. */
#define STATE_OVERHEAD 48

void state_init(struct state *s, const struct state_limits *limits);
void state_free(struct state *s);

/* --- inodes --- */

/* NULL: not here, ask the database. */
struct inode *inode_find(struct state *s, uint64_t ino);
/* The same for who is no user of it: to eviction it is as before. */
struct inode *inode_peek(const struct state *s, uint64_t ino);
/* Where the table has it. */
static inline uint32_t inode_hash(uint64_t ino)
{
	return hash_end(hash_bytes(0, &ino, sizeof(ino)));
}
/* Adds one that is not here, as the database has it. `target` is copied. base_end is set to its
 * size. */
struct inode *inode_add(struct state *s, const struct inode_attr *attr, struct bytes target);
/* Frees it; no names or pending writes may be left. */
void inode_drop(struct state *s, struct inode *inode);

/* The kernel has bytes of it where they are not: adds it to those that the control thread tells it
 * of, unless it is there. Whoever takes those clears inode->misplaced. */
void inode_misplaced(struct state *s, struct inode *inode);
/* Adds a name to a list as state.misnamed is. */
void name_list(struct buf *names, uint64_t parent, struct bytes name);

/* Evicts what is clean and has not been used lately, when there is too much; `committed` is the
 * last committed op. */
void state_evict(struct state *s, uint64_t committed);

/*
 * Everything is committed and something else than this mount has changed the database, up to
 * next_op: drops all that is not open, and makes what is open stale.
 */
void state_reload(struct state *s, uint64_t next_op);
/* The same of one inode alone, and of one name; names before their directories. */
void state_outdate_inode(struct state *s, uint64_t ino, uint64_t next_op);
void state_outdate_name(struct state *s, uint64_t parent, struct bytes name);
/* A directory came back; it is not here. generation: one that it never had. */
void state_revive(struct state *s, uint64_t ino, uint64_t generation);
/* For the kernel, see struct revived. */
uint64_t state_generation(const struct state *s, uint64_t ino);
/* What the database says of a stale inode; attr NULL: it has ended. */
void inode_refresh(struct state *s, struct inode *inode, const struct inode_attr *attr);

/* --- names --- */

struct dirent_node *dirent_find(struct state *s, uint64_t parent, struct bytes name);
/* Adds or changes what is known of a name of dir; `ino` 0: that it does not exist. */
struct dirent_node *dirent_set(struct state *s, struct inode *dir, struct bytes name, uint64_t ino,
	uint64_t cookie, uint32_t mode);
/* Forgets a name. */
void dirent_drop(struct state *s, struct dirent_node *d);

/* After which cookie the names begin that are to be asked for next. */
uint64_t dir_next(const struct dir_index *index);
/* How a directory has been read. */
struct dir_reads *dir_reads(struct state *s, struct inode *dir);

/* The first slot with a cookie above `cookie`. */
size_t dir_seek(const struct dir_index *index, uint64_t cookie);

/* So many names are about to be added: those of most directories are all that there will be. */
void dir_expect(struct dir_index *index, size_t names);

/* Whether a name with this cookie is here. */
bool dir_has(const struct dir_index *index, uint64_t cookie);

/* Says that all names with a cookie above from, up to upto (UINT64_MAX: all), are here; adds to
 * what was said if that is next to it. */
void dir_known(struct dir_index *index, uint64_t from, uint64_t upto);
/* Says that names may be missing. */
void dir_unknown(struct dir_index *index);

/* --- extended attributes: attr.xattrs is the caller's to keep --- */

/* False: ask the database before the functions below. */
bool xattrs_known(const struct inode *inode);
struct xattr *xattr_find(struct inode *inode, struct bytes name); /* NULL: it has none */
/* Adds or replaces; copies both. op: of the change; 0: it is from the database. */
void xattr_set(
	struct state *s, struct inode *inode, struct bytes name, struct bytes value, uint64_t op);
/* Adds one of which the database has not told the value. */
void xattr_note(struct state *s, struct inode *inode, struct bytes name, uint32_t value_len);
/* The value of such a one, unless it has one by now. False: of another length. */
bool xattr_fill(struct state *s, struct xattr *x, struct bytes value);
void xattr_drop(struct state *s, struct inode *inode, struct bytes name);
void xattrs_forget(struct state *s, struct inode *inode);

/* Forgets what is clean and has not been used lately, large values first, when there is too much.
 */
void xattrs_evict(struct state *s, uint64_t committed);

static inline struct bytes xattr_name(const struct xattr *x)
{
	return (struct bytes){x->name, x->name_len};
}

/* False: ask the database before xattr_value(). */
static inline bool xattr_value_known(const struct xattr *x)
{
	return x->value || !x->value_len;
}

static inline struct bytes xattr_value(const struct xattr *x)
{
	return (struct bytes){x->value, x->value_len};
}

/* --- bytes that are not in the database yet --- */

void pending_add(struct inode *inode, struct pending p);
/* Forgets what was committed. */
void pending_drop(struct inode *inode, uint64_t committed);
/* True when something of [off, off+len) is to be asked of the database only after a commit. */
bool pending_shared(const struct inode *inode, uint64_t off, uint64_t len);
/* The first byte of [off, off+len) that something is pending for; off + len when there is none. */
uint64_t pending_first(const struct inode *inode, uint64_t off, uint64_t len);
/* True when reading [off, off+len), where nothing is shared, needs what the database has. */
bool pending_needs_base(const struct inode *inode, uint64_t off, uint64_t len);
/* Lays the pending bytes over buf, which holds [off, off+len) of the file; shared ones are skipped.
 */
void pending_overlay(const struct inode *inode, char *buf, uint64_t off, uint64_t len);
/* Makes of the ranges where the database has bytes those where the file has some. */
void pending_ranges(const struct inode *inode, struct ranges *data);

/* --- what st_blocks counts --- */

/* Before the size changes: len bytes more at off. */
void allocated_write(struct inode_attr *attr, uint64_t off, uint64_t len);
/* Before the size changes: [lo, hi) of the file, which ends within its size, have no bytes now;
 * so many are known to have been there, 0 when nobody asked. */
void allocated_cut(struct inode_attr *attr, uint64_t lo, uint64_t hi, uint64_t known);

/* --- handles --- */

struct handle *handle_add(struct state *s, uint64_t ino);
struct handle *handle_find(struct state *s, uint64_t fh);
/* Adds one that an earlier daemon has given out. */
struct handle *handle_restore(struct state *s, uint64_t fh, uint64_t ino);
/* The one that a request opened; looks at every handle. NULL: it opened none. */
struct handle *handle_by_request(struct state *s, uint64_t unique);
void handle_drop(struct state *s, struct handle *h);
/* Says whether its close will be told, where it may write. */
void handle_silence(struct state *s, struct handle *h, bool silent);
void handles_each(struct state *s, void (*fn)(void *arg, struct handle *h), void *arg);
/* Whether one of them is of a file that was made without a name (O_TMPFILE) and has none; it gets
 * one now. */
bool handle_names(struct state *s, uint64_t ino);
/* Whether somebody has it open for writing; looks at every handle. */
bool handle_writes(struct state *s, uint64_t ino);

/*
 * What SQL is shown of handles: calls fn for those that were opened before then (monotonic,
 * nanoseconds) and have not been shown. The caller empties s->closed.
 */
void handles_show(
	struct state *s, int64_t before, void (*fn)(void *arg, struct handle *h), void *arg);
/* As if none had been shown. */
void handles_hide(struct state *s);
