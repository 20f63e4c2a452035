#include "base/mountinfo.h"
#include "base/private.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static bool is_octal(char c, char max)
{
	return c >= '0' && c <= max;
}

/* Undoes the \ooo that the kernel writes for blanks, newlines, backslashes and #. */
static void unescape(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	for (; *src && n + 1 < size; n++) {
		if (src[0] == '\\' && is_octal(src[1], '3') && is_octal(src[2], '7') &&
			is_octal(src[3], '7')) {
			dst[n] = (char)((src[1] - '0') << 6 | (src[2] - '0') << 3 | (src[3] - '0'));
			src += 4;
		} else {
			dst[n] = *src++;
		}
	}
	dst[n] = '\0';
}

/* Returns whether the mount is a ThuleFS; with `-o nosubtype` its type is `fuse`, and the source
 * tells. */
static bool is_ours(const char *type, const char *source)
{
	if (!strcmp(type, "fuse.thulefs"))
		return true;
	return !strcmp(type, "fuse") &&
	       (private_source(source, NULL) || !strncmp(source, "postgresql://", 13) ||
		       !strncmp(source, "postgres://", 11));
}

static unsigned long parse_flags(char *options)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} known[] = {{"ro", MS_RDONLY}, {"noatime", MS_NOATIME}, {"nodiratime", MS_NODIRATIME},
		{"relatime", MS_RELATIME}};
	unsigned long flags = 0;
	char *save;

	for (char *word = strtok_r(options, ",", &save); word; word = strtok_r(NULL, ",", &save))
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (!strcmp(word, known[i].name))
				flags |= known[i].flag;
	return flags;
}

/* Returns the uid that may use a FUSE mount where others may not; -1 when the options have none. */
static long parse_owner(const char *options)
{
	static const char key[] = "user_id=";

	for (; *options; options += strcspn(options, ","), options += *options == ',')
		if (!strncmp(options, key, sizeof(key) - 1))
			return strtol(options + sizeof(key) - 1, NULL, 10);
	return -1;
}

/* The fields that come before the optional ones, and those after them. */
enum { ID, PARENT, DEVICE, ROOT, DIR_, OPTIONS, FIRST };
enum { TYPE, SOURCE, SUPER, LAST };

bool mountinfo_parse(char *line, struct mount_point *m)
{
	char *first[FIRST] = {NULL}, *last[LAST] = {NULL};
	char *field;

	line[strcspn(line, "\n")] = '\0';
	/* A field can be empty: mount(2) takes "" for the source. */
	field = strsep(&line, " ");
	for (int i = 0; field && strcmp(field, "-"); i++) {
		if (i < FIRST)
			first[i] = field;
		field = strsep(&line, " ");
	}
	for (int i = 0; field && i < LAST; i++)
		last[i] = strsep(&line, " ");
	if (!first[OPTIONS] || !last[SUPER] || !strchr(first[DEVICE], ':'))
		return false;
	m->id = atoi(first[ID]);
	m->parent = atoi(first[PARENT]);
	unescape(m->dir, sizeof(m->dir), first[DIR_]);
	unescape(m->root, sizeof(m->root), first[ROOT]);
	unescape(m->source, sizeof(m->source), last[SOURCE]);
	m->device = (unsigned int)strtoul(strchr(first[DEVICE], ':') + 1, NULL, 10);
	m->whole = !strcmp(m->root, "/");
	snprintf(m->type, sizeof(m->type), "%s", last[TYPE]);
	m->ours = is_ours(last[TYPE], m->source);
	m->owner = parse_owner(last[SUPER]);
	m->flags = parse_flags(first[OPTIONS]) | parse_flags(last[SUPER]);
	return true;
}

bool mountinfo_visit(pid_t pid, bool (*visit)(const struct mount_point *m, void *arg), void *arg,
	struct error *err)
{
	struct mount_point m;
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/mountinfo");
	if (pid)
		snprintf(path, sizeof(path), "/proc/%ld/mountinfo", (long)pid);
	file = fopen(path, "re");
	if (!file)
		return error_sys(err, "cannot read %s", path);
	while (getline(&line, &size, file) > 0)
		if (mountinfo_parse(line, &m) && !visit(&m, arg))
			break;
	free(line);
	fclose(file);
	return true;
}

struct search {
	int id;
	unsigned int device;
	struct mount_point *m;
	bool found;
};

static bool has_id(const struct mount_point *m, void *arg)
{
	struct search *s = arg;

	s->found = m->id == s->id;
	if (s->found)
		*s->m = *m;
	return !s->found;
}

bool mountinfo_by_id(int id, struct mount_point *m)
{
	struct search s = {.id = id, .m = m};

	return mountinfo_visit(0, has_id, &s, NULL) && s.found;
}

static bool has_device(const struct mount_point *m, void *arg)
{
	struct search *s = arg;

	if (m->ours && m->device == s->device && (m->whole || !s->found)) {
		*s->m = *m;
		s->found = true;
	} else if (s->found && !strcmp(m->dir, s->m->dir)) {
		s->found = false;
	}
	return true;
}

bool mountinfo_by_device(unsigned int device, struct mount_point *m)
{
	struct search s = {.device = device, .m = m};

	return mountinfo_visit(0, has_device, &s, NULL) && s.found;
}

int mountinfo_id(int dir, const char *path)
{
	const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC |
			  (*path ? 0 : AT_EMPTY_PATH);
	struct statx sx;

	if (statx(dir, path, flags, STATX_MNT_ID, &sx) < 0)
		return -1;
	if (!(sx.stx_mask & STATX_MNT_ID)) {
		errno = ENOSYS;
		return -1;
	}
	return (int)sx.stx_mnt_id;
}

bool mountinfo_same(const struct mount_point *a, const struct mount_point *b)
{
	return a->device == b->device && a->ours && b->ours && !strcmp(a->source, b->source);
}

static unsigned int connection_of(const char *path)
{
	unsigned int connection = 0;
	char line[128];
	FILE *f = fopen(path, "re");

	while (f && !connection && fgets(line, sizeof(line), f))
		if (sscanf(line, "fuse_connection: %u", &connection) != 1)
			connection = 0;
	if (f)
		fclose(f);
	return connection;
}

long mountinfo_connection(pid_t pid)
{
	unsigned int connection = 0;
	char dir[64], path[128];
	struct dirent *d;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%ld/fdinfo", (long)pid);
	fds = opendir(dir);
	if (!fds)
		return errno == ENOENT ? 0 : -1;
	while (!connection && (d = readdir(fds))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%.20s", dir, d->d_name);
		connection = connection_of(path);
	}
	closedir(fds);
	return connection;
}
