#include "cluster/archive.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "base/proc_read.h"
#include "cluster/conf_file.h"

void archive_read(const struct cluster *c, char dir[PATH_MAX])
{
	char path[PATH_MAX];
	long n = path_format(path, sizeof(path), NULL, "%s/" ARCHIVE_SETTING, c->home)
			 ? proc_read_at(AT_FDCWD, path, dir, PATH_MAX - 1)
			 : 0;

	dir[n > 0 ? n : 0] = '\0';
	dir[strcspn(dir, "\n")] = '\0';
}

bool archive_is_on(const struct cluster *c)
{
	char dir[PATH_MAX];

	archive_read(c, dir);
	return *dir;
}

/*
 * A segment that is there already must be the same, as after a crash between copying it and noting
 * that. It gets its name when it is complete and on disk. What is empty of a segment takes no room.
 */
bool archive_command(const struct cluster *c, char *dst, size_t size, struct error *err)
{
	char dir[PATH_MAX], escaped[2 * PATH_MAX], text[3 * PATH_MAX];

	archive_read(c, dir);
	if (!*dir)
		return path_format(dst, size, err, "/bin/true");
	return (conf_command_path(escaped, sizeof(escaped), dir) &&
		       path_format(text, sizeof(text), err,
			       "to=\"%s/%%f\"; if test -e \"$to\"; then cmp -s \"%%p\" \"$to\"; "
			       "else "
			       "cp --sparse=always \"%%p\" \"$to.part\" && sync \"$to.part\" && "
			       "mv \"$to.part\" \"$to\" && sync \"%s\"; fi",
			       escaped, escaped) &&
		       conf_quote(dst, size, text)) ||
	       error_set(err, ERR_USAGE, "the path of the archive is too long: %s", dir);
}
