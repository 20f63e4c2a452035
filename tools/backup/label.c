#include "backup/label.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"

#define NAME "label"

#define FIELD(name)                                                                                \
	{                                                                                          \
#name, offsetof(struct backup_label, name),                                        \
			sizeof(((struct backup_label *)0)->name)                                   \
	}

static const struct field {
	const char *name;
	size_t offset, size;
} fields[] = {FIELD(filesystem), FIELD(database), FIELD(role), FIELD(superuser), FIELD(version),
	FIELD(segment), FIELD(began), FIELD(ended), FIELD(first_op), FIELD(last_op), FIELD(home),
	FIELD(data), FIELD(archive)};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static bool take_line(struct backup_label *label, char *line)
{
	char *value = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (!value)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < FIELDS; i++)
		if (!strcmp(fields[i].name, line))
			return (size_t)snprintf((char *)label + fields[i].offset, fields[i].size,
				       "%s", value) < fields[i].size;
	/* Of a newer program. */
	return true;
}

bool label_read(const char *dir, struct backup_label *label, struct error *err)
{
	char path[PATH_MAX], line[PATH_MAX + 64];
	bool ok = true;
	FILE *f;

	*label = (struct backup_label){0};
	if (!path_format(path, sizeof(path), err, "%s/" NAME, dir))
		return false;
	f = fopen(path, "re");
	if (!f && (errno == ENOENT || errno == ENOTDIR))
		return error_set(err, ERR_NOT_FOUND,
			"%s holds no finished backup: it has no file `" NAME
			"`, which `thule backup` writes last",
			dir);
	if (!f)
		return error_sys(err, "cannot read %s", path);
	while (ok && fgets(line, sizeof(line), f))
		ok = take_line(label, line);
	fclose(f);
	if (ok && *label->filesystem && *label->version && *label->database)
		return true;
	return error_set(err, ERR_CORRUPT, "%s is not the label of a backup", path);
}

bool label_write(const char *dir, const struct backup_label *label, struct error *err)
{
	char path[PATH_MAX], new[PATH_MAX];
	bool ok;
	FILE *f;

	if (!path_format(path, sizeof(path), err, "%s/" NAME, dir) ||
		!path_format(new, sizeof(new), err, "%s.new", path))
		return false;
	f = fopen(new, "wxe");
	if (!f)
		return error_sys(err, "cannot write %s", new);
	for (size_t i = 0; i < FIELDS; i++) {
		const char *value = (const char *)label + fields[i].offset;
		/* A name that has a line's end is of no use in a label. */
		fprintf(f, "%s %.*s\n", fields[i].name, (int)strcspn(value, "\n"), value);
	}
	ok = fflush(f) == 0 && fsync(fileno(f)) == 0;
	fclose(f);
	if (ok && rename(new, path) == 0)
		return true;
	return error_sys(err, "cannot write %s", path);
}
