#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/proc.h"
#include "fs.h"
#include "request/request.h"

/*
 * The requests that wait, as people are shown them: with the process and the path, as far as both
 * are known without asking the database. Any thread, without the lock.
 */
struct live_request {
	struct request_info info;
	pid_t process;               /* of info.pid, which is a thread; 0: not known */
	char program[PROC_COMM_MAX]; /* raw; "": not known */
	char *path; /* raw, owned; NULL: not looked for, or what is in memory does not tell */
};

struct live_requests {
	struct live_request *request; /* oldest first */
	size_t count;
	size_t total; /* of all that wait, which can be more */
};

/* Beyond so many the rest is only counted. */
#define LIVE_REQUESTS_MAX 4096

/* Lists the requests of a user, or of everybody for uid -1. live_requests_release() it. */
void live_requests_read(struct fs *fs, int64_t uid, struct live_requests *out);
/* Adds the paths. Takes the lock for some milliseconds. */
void live_requests_find_paths(struct fs *fs, struct live_requests *l);
void live_requests_release(struct live_requests *l);

/* Returns the name of an enum fuse_opcode in lower case, such as "readdirplus". */
const char *live_opcode_name(uint32_t opcode);

/* Returns whether the operation has a name in the directory info.ino. */
bool live_opcode_names(uint32_t opcode);

/* Returns when it began to wait, nanoseconds since the epoch. */
int64_t live_request_since(const struct request_info *info);
