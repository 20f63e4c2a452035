#include "base/mountinfo.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

/* The kernel writes blanks, newlines, backslashes and # as \ooo. */
static void unescape(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	for (; *src && n + 1 < size; n++) {
		if (src[0] == '\\' && src[1] >= '0' && src[1] <= '3' && src[2] && src[3]) {
			dst[n] = (char)((src[1] - '0') << 6 | (src[2] - '0') << 3 | (src[3] - '0'));
			src += 4;
		} else {
			dst[n] = *src++;
		}
	}
	dst[n] = '\0';
}

/* With `-o nosubtype` the type is `fuse`, and the source tells. */
static bool is_ours(const char *type, const char *source)
{
	if (!strcmp(type, "fuse.thulefs"))
		return true;
	return !strcmp(type, "fuse") &&
	       (!strcmp(source, "private") || !strncmp(source, "postgresql://", 13) ||
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

/* Of a FUSE mount: who may use it when others may not. */
static long parse_owner(const char *options)
{
	const char *found = strstr(options, "user_id=");

	return found ? strtol(found + strlen("user_id="), NULL, 10) : -1;
}

/* The fields that come before the optional ones, and those after them. */
enum { DEVICE = 2, ROOT, DIR_, OPTIONS, FIRST };
enum { TYPE, SOURCE, SUPER, LAST };

static bool parse(char *line, struct mount_point *m)
{
	char *save, *first[FIRST] = {NULL}, *last[LAST] = {NULL};
	char *field;

	line[strcspn(line, "\n")] = '\0';
	field = strtok_r(line, " ", &save);
	for (int i = 0; field && strcmp(field, "-"); i++) {
		if (i < FIRST)
			first[i] = field;
		field = strtok_r(NULL, " ", &save);
	}
	for (int i = 0; field && i < LAST; i++)
		last[i] = strtok_r(NULL, " ", &save);
	if (!first[OPTIONS] || !last[SUPER] || !strchr(first[DEVICE], ':'))
		return false;
	unescape(m->dir, sizeof(m->dir), first[DIR_]);
	unescape(m->source, sizeof(m->source), last[SOURCE]);
	m->device = (unsigned int)strtoul(strchr(first[DEVICE], ':') + 1, NULL, 10);
	m->whole = !strcmp(first[ROOT], "/");
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
		if (parse(line, &m) && !visit(&m, arg))
			break;
	free(line);
	fclose(file);
	return true;
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
