#include <linux/fuse.h>
#include <string.h>

#include "request/request_impl.h"

/* Bytes between the header of a request and the name that it has, or -1. linux/fuse.h */
static long name_at(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_LOOKUP:
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_REMOVEXATTR:
	case FUSE_SYMLINK:
		return 0;
	case FUSE_MKNOD:
		return sizeof(struct fuse_mknod_in);
	case FUSE_MKDIR:
		return sizeof(struct fuse_mkdir_in);
	case FUSE_CREATE:
		return sizeof(struct fuse_create_in);
	case FUSE_RENAME:
		return sizeof(struct fuse_rename_in);
	case FUSE_RENAME2:
		return sizeof(struct fuse_rename2_in);
	case FUSE_LINK:
		return sizeof(struct fuse_link_in);
	case FUSE_GETXATTR:
		return sizeof(struct fuse_getxattr_in);
	default:
		return -1;
	}
}

void request_describe(const void *bytes, size_t len, struct request_info *info)
{
	const struct fuse_in_header *in = bytes;
	long at;
	size_t room;

	*info = (struct request_info){0};
	if (len < sizeof(*in))
		return;
	info->unique = in->unique;
	info->opcode = in->opcode;
	info->ino = in->nodeid;
	info->pid = (int32_t)in->pid;
	info->uid = in->uid;
	at = name_at(in->opcode);
	if (at < 0 || len - sizeof(*in) <= (size_t)at)
		return;
	room = len - sizeof(*in) - (size_t)at;
	if (room > sizeof(info->name) - 1)
		room = sizeof(info->name) - 1;
	memcpy(info->name, (const char *)(in + 1) + at, strnlen((const char *)(in + 1) + at, room));
}
