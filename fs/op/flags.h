#pragma once

#include "op/call.h"

/* What may not be changed at all (FS_IMMUTABLE_FL), and what may only grow (FS_APPEND_FL):
 * linux/fs.h, which does not go along with the C library's mount.h. */
#define FLAG_IMMUTABLE  0x10u
#define FLAG_APPEND     0x20u
#define FLAG_NODUMP     0x40u
#define FLAG_NOATIME    0x80u
#define FLAGS_INHERITED (FLAG_NODUMP | FLAG_NOATIME)
#define FLAG_FROZEN     (FLAG_IMMUTABLE | FLAG_APPEND)

/* EPERM when the inode has one of these FS_*_FL flags. */
int flags_forbid(const struct inode *inode, uint32_t flags);
/* Whether an ioctl asks for flags, or sets them, and has the room for it that it says. */
bool flags_asked(unsigned int cmd, size_t out_len);
bool flags_told(unsigned int cmd, size_t in_len);
/* Answers one that asks for them. */
void reply_flags(fuse_req_t req, unsigned int cmd, const struct inode_attr *attr);
/* The FS_*_FL flags that forbid to overwrite through an open file. Who has it open without O_APPEND
 * has had it since before it became append-only, and goes on, as elsewhere. */
uint32_t overwrite_flags(const struct call *c, uint64_t fh);
