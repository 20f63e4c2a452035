#include "live/requests.h"

#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/proc_read.h"
#include "live/paths.h"

static const struct {
	uint32_t opcode;
	const char *name;
	bool names; /* the request has a name of a directory */
} opcodes[] = {
	{FUSE_LOOKUP, "lookup", true},
	{FUSE_GETATTR, "getattr", false},
	{FUSE_SETATTR, "setattr", false},
	{FUSE_READLINK, "readlink", false},
	{FUSE_SYMLINK, "symlink", true},
	{FUSE_MKNOD, "mknod", true},
	{FUSE_MKDIR, "mkdir", true},
	{FUSE_UNLINK, "unlink", true},
	{FUSE_RMDIR, "rmdir", true},
	{FUSE_RENAME, "rename", true},
	{FUSE_LINK, "link", true},
	{FUSE_OPEN, "open", false},
	{FUSE_READ, "read", false},
	{FUSE_WRITE, "write", false},
	{FUSE_STATFS, "statfs", false},
	{FUSE_RELEASE, "release", false},
	{FUSE_FSYNC, "fsync", false},
	{FUSE_SETXATTR, "setxattr", false},
	{FUSE_GETXATTR, "getxattr", false},
	{FUSE_LISTXATTR, "listxattr", false},
	{FUSE_REMOVEXATTR, "removexattr", false},
	{FUSE_FLUSH, "flush", false},
	{FUSE_INIT, "init", false},
	{FUSE_OPENDIR, "opendir", false},
	{FUSE_READDIR, "readdir", false},
	{FUSE_RELEASEDIR, "releasedir", false},
	{FUSE_FSYNCDIR, "fsyncdir", false},
	{FUSE_ACCESS, "access", false},
	{FUSE_CREATE, "create", true},
	{FUSE_IOCTL, "ioctl", false},
	{FUSE_FALLOCATE, "fallocate", false},
	{FUSE_READDIRPLUS, "readdirplus", false},
	{FUSE_RENAME2, "rename", true},
	{FUSE_LSEEK, "lseek", false},
	{FUSE_COPY_FILE_RANGE, "copy_file_range", false},
	{FUSE_FORGET, "forget", false},
	{FUSE_BATCH_FORGET, "batch_forget", false},
	{FUSE_GETLK, "getlk", false},
	{FUSE_SETLK, "setlk", false},
	{FUSE_SETLKW, "setlkw", false},
	{FUSE_BMAP, "bmap", false},
	{FUSE_DESTROY, "destroy", false},
	{FUSE_POLL, "poll", false},
	{FUSE_SYNCFS, "syncfs", false},
};
#define OPCODE_COUNT (sizeof(opcodes) / sizeof(opcodes[0]))

static size_t find_opcode(uint32_t opcode)
{
	size_t i = 0;

	while (i < OPCODE_COUNT && opcodes[i].opcode != opcode)
		i++;
	return i;
}

const char *live_opcode_name(uint32_t opcode)
{
	size_t i = find_opcode(opcode);

	return i < OPCODE_COUNT ? opcodes[i].name : "other";
}

bool live_opcode_names(uint32_t opcode)
{
	size_t i = find_opcode(opcode);

	return i < OPCODE_COUNT && opcodes[i].names;
}

int64_t live_request_since(const struct request_info *info)
{
	return clock_now_ns() - (clock_mono_ns() - info->since);
}

/* Adds the process of the thread that asks, and its program; they may be gone by now. */
static void read_process(struct live_request *r)
{
	char text[2048];
	long n;

	if (r->info.pid <= 0)
		return;
	n = proc_read(r->info.pid, "status", text, sizeof(text));
	if (n > 0 && proc_parse_tgid(text, (size_t)n, &r->process))
		proc_read_comm(r->process, r->program);
}

static void copy_list(struct fs *fs, int64_t uid, struct live_requests *out)
{
	struct requests *requests = transport_requests(fs->transport);
	size_t total = request_list(requests, NULL, 0);
	size_t max = total < LIVE_REQUESTS_MAX ? total : LIVE_REQUESTS_MAX, n;
	struct request_info *info = xcalloc(max + 1, sizeof(*info));

	total = request_list(requests, info, max);
	n = total < max ? total : max;
	out->request = xcalloc(n + 1, sizeof(out->request[0]));
	for (size_t i = 0; i < n; i++)
		if (uid < 0 || info[i].uid == uid)
			out->request[out->count++].info = info[i];
	out->total = uid < 0 ? total : out->count;
	free(info);
}

void live_requests_read(struct fs *fs, int64_t uid, struct live_requests *out)
{
	*out = (struct live_requests){0};
	copy_list(fs, uid, out);
	for (size_t i = 0; i < out->count; i++)
		read_process(&out->request[i]);
}

void live_requests_find_paths(struct fs *fs, struct live_requests *l)
{
	struct paths paths;

	paths_init(&paths, l->count);
	for (size_t i = 0; i < l->count; i++)
		paths_want(&paths, l->request[i].info.ino);
	pthread_mutex_lock(&fs->lock);
	paths_find(&paths, &fs->state);
	pthread_mutex_unlock(&fs->lock);
	for (size_t i = 0; i < l->count; i++) {
		const struct request_info *info = &l->request[i].info;
		bool names = live_opcode_names(info->opcode);

		l->request[i].path = paths_of(&paths, info->ino, names ? info->name : "");
	}
	paths_release(&paths);
}

void live_requests_release(struct live_requests *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->request[i].path);
	free(l->request);
	*l = (struct live_requests){0};
}
