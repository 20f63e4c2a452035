#include "backup/wal.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "cluster/cluster.h"
#include "cluster/conf_file.h"

#define SEGMENT_NAME    24 /* hexadecimal digits: timeline, and two halves of the segment's number */
#define SEGMENT_DEFAULT (16U << 20)

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool wal_find(const char *dir, const struct backup_label *label, const char *archive,
	const struct account *account, struct wal *wal, struct error *err)
{
	*wal = (struct wal){.segment = (unsigned int)strtoul(label->segment, NULL, 10)};
	if (!wal->segment)
		wal->segment = SEGMENT_DEFAULT;
	if (!path_format(wal->own, sizeof(wal->own), err, "%s/data/pg_wal", dir))
		return false;
	if (!archive)
		archive = label->archive;
	else if (!strcmp(archive, "none"))
		archive = "";
	if (*archive && !realpath(archive, wal->archive))
		return error_set(err, ERR_NOT_FOUND,
			"the archive %s, which has what was written after the backup, is not "
			"there: "
			"--archive DIR says where it is now, `--archive none` restores what the "
			"backup itself has",
			archive);
	if (*wal->archive && !is_directory(wal->archive))
		return error_set(err, ERR_USAGE, "%s is not a directory", wal->archive);
	if (*wal->archive && !cluster_check_path(wal->archive, "the path of the archive", err))
		return false;
	if (*wal->archive && !account_can_reach(account, wal->archive, NULL))
		return error_set(err, ERR_AUTH,
			"user %s, who is to run the restored server, may not enter the archive %s: "
			"copy it to where they may, and name that with --archive",
			account->name, wal->archive);
	/* Of a server that is gone, or on another host, there is nothing. */
	if (*label->data &&
		(!path_format(wal->live, sizeof(wal->live), NULL, "%s/pg_wal", label->data) ||
			!is_directory(wal->live) || !cluster_check_path(wal->live, "", NULL) ||
			!account_can_reach(account, wal->live, NULL)))
		*wal->live = '\0';
	return true;
}

/* --- gaps --- */

/* Numbers of the segments in a directory. */
struct segments {
	uint64_t *number;
	size_t count, room;
	char timeline[9]; /* of the last one */
};

static bool parse(const struct wal *wal, const char *name, uint64_t *number)
{
	unsigned int timeline, high, low;

	if (strlen(name) != SEGMENT_NAME || strspn(name, "0123456789ABCDEF") != SEGMENT_NAME ||
		sscanf(name, "%8X%8X%8X", &timeline, &high, &low) != 3)
		return false;
	*number = high * (0x100000000ULL / wal->segment) + low;
	return true;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void list(const struct wal *wal, const char *dir, struct segments *s)
{
	DIR *d = *dir ? opendir(dir) : NULL;
	struct dirent *e;
	uint64_t number;

	while (d && (e = readdir(d))) {
		if (!parse(wal, e->d_name, &number))
			continue;
		if (s->count == s->room) {
			s->room = s->room ? 2 * s->room : 64;
			s->number = realloc(s->number, s->room * sizeof(*s->number));
			if (!s->number)
				abort();
		}
		s->number[s->count++] = number;
		if (strncmp(e->d_name, s->timeline, 8) > 0)
			snprintf(s->timeline, sizeof(s->timeline), "%.8s", e->d_name);
	}
	if (d)
		closedir(d);
	if (s->count)
		qsort(s->number, s->count, sizeof(*s->number), compare);
}

static bool has(const struct segments *s, uint64_t number)
{
	return s->count && bsearch(&number, s->number, s->count, sizeof(number), compare);
}

static void name(const struct wal *wal, const char *timeline, uint64_t number, char out[static 32])
{
	uint64_t per = 0x100000000ULL / wal->segment;

	snprintf(out, 32, "%.8s%08X%08X", timeline, (unsigned int)(number / per),
		(unsigned int)(number % per));
}

/* What the original's pg_wal has may be an old segment under the name that it will have next, so it
 * closes gaps and is no proof of one. */
void wal_look(const struct wal *wal, struct wal_gap *gap, char last[static 32])
{
	struct segments own = {0}, archived = {0}, live = {0};
	const struct segments *newest;
	uint64_t end;

	*gap = (struct wal_gap){0};
	list(wal, wal->own, &own);
	list(wal, wal->archive, &archived);
	list(wal, wal->live, &live);
	newest = archived.count ? &archived : &own;
	end = newest->count ? newest->number[newest->count - 1] : 0;
	name(wal, newest->timeline, end, last);
	for (uint64_t i = own.count ? own.number[0] : end; i < end && !*gap->missing; i++)
		if (!has(&own, i) && !has(&archived, i) && !has(&live, i)) {
			name(wal, archived.timeline, i, gap->missing);
			name(wal, archived.timeline, end, gap->later);
		}
	free(own.number);
	free(archived.number);
	free(live.number);
}

/* --- the command --- */

/* A segment that is there and cannot be copied ends recovery: 255 is no answer of `not there`. */
static bool append_place(char *dst, size_t size, const char *dir)
{
	char escaped[2 * PATH_MAX];
	size_t n = strlen(dst);

	return !*dir ||
	       (conf_command_path(escaped, sizeof(escaped), dir) &&
		       path_format(dst + n, size - n, NULL,
			       "if test -e \"%s/%%f\"; then cp \"%s/%%f\" \"%%p\" || exit 255; "
			       "exit 0; fi; ",
			       escaped, escaped));
}

bool wal_restore_command(const struct wal *wal, char *dst, size_t size, struct error *err)
{
	char text[6 * PATH_MAX] = "";

	return (append_place(text, sizeof(text) - 8, wal->archive) &&
		       append_place(text, sizeof(text) - 8, wal->live) &&
		       conf_quote(dst, size, strcat(text, "exit 1"))) ||
	       error_set(err, ERR_USAGE, "the path of the archive is too long: %s", wal->archive);
}
