#include "keeper/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"

/* The environment variable that names the descriptor of the file. */
#define FD_VARIABLE "THULE_KEPT_FD"

/* Grows with every change of the layout: the next program may be of another version. */
#define MAGIC   UINT64_C(0x746875656b657074)
#define VERSION 2

/* Room that takes no memory before it is used: the file is sparse. */
#define OPS      (UINT64_C(1) << 16)
#define HANDLES  (UINT32_C(1) << 20)
#define INSTANTS (UINT64_C(1) << 20)

struct shared {
	uint64_t magic;
	uint32_t version;
	pid_t keeper;
	uint32_t starts;
	int32_t socket, dir_fd;
	uint32_t background;
	uint32_t device;
	uint32_t fd_count;
	int32_t fds[KEPT_FDS_MAX];
	char path[PATH_MAX];
	struct kept_init init;
	_Atomic uint32_t has_init;
	_Atomic uint32_t foreign;
	_Atomic uint64_t last_op; /* 0: none yet */
	_Atomic uint32_t follows; /* what is foreign is told of by what follows */
	_Atomic uint64_t known, request;
	_Atomic uint64_t next_fh;
	_Atomic uint32_t handle_end; /* above all places that were ever used */
	struct kept_op ops[OPS];     /* by op modulo OPS */
	struct kept_handle handles[HANDLES];
	uint64_t instants[INSTANTS];
};

struct kept {
	struct shared *s;
	int fd;
	uint32_t *vacant; /* places of handles below handle_end */
	size_t vacant_count, vacant_cap;
};

static struct kept *kept_map(int fd, struct error *err)
{
	struct kept *k = xcalloc(1, sizeof(*k));
	void *map = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	k->fd = fd;
	k->s = map == MAP_FAILED ? NULL : map;
	if (k->s)
		return k;
	error_sys(err, "cannot map what the keeper has");
	free(k);
	return NULL;
}

struct kept *kept_new(const char *path, int dir_fd, bool background, struct error *err)
{
	int fd = memfd_create("thule-kept", MFD_CLOEXEC);
	struct kept *k = NULL;

	if (fd < 0 || ftruncate(fd, sizeof(struct shared)) < 0)
		error_sys(err, "cannot make a file in memory for the keeper");
	else
		k = kept_map(fd, err);
	if (!k) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	k->s->magic = MAGIC;
	k->s->version = VERSION;
	k->s->keeper = getpid();
	k->s->dir_fd = dir_fd;
	k->s->background = background;
	k->s->next_fh = 1;
	snprintf(k->s->path, sizeof(k->s->path), "%s", path);
	return k;
}

void kept_set_fds(struct kept *k, const int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		k->s->fds[i] = fds[i];
	k->s->fd_count = count;
}

void kept_count_start(struct kept *k)
{
	k->s->starts++;
}

static bool inherits(int fd)
{
	return fcntl(fd, F_SETFD, 0) == 0;
}

bool kept_bequeath(const struct kept *k, int socket)
{
	char number[16];
	bool ok = inherits(k->fd) && inherits(socket) && inherits(k->s->dir_fd);

	k->s->socket = socket;
	for (uint32_t i = 0; ok && i < k->s->fd_count; i++)
		ok = inherits(k->s->fds[i]);
	snprintf(number, sizeof(number), "%d", k->fd);
	return ok && setenv(FD_VARIABLE, number, 1) == 0;
}

bool kept_connected(const struct kept *k)
{
	struct pollfd p = {.fd = k->s->fd_count ? k->s->fds[0] : -1};

	return poll(&p, 1, 0) != 1 || !(p.revents & POLLERR);
}

/* What it starts in its turn inherits none of it: a copy would keep a dead mount alive. */
static void keep_from_children(const struct kept *k)
{
	const struct shared *s = k->s;

	fcntl(k->fd, F_SETFD, FD_CLOEXEC);
	fcntl(s->socket, F_SETFD, FD_CLOEXEC);
	fcntl(s->dir_fd, F_SETFD, FD_CLOEXEC);
	for (uint32_t i = 0; i < s->fd_count; i++)
		fcntl(s->fds[i], F_SETFD, FD_CLOEXEC);
}

static void find_vacant(struct kept *k)
{
	for (uint32_t i = 0; i < k->s->handle_end; i++)
		k->vacant_count += !k->s->handles[i].fh;
	k->vacant_cap = k->vacant_count + 64;
	k->vacant = xcalloc(k->vacant_cap, sizeof(k->vacant[0]));
	k->vacant_count = 0;
	for (uint32_t i = 0; i < k->s->handle_end; i++)
		if (!k->s->handles[i].fh)
			k->vacant[k->vacant_count++] = i;
}

bool kept_take(struct kept **k, struct error *err)
{
	const char *number = getenv(FD_VARIABLE);

	*k = NULL;
	if (!number)
		return true;
	*k = kept_map(atoi(number), err);
	unsetenv(FD_VARIABLE);
	if (!*k)
		return false;
	if ((*k)->s->magic != MAGIC || (*k)->s->version != VERSION) {
		kept_free(*k);
		*k = NULL;
		return error_set(err, ERR_VERSION,
			"this program cannot go on with what the daemon before it has left: "
			"unmount, and mount again with it");
	}
	keep_from_children(*k);
	find_vacant(*k);
	fault(FAULT_KEPT_TAKE);
	return true;
}

void kept_free(struct kept *k)
{
	if (!k)
		return;
	munmap(k->s, sizeof(*k->s));
	close(k->fd);
	free(k->vacant);
	free(k);
}

const char *kept_path(const struct kept *k)
{
	return k->s->path;
}

