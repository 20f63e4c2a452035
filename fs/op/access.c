#include "op/access.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mountinfo.h"
#include "op/flags.h"

/* More than this many are not left to gather; when the journal has no room for so long, the oldest
 * are forgotten. */
#define GATHER_MAX 1024

/* relatime: also an access time that tells little is set once a day. */
#define DAY_NS (INT64_C(86400) * 1000000000)

struct access *access_new(void)
{
	struct access *a = xcalloc(1, sizeof(*a));

	a->fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	a->flags = MS_RELATIME;
	a->inos = xcalloc(GATHER_MAX, sizeof(*a->inos));
	pthread_mutex_init(&a->lock, NULL);
	return a;
}

void access_free(struct access *a)
{
	if (!a)
		return;
	if (a->fd >= 0)
		close(a->fd);
	pthread_mutex_destroy(&a->lock);
	free(a->inos);
	free(a);
}

/* Of several mounts of the device the first one counts. */
static bool take_flags(const struct mount_point *m, void *arg)
{
	struct access *a = arg;

	if (m->device != a->device || !m->ours)
		return true;
	__atomic_store_n(&a->flags, m->flags, __ATOMIC_RELAXED);
	return false;
}

void access_refresh(struct fs *fs)
{
	struct access *a = fs->access;
	struct pollfd p = {.fd = a->fd, .events = POLLPRI};

	/* The kernel counts the changes of the mount table, for each who has it open. */
	if (a->fd < 0 || (__atomic_load_n(&a->device, __ATOMIC_RELAXED) && poll(&p, 1, 0) <= 0))
		return;
	pthread_mutex_lock(&a->lock);
	if (!a->device) {
		long device = mountinfo_connection(getpid());
		__atomic_store_n(
			&a->device, device > 0 ? (unsigned int)device : 0, __ATOMIC_RELAXED);
	}
	mountinfo_visit(0, take_flags, a, NULL);
	pthread_mutex_unlock(&a->lock);
}

static bool counts(const struct access *a, const struct inode_attr *attr, int64_t now)
{
	unsigned long flags = __atomic_load_n(&a->flags, __ATOMIC_RELAXED);

	if (flags & (MS_RDONLY | MS_NOATIME) || attr->flags & FLAG_NOATIME)
		return false;
	if (flags & MS_NODIRATIME && S_ISDIR(attr->mode))
		return false;
	if (!(flags & MS_RELATIME))
		return attr->atime != now;
	return attr->atime <= attr->mtime || attr->atime <= attr->ctime ||
	       now - attr->atime >= DAY_NS;
}

static void gather(struct fs *fs, struct inode *inode)
{
	struct access *a = fs->access;

	if (a->count == GATHER_MAX)
		access_flush(fs);
	if (a->count < GATHER_MAX) {
		a->inos[a->count++] = inode->ino;
		inode->accessed = inode->attr.atime;
	}
}

bool access_note(struct fs *fs, struct inode *inode)
{
	int64_t now = clock_now_ns();

	if (inode->gone || fs->config.at_op || !counts(fs->access, &inode->attr, now))
		return false;
	inode->attr.atime = now;
	inode->told = false;
	if (inode->accessed)
		inode->accessed = now;
	else
		gather(fs, inode);
	return true;
}

/* It pins nothing: an access time that is evicted before its row has it is lost, and harmlessly. */
void access_change(struct fs *fs, struct record *r, struct inode *inode)
{
	struct change *e = &r->changes[r->change_count++];

	e->type = CHANGE_ATIME;
	e->flags = 0;
	e->atime.ino = inode->ino;
	e->atime.ns = inode->accessed;
	inode->accessed = 0;
}

static void append(struct fs *fs, struct record *r)
{
	if (r->change_count)
		journal_append(fs->journal, r);
	r->change_count = 0;
}

void access_flush(struct fs *fs)
{
	struct access *a = fs->access;
	struct record r = {.kind = OP_NONE, .off = -1, .len = -1};

	/* Head and changes of each are far less than what is asked for. */
	if (!a->count || journal_room(fs->journal, GATHER_MAX * 64, JOURNAL_CHANGE) != JOURNAL_ROOM)
		return;
	for (size_t i = 0; i < a->count; i++) {
		struct inode *inode = inode_find(&fs->state, a->inos[i]);

		if (!inode || !inode->accessed)
			continue;
		if (inode->gone || inode->stale)
			inode->accessed = 0;
		else
			access_change(fs, &r, inode);
		if (r.change_count == RECORD_MAX_CHANGES)
			append(fs, &r);
	}
	append(fs, &r);
	a->count = 0;
}
