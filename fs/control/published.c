#include "control/published.h"

#include <inttypes.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "base/mountinfo.h"
#include "control/descriptors.h"
#include "control/line.h"
#include "control/report.h"
#include "op/statfs.h"

/* What the visit of the mounts of a device needs. */
struct telling {
	unsigned int minor;
	const struct statvfs *st;
	struct buf *out;
};

/* Appends source, type and flags of the last mount there, as /proc/mounts has them. */
static void add_entry(struct buf *out, const char *dir)
{
	char text[8192], source[2048] = "", type[64] = "", flags[2048] = "";
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent entry;

	while (mounts && getmntent_r(mounts, &entry, text, sizeof(text))) {
		if (strcmp(entry.mnt_dir, dir))
			continue;
		snprintf(source, sizeof(source), "%s", entry.mnt_fsname);
		snprintf(type, sizeof(type), "%s", entry.mnt_type);
		snprintf(flags, sizeof(flags), "%s", entry.mnt_opts);
	}
	if (mounts)
		endmntent(mounts);
	line_add_text(out, source);
	line_add_text(out, type);
	line_add_text(out, flags);
}

static bool tell_mount(const struct mount_point *m, void *arg)
{
	struct telling *t = arg;
	const struct statvfs *st = t->st;

	if (!m->ours || m->device != t->minor)
		return true;
	line_add(t->out, "mount");
	line_add_text(t->out, m->dir);
	add_entry(t->out, m->dir);
	line_add(t->out, "\t%lu\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
		st->f_bsize, (uint64_t)st->f_blocks, (uint64_t)st->f_bfree, (uint64_t)st->f_bavail,
		(uint64_t)st->f_files, (uint64_t)st->f_ffree);
	return true;
}

static void add_mounts(struct fs *fs, dev_t device, struct buf *out)
{
	struct statvfs st;
	struct telling t = {minor(device), &st, out};

	statfs_read(fs, 0, &st);
	mountinfo_visit(0, tell_mount, &t, NULL);
}

void published_write(struct fs *fs, enum live_topic topic, dev_t device, struct buf *out)
{
	if (topic == LIVE_DESCRIPTORS) {
		descriptors_write(device, out);
	} else if (topic == LIVE_REPORT) {
		report_write(fs, -1, out);
		add_mounts(fs, device, out);
	}
}
