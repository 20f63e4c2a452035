#include "transport/raw.h"

#include <linux/fuse.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clock.h"

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
