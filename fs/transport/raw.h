#pragma once

#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What this kernel's protocol has and libfuse 3.14 has not (linux/fuse.h, 7.31 to 7.39). Two
 * requests begin with the bytes of an older one, and are handed to libfuse as that: the operation
 * asks which it is.
 */
enum raw_kind {
	RAW_NONE,
	RAW_TMPFILE, /* as CREATE, in a directory, without a name */
	RAW_STATX,   /* as GETATTR, answered by raw_reply_statx() */
};

/* Makes a request that libfuse does not know one that it knows. `bytes` is of len bytes. */
enum raw_kind raw_disguise(void *bytes, size_t len);

/*
 * Returns whether a request, disguised or not, has all the bytes that libfuse and the operations
 * will read: the header, the body of its opcode, names with their zeros, and as much data as it
 * says; and asks for no more than a reply can have. libfuse takes that on trust.
 */
bool raw_is_whole(const void *bytes, size_t len);

/*
 * Changes libfuse's reply to INIT (struct fuse_init_out) to ask for what the kernel offers in its
 * request `in`: that the filesystem clears set-id bits and file capabilities itself, so the kernel
 * need not ask for them before each write; and that names of one directory are looked up beside one
 * another, which libfuse 3.14 leaves out although the filesystem wants it. Asks for the flags
 * `needed`, too, and returns whether the kernel offers them all; else for none of these.
 */
bool raw_init(const void *in, size_t in_len, void *out, size_t out_len, uint64_t needed);

/* Answers RAW_STATX. btime: nanoseconds since the epoch; timeout: seconds. */
int raw_reply_statx(fuse_req_t req, const struct stat *st, int64_t btime, double timeout);

/* Whether the request asks to clear set-id bits, because the caller may not keep them. `body` is
 * what follows the header, of len bytes. */
bool raw_kills_setid(uint32_t opcode, const void *body, size_t len);
