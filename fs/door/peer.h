#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* The process at the other end of a unix socket: what the kernel says, as of connect(2). */
struct peer {
	pid_t pid; /* 0: outside of our pid namespace */
	uid_t uid;
	gid_t gid;
	char *viewer; /* "{uid,gid,group,...}", an array for SQL */
};

/* Reads it; peer_release() it. False with *err set: ERR_AUTH when the peer is a user of whom this
 * user namespace knows nothing. */
bool peer_read(int fd, struct peer *out, struct error *err);

void peer_release(struct peer *p);
