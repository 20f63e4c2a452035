#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * What outlives a daemon beside the journal and the database: a file of memory that the keeper
 * (keeper.h) makes and each of its daemons maps, with the descriptors of /dev/fuse that the keeper
 * holds. A successor learns from it how the kernel was answered: INIT, which files are open, which
 * op the request made that the kernel sends again, and what the numbers of instants mean.
 *
 * One daemon at a time writes. Each entry is complete before it counts, so that the file says
 * something true whenever the daemon is killed.
 */
struct kept;

/* Descriptors of /dev/fuse: the session's, and the clones. */
#define KEPT_FDS_MAX 65

/* --- of the keeper --- */

/* Where the filesystem is mounted: dir_fd is what was mounted on (config.h), `path` leads there.
 * `background`: its daemons log to syslog once they serve. NULL with *err set. */
struct kept *kept_new(const char *path, int dir_fd, bool background, struct error *err);

/* Notes the descriptors that a daemon handed over; the keeper's own from now on. */
void kept_set_fds(struct kept *k, const int *fds, unsigned int count);

/* Another daemon is about to be started, which inherits `socket`. In the child process before
 * exec(3): it inherits all that kept_take() needs. */
void kept_count_start(struct kept *k);
bool kept_bequeath(const struct kept *k, int socket);

/* Whether the kernel still has the mount's connection; true also before there is one. */
bool kept_connected(const struct kept *k);

/* --- of a daemon --- */

/* Takes what a keeper has bequeathed: *k is NULL when this process has no keeper. False with *err
 * set. */
bool kept_take(struct kept **k, struct error *err);
void kept_free(struct kept *k);

const char *kept_path(const struct kept *k);
int kept_dir_fd(const struct kept *k);
bool kept_is_background(const struct kept *k);
int kept_socket(const struct kept *k);
/* Of the keeper; 0: it has died since. */
pid_t kept_keeper(const struct kept *k);
/* How many daemons were before this one. */
unsigned int kept_restarts(const struct kept *k);

/* The descriptors that an earlier daemon handed over; 0: this is the first one. */
unsigned int kept_fds(const struct kept *k, const int **fds);
/* Hands them over to the keeper, before anything is read from them. */
bool kept_give_fds(struct kept *k, const int *fds, unsigned int count, struct error *err);

/* The device's minor number, which is known once it is mounted. */
void kept_set_device(struct kept *k, unsigned int device);
unsigned int kept_device(const struct kept *k);

/* --- INIT, as the kernel has sent it, and the reply without its header --- */

#define KEPT_INIT_MAX 256

struct kept_init {
	uint32_t request_len, reply_len;
	char request[KEPT_INIT_MAX], reply[KEPT_INIT_MAX];
};

/* Before the reply is written. False: it is too long to be kept. */
bool kept_set_init(struct kept *k, const struct kept_init *init);
/* NULL: there was none. */
const struct kept_init *kept_init(const struct kept *k);

/* --- ops that were journalled, by their requests; under the lock of the filesystem --- */

struct kept_op {
	uint64_t op, unique; /* unique 0: of no request */
	uint64_t ino;
	int64_t len; /* of what was written */
};

/* Around the push to the journal. */
void kept_begin_op(struct kept *k, const struct kept_op *op);
void kept_end_op(struct kept *k, uint64_t op);

/*
 * At the start of a successor, with the last op that the database has after replay, and the last
 * request that was performed. False with *err set when that is not where the daemon before it
 * ended: something else has written, which the kernel was not told of. Where that daemon followed
 * another mount (kept_follow()) *since is the last op that the kernel knows, else 0.
 */
bool kept_resume(
	struct kept *k, uint64_t last_op, uint64_t request, uint64_t *since, struct error *err);

/* Something else than requests of the kernel changes the filesystem, until that is over and the
 * kernel knows: a daemon that dies meanwhile has no successor. last_op: as of then. */
void kept_begin_foreign(struct kept *k);
void kept_end_foreign(struct kept *k, uint64_t last_op);

/* Of a daemon that follows another mount, which is foreign: until which op, and until which request
 * that was performed, the kernel knows what was changed. So a successor can go on from there. */
void kept_follow(struct kept *k, uint64_t known, uint64_t request);

/* Finds the op that a request made. False: it made none. */
bool kept_find_op(const struct kept *k, uint64_t unique, struct kept_op *op);

/* --- open files; under the lock of the filesystem --- */

struct kept_handle {
	uint64_t fh; /* 0: a free place */
	uint64_t ino;
	uint64_t unique; /* of the request that opened it */
	uint32_t flags;
	int32_t pid; /* thread that opened it; 0: not known */
	uint32_t uid, gid;
	bool known;          /* the opener is, */
	uint64_t start_time; /* which began then, in clock ticks after boot */
};

/* Returns its place, for kept_close(); 0: there is no room, and it will not be known. */
uint32_t kept_open(struct kept *k, const struct kept_handle *h);
void kept_close(struct kept *k, uint32_t place);
/* Above all numbers that were given out. */
uint64_t kept_next_fh(const struct kept *k);
/* The open files: *place is 0 at first. NULL after the last. */
const struct kept_handle *kept_next_handle(const struct kept *k, uint32_t *place);

/* --- numbers of instants (past/instants.h) --- */

/* An array of ops by number, of *count places; 0: that was not given out. */
uint64_t *kept_instants(struct kept *k, size_t *count);
