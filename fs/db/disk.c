#include "db/disk.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/ballast.h"
#include "base/proc_read.h"
#include "db/conn.h"

/* Two segments of WAL, of which one is made while another is in use, and never less than this. A
 * ballast is as much. */
#define MARGIN_BYTES (INT64_C(32) << 20)

/* A segment's name: timeline, and position, in hexadecimal. */
#define SEGMENT_NAME 24

static bool read_file(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return false;
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	fclose(f);
	return n > 0;
}

/* Returns whether the folder of that name on this host is of the server that conn speaks with: its
 * first process, named in the folder, is the parent of the one that serves us. */
static bool is_here(const char *data, PGconn *conn)
{
	char path[PATH_MAX], buf[1024];
	struct proc_stat st;

	snprintf(path, sizeof(path), "%s/postmaster.pid", data);
	return proc_read_stat(PQbackendPID(conn), &st) && read_file(path, buf, sizeof(buf)) &&
	       atoi(buf) == st.ppid;
}

void disk_find(struct disk *d, PGconn *conn, const char *data)
{
	static const char query[] =
		"select (select setting from pg_settings where name = 'data_directory'),"
		" (select setting::bigint << 20 from pg_settings where name = 'max_wal_size'),"
		" (select setting::bigint from pg_settings where name = 'wal_segment_size')";
	PGresult *res = db_query(conn, query, 0, NULL, NULL);
	char path[PATH_MAX];
	struct stat st, wal;

	*d = (struct disk){0};
	if (!res)
		return;
	if (!data && !PQgetisnull(res, 0, 0) && is_here(PQgetvalue(res, 0, 0), conn))
		data = PQgetvalue(res, 0, 0);
	if (data && strlen(data) < sizeof(d->data)) {
		strcpy(d->data, data);
		d->wal_max = strtoull(PQgetvalue(res, 0, 1), NULL, 10);
		d->wal_segment = strtoull(PQgetvalue(res, 0, 2), NULL, 10);
		snprintf(path, sizeof(path), "%s/pg_wal", data);
		d->wal_apart =
			stat(data, &st) == 0 && stat(path, &wal) == 0 && st.st_dev != wal.st_dev;
	}
	PQclear(res);
}

/* Returns the bytes that the WAL has now; 0 when that may not be seen. */
static uint64_t wal_size(const struct disk *d, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	uint64_t count = 0;

	while (dir && (e = readdir(dir)))
		count += strspn(e->d_name, "0123456789ABCDEF") == SEGMENT_NAME;
	if (dir)
		closedir(dir);
	return count * d->wal_segment;
}

static bool free_bytes(const char *path, struct disk_space *out)
{
	struct statvfs st;

	if (statvfs(path, &st) != 0)
		return false;
	out->total = (uint64_t)st.f_blocks * st.f_frsize;
	out->free = (uint64_t)st.f_bavail * st.f_frsize;
	return true;
}

/* Returns the bytes that nothing may use: a ballast is as good as bytes that are free. */
static int64_t margin_of(const struct disk *d)
{
	int64_t margin = (int64_t)d->wal_segment * 2;
	char path[PATH_MAX];
	struct stat ballast;

	if (margin < MARGIN_BYTES)
		margin = MARGIN_BYTES;
	snprintf(path, sizeof(path), "%s/../" BALLAST_NAME, d->data);
	return !d->wal_apart && stat(path, &ballast) == 0 ? margin - ballast.st_size : margin;
}

bool disk_look(const struct disk *d, struct disk_space *out)
{
	struct disk_space wal_disk;
	char path[PATH_MAX];
	int64_t wal;

	snprintf(path, sizeof(path), "%s/pg_wal", d->data);
	if (!*d->data || !free_bytes(d->data, out) || !free_bytes(path, &wal_disk))
		return false;
	wal = (int64_t)d->wal_max - (int64_t)wal_size(d, path);
	if (wal < 0)
		wal = 0;
	out->room = (int64_t)out->free - margin_of(d);
	if (!d->wal_apart) {
		out->room -= wal;
	} else if ((int64_t)wal_disk.free < wal) {
		/* No room for data helps a server that cannot write its WAL. */
		if (out->room > (int64_t)wal_disk.free - wal)
			out->room = (int64_t)wal_disk.free - wal;
	}
	return true;
}

uint64_t disk_inside(PGconn *conn)
{
	uint64_t bytes = 0;
	PGresult *res;

	if (!conn || !db_exec(conn, "select pg_stat_force_next_flush()", NULL))
		return 0;
	res = db_query(conn, "select thule_internal.room_inside()", 0, NULL, NULL);
	if (res)
		bytes = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return bytes;
}

void disk_shorten_wal(const struct disk *d, PGconn *conn)
{
	static const char query[] =
		"select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn) > $1::bigint"
		" from pg_control_checkpoint()";
	char quarter[24];
	const char *params[] = {quarter};
	PGresult *res;

	snprintf(quarter, sizeof(quarter), "%llu", (unsigned long long)d->wal_max / 4);
	res = conn ? db_query(conn, query, 1, params, NULL) : NULL;
	if (res && *PQgetvalue(res, 0, 0) == 't')
		db_exec(conn, "checkpoint", NULL);
	PQclear(res);
}

bool disk_is_short(const struct disk *d, PGconn *conn)
{
	struct disk_space space;

	if (!disk_look(d, &space) || space.room >= (int64_t)d->wal_max)
		return false;
	disk_shorten_wal(d, conn);
	return true;
}
