#pragma once

#include <fuse_lowlevel.h>
#include <stdbool.h>

#include "base/buf.h"

/*
 * A process that tells the kernel what to drop. To drop something the kernel may wait, and nobody
 * can interrupt that, until a request is answered: one that makes a name in the same directory, or
 * writes to the same page. A daemon that is killed meanwhile, or crashes, would not come to its
 * end, and so nobody would ever answer. With a process apart it ends at once: then the kernel ends
 * the requests that were read by it, or the next daemon answers them, or, where they came by
 * io_uring, which keeps them, this process has the kernel end the connection.
 */
struct apart;

/* It begins when there is something to tell. `kept`: the connection does not end with the daemon.
 */
struct apart *apart_new(struct fuse_session *se, bool kept);

/* Adds to what is told: all of an inode but its names, or a name; or of one that stays, that it is
 * to be looked up again, where kernels before 6.2 drop it with what is mounted below. */
void apart_add_inode(struct buf *b, uint64_t ino);
void apart_add_name(struct buf *b, uint64_t parent, const char *name, size_t len, bool stays);

/* Returns when the kernel has been told all that, if the connection is not gone. On one thread at a
 * time. */
void apart_tell(struct apart *a, const struct buf *b);

/* Accepts NULL. */
void apart_free(struct apart *a);
