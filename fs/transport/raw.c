#include "transport/raw.h"

#include <linux/fuse.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "request/requests.h"

/* Not in the headers of Linux 6.1. */
#define OPCODE_STATX 52

struct statx_reply {
	uint64_t valid;
	uint32_t valid_nsec;
	uint32_t flags;
	uint64_t spare[2];
	struct statx stat; /* the protocol has the layout of statx(2) */
};

enum raw_kind raw_disguise(void *bytes, size_t len)
{
	struct fuse_in_header *in = bytes;

	if (len < sizeof(*in))
		return RAW_NONE;
	if (in->opcode == FUSE_TMPFILE) {
		in->opcode = FUSE_CREATE;
		return RAW_TMPFILE;
	}
	if (in->opcode == OPCODE_STATX) {
		in->opcode = FUSE_GETATTR;
		return RAW_STATX;
	}
	return RAW_NONE;
}

/* What follows the header: a body of so many bytes, names, and data whose number of units, each of
 * so many bytes, is a uint32_t of the body. Where that is no data, it is the room for the reply.
 * linux/fuse.h */
#define READING                                                                                    \
	{                                                                                          \
		sizeof(struct fuse_read_in), 0, offsetof(struct fuse_read_in, size), 1, true       \
	}
static const struct {
	unsigned int body, names, count_at, unit;
	bool reply;
} layouts[] = {
	[FUSE_LOOKUP] = {.names = 1},
	[FUSE_FORGET] = {sizeof(struct fuse_forget_in)},
	[FUSE_GETATTR] = {sizeof(struct fuse_getattr_in)},
	[FUSE_SETATTR] = {sizeof(struct fuse_setattr_in)},
	[FUSE_SYMLINK] = {.names = 2},
	[FUSE_MKNOD] = {sizeof(struct fuse_mknod_in), 1},
	[FUSE_MKDIR] = {sizeof(struct fuse_mkdir_in), 1},
	[FUSE_UNLINK] = {.names = 1},
	[FUSE_RMDIR] = {.names = 1},
	[FUSE_RENAME] = {sizeof(struct fuse_rename_in), 2},
	[FUSE_LINK] = {sizeof(struct fuse_link_in), 1},
	[FUSE_OPEN] = {sizeof(struct fuse_open_in)},
	[FUSE_READ] = READING,
	[FUSE_WRITE] = {sizeof(struct fuse_write_in), 0, offsetof(struct fuse_write_in, size), 1},
	[FUSE_RELEASE] = {sizeof(struct fuse_release_in)},
	[FUSE_FSYNC] = {sizeof(struct fuse_fsync_in)},
	[FUSE_SETXATTR] = {FUSE_COMPAT_SETXATTR_IN_SIZE, 1, offsetof(struct fuse_setxattr_in, size),
		1},
	[FUSE_GETXATTR] = {sizeof(struct fuse_getxattr_in), 1},
	[FUSE_LISTXATTR] = {sizeof(struct fuse_getxattr_in)},
	[FUSE_REMOVEXATTR] = {.names = 1},
	[FUSE_FLUSH] = {sizeof(struct fuse_flush_in)},
	[FUSE_OPENDIR] = {sizeof(struct fuse_open_in)},
	[FUSE_READDIR] = READING,
	[FUSE_RELEASEDIR] = {sizeof(struct fuse_release_in)},
	[FUSE_FSYNCDIR] = {sizeof(struct fuse_fsync_in)},
	[FUSE_GETLK] = {sizeof(struct fuse_lk_in)},
	[FUSE_SETLK] = {sizeof(struct fuse_lk_in)},
	[FUSE_SETLKW] = {sizeof(struct fuse_lk_in)},
	[FUSE_ACCESS] = {sizeof(struct fuse_access_in)},
	[FUSE_CREATE] = {sizeof(struct fuse_create_in), 1},
	[FUSE_BMAP] = {sizeof(struct fuse_bmap_in)},
	[FUSE_IOCTL] = {sizeof(struct fuse_ioctl_in), 0, offsetof(struct fuse_ioctl_in, in_size),
		1},
	[FUSE_POLL] = {sizeof(struct fuse_poll_in)},
	[FUSE_BATCH_FORGET] = {sizeof(struct fuse_batch_forget_in), 0,
		offsetof(struct fuse_batch_forget_in, count), sizeof(struct fuse_forget_one)},
	[FUSE_FALLOCATE] = {sizeof(struct fuse_fallocate_in)},
	[FUSE_READDIRPLUS] = READING,
	[FUSE_RENAME2] = {sizeof(struct fuse_rename2_in), 2},
	[FUSE_LSEEK] = {sizeof(struct fuse_lseek_in)},
	[FUSE_COPY_FILE_RANGE] = {sizeof(struct fuse_copy_file_range_in)},
};

