#include "visitors.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mountinfo.h"
#include "door/place.h"

/* How long a client of the door waits until everything acknowledged is committed, and between
 * looks. */
#define DOOR_COMMIT_MS 5000
#define DOOR_LOOK_MS   5

static bool await_commit(void *arg)
{
	struct fs *fs = arg;
	uint64_t last, committed;

	pthread_mutex_lock(&fs->lock);
	last = journal_next_op(fs->journal) - 1;
	committed = journal_committed(fs->journal);
	pthread_mutex_unlock(&fs->lock);
	for (int ms = 0; committed < last && ms < DOOR_COMMIT_MS; ms += DOOR_LOOK_MS) {
		usleep(DOOR_LOOK_MS * 1000);
		pthread_mutex_lock(&fs->lock);
		committed = journal_committed(fs->journal);
		pthread_mutex_unlock(&fs->lock);
	}
	return committed >= last;
}

static bool door_proves(void *arg, const char *text)
{
	struct fs *fs = arg;

	return pass_valid(&fs->pass, text);
}

/* Remembers the device of the last of our mounts on the directory, which was made a moment ago. */
static bool find_device(const struct mount_point *m, void *arg)
{
	struct mount_point *found = arg;

	if (m->ours && !strcmp(m->dir, found->dir))
		found->device = m->device;
	return true;
}

struct door *visitors_start(struct fs *fs, const char *conninfo, const char *path, bool others)
{
	struct mount_point m = {0};
	char dir[DOOR_NAME_MAX];
	struct door_config config = {.conninfo = conninfo,
		.dir = dir,
		.owner = geteuid(),
		.others = others,
		.acl = fs->config.acl,
		.past_owner = fs->config.past_owner,
		.past = fs->config.magic,
		.actors = fs->actors,
		.host = &fs->host,
		.proves = door_proves,
		.await_commit = await_commit,
		.arg = fs};
	struct error err = {0};
	struct door *door = NULL;

	if (geteuid() != 0)
		return NULL;
	snprintf(m.dir, sizeof(m.dir), "%s", path);
	if (!mountinfo_visit(0, find_device, &m, &err) || !m.device)
		error_set(&err, ERR_NOT_FOUND, "%s is not in the list of mounts", path);
	else {
		door_name(m.device, dir);
		door = door_start(&config, &err);
	}
	if (!door)
		log_warn("users of the mount cannot ask for their log and undo: %s", err.text);
	return door;
}