int kept_dir_fd(const struct kept *k)
{
	return k->s->dir_fd;
}

bool kept_is_background(const struct kept *k)
{
	return k->s->background;
}

int kept_socket(const struct kept *k)
{
	return k->s->socket;
}

pid_t kept_keeper(const struct kept *k)
{
	return getppid() == k->s->keeper ? k->s->keeper : 0;
}

unsigned int kept_restarts(const struct kept *k)
{
	return k->s->starts - 1;
}

unsigned int kept_fds(const struct kept *k, const int **fds)
{
	*fds = k->s->fds;
	return k->s->fd_count;
}

bool kept_give_fds(struct kept *k, const int *fds, unsigned int count, struct error *err)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * KEPT_FDS_MAX)];
	} control = {0};
	char kind = 'f';
	struct iovec iov = {.iov_base = &kind, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(int) * count)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
	return sendmsg(k->s->socket, &msg, MSG_NOSIGNAL) == 1 ||
	       error_sys(err, "cannot hand the mount over to its keeper");
}

void kept_set_device(struct kept *k, unsigned int device)
{
	k->s->device = device;
}

unsigned int kept_device(const struct kept *k)
{
	return k->s->device;
}

bool kept_set_init(struct kept *k, const struct kept_init *init)
{
	if (init->request_len > KEPT_INIT_MAX || init->reply_len > KEPT_INIT_MAX)
		return false;
	k->s->init = *init;
	k->s->has_init = 1;
	return true;
}

const struct kept_init *kept_init(const struct kept *k)
{
	return k->s->has_init ? &k->s->init : NULL;
}

void kept_begin_op(struct kept *k, const struct kept_op *op)
{
	struct kept_op *e = &k->s->ops[op->op % OPS];

	e->op = 0;
	atomic_signal_fence(memory_order_seq_cst);
	e->unique = op->unique;
	e->ino = op->ino;
	e->len = op->len;
	atomic_thread_fence(memory_order_release);
	fault(FAULT_KEPT_OP);
	e->op = op->op;
	atomic_thread_fence(memory_order_release);
}

void kept_end_op(struct kept *k, uint64_t op)
{
	k->s->last_op = op;
}

bool kept_resume(
	struct kept *k, uint64_t last_op, uint64_t request, uint64_t *since, struct error *err)
{
	struct shared *s = k->s;
	uint64_t known = s->last_op, next = known + 1;
	struct kept_op *begun = &s->ops[next % OPS];
	bool follows = s->foreign && s->follows && s->request == request && s->known <= last_op;

	*since = follows ? s->known : 0;
	if (known && !follows &&
		(s->foreign || (last_op != known && (last_op != next || begun->op != next))))
		return error_set(err, ERR_BUSY,
			"something else has changed the filesystem while its daemon was away, "
			"which "
			"programs would not see: unmount %s, and mount again",
			s->path);
	/* Its number goes to another op now. */
	if (begun->op > last_op)
		begun->op = 0;
	fault(FAULT_KEPT_RESUME);
	s->last_op = last_op;
	return true;
}

void kept_begin_foreign(struct kept *k)
{
	k->s->foreign = 1;
}

void kept_end_foreign(struct kept *k, uint64_t last_op)
{
	k->s->last_op = last_op;
	k->s->foreign = 0;
	k->s->follows = 0;
}

void kept_follow(struct kept *k, uint64_t known, uint64_t request)
{
	k->s->known = known;
	k->s->request = request;
	k->s->follows = 1;
}

bool kept_find_op(const struct kept *k, uint64_t unique, struct kept_op *op)
{
	for (uint64_t i = 0; unique && i < OPS; i++)
		if (k->s->ops[i].unique == unique && k->s->ops[i].op) {
			*op = k->s->ops[i];
			return true;
		}
	return false;
}

static bool find_place(struct kept *k, uint32_t *place)
{
	if (k->vacant_count)
		*place = k->vacant[--k->vacant_count];
	else if (k->s->handle_end < HANDLES)
		*place = k->s->handle_end++;
	else
		return false;
	return true;
}

uint32_t kept_open(struct kept *k, const struct kept_handle *h)
{
	struct kept_handle *e;
	uint32_t place;

	if (h->fh >= k->s->next_fh)
		k->s->next_fh = h->fh + 1;
	if (!find_place(k, &place))
		return 0;
	e = &k->s->handles[place];
	e->ino = h->ino;
	e->unique = h->unique;
	e->flags = h->flags;
	e->pid = h->pid;
	e->uid = h->uid;
	e->gid = h->gid;
	e->known = h->known;
	e->start_time = h->start_time;
	atomic_thread_fence(memory_order_release);
	fault(FAULT_KEPT_OPEN);
	e->fh = h->fh;
	return place + 1;
}

void kept_close(struct kept *k, uint32_t place)
{
	if (!place)
		return;
	k->s->handles[place - 1].fh = 0;
	if (k->vacant_count == k->vacant_cap) {
		k->vacant_cap *= 2;
		k->vacant = xrealloc(k->vacant, k->vacant_cap * sizeof(k->vacant[0]));
	}
	k->vacant[k->vacant_count++] = place - 1;
}

uint64_t kept_next_fh(const struct kept *k)
{
	return k->s->next_fh;
}

const struct kept_handle *kept_next_handle(const struct kept *k, uint32_t *place)
{
	while (*place < k->s->handle_end) {
		const struct kept_handle *h = &k->s->handles[(*place)++];

		if (h->fh)
			return h;
	}
	return NULL;
}

uint64_t *kept_instants(struct kept *k, size_t *count)
{
	*count = INSTANTS;
	return k->s->instants;
}