bool raw_is_whole(const void *bytes, size_t len)
{
	const struct fuse_in_header *in = bytes;
	const char *body = (const char *)(in + 1), *at, *zero;
	uint32_t units = 0;
	size_t left;

	if (len < sizeof(*in))
		return false;
	left = len - sizeof(*in);
	if (in->opcode >= sizeof(layouts) / sizeof(layouts[0]))
		return true;
	if (left < layouts[in->opcode].body)
		return false;
	at = body + layouts[in->opcode].body;
	left -= layouts[in->opcode].body;
	for (unsigned int i = 0; i < layouts[in->opcode].names; i++) {
		zero = left ? memchr(at, '\0', left) : NULL;
		if (!zero)
			return false;
		left -= (size_t)(zero + 1 - at);
		at = zero + 1;
	}
	if (layouts[in->opcode].reply)
		left = REQUEST_BYTES_MAX;
	if (layouts[in->opcode].unit)
		memcpy(&units, body + layouts[in->opcode].count_at, sizeof(units));
	return (uint64_t)units * layouts[in->opcode].unit <= left;
}

bool raw_init(const void *in, size_t in_len, void *out, size_t out_len, uint64_t needed)
{
	const struct fuse_init_in *offer = in;
	struct fuse_init_out *want = out;
	uint64_t offered;

	if (in_len < offsetof(struct fuse_init_in, flags) + sizeof(offer->flags) ||
		out_len < offsetof(struct fuse_init_out, flags2) + sizeof(want->flags2))
		return !needed;
	want->flags |= offer->flags & (FUSE_HANDLE_KILLPRIV_V2 | FUSE_PARALLEL_DIROPS);
	offered = offer->flags;
	if (offer->flags & FUSE_INIT_EXT &&
		in_len >= offsetof(struct fuse_init_in, flags2) + sizeof(offer->flags2))
		offered |= (uint64_t)offer->flags2 << 32;
	if ((offered & needed) != needed)
		return false;
	if (needed) {
		want->flags |= (uint32_t)needed | FUSE_INIT_EXT;
		want->flags2 |= (uint32_t)(needed >> 32);
	}
	return true;
}

static struct statx_timestamp statx_time(struct timespec t)
{
	return (struct statx_timestamp){.tv_sec = t.tv_sec, .tv_nsec = (uint32_t)t.tv_nsec};
}

int raw_reply_statx(fuse_req_t req, const struct stat *st, int64_t btime, double timeout)
{
	struct statx_reply out = {
		.valid = (uint64_t)timeout,
		.stat =
			{
				.stx_mask = STATX_BASIC_STATS | STATX_BTIME,
				.stx_blksize = (uint32_t)st->st_blksize,
				.stx_nlink = (uint32_t)st->st_nlink,
				.stx_uid = st->st_uid,
				.stx_gid = st->st_gid,
				.stx_mode = (uint16_t)st->st_mode,
				.stx_ino = st->st_ino,
				.stx_size = (uint64_t)st->st_size,
				.stx_blocks = (uint64_t)st->st_blocks,
				.stx_atime = statx_time(st->st_atim),
				.stx_btime = statx_time(ns_timespec(btime)),
				.stx_ctime = statx_time(st->st_ctim),
				.stx_mtime = statx_time(st->st_mtim),
				.stx_rdev_major = major(st->st_rdev),
				.stx_rdev_minor = minor(st->st_rdev),
			},
	};

	_Static_assert(sizeof(out) == 288, "struct fuse_statx_out");
	return fuse_reply_buf(req, (const char *)&out, sizeof(out));
}

bool raw_kills_setid(uint32_t opcode, const void *body, size_t len)
{
	const struct fuse_write_in *write = body;
	const struct fuse_setattr_in *setattr = body;
	const struct fuse_open_in *open = body;

	switch (opcode) {
	case FUSE_WRITE:
		return len >= sizeof(*write) && write->write_flags & FUSE_WRITE_KILL_SUIDGID;
	case FUSE_SETATTR:
		return len >= sizeof(*setattr) && setattr->valid & FATTR_KILL_SUIDGID;
	case FUSE_OPEN:
		return len >= sizeof(*open) && open->open_flags & FUSE_OPEN_KILL_SUIDGID;
	}
	return false;
}
