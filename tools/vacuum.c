#include "vacuum.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/show.h"
#include "db/conn.h"
#include "db/disk.h"

/* Others that may still see what was deleted are waited for: the server's own workers look for
 * seconds at most. */
#define SNAPSHOTS_NS INT64_C(10000000000)
#define STEP_NS      50000000

/*
 * On a disk that is nearly full a vacuum writes no more WAL in a second than an eighth of what that
 * may take: each page that it changes is 8 KiB of it, and the server's checkpoints have to keep up.
 * A vacuum that is slowed down rests whenever it has changed ten pages (vacuum_cost_page_dirty).
 */
static bool slow_down(const struct disk *disk, PGconn *conn, struct error *err)
{
	char command[64];

	if (!disk_is_short(disk, conn))
		return true;
	snprintf(command, sizeof(command), "set vacuum_cost_delay = %.1f",
		1000 * 10 * 8192 / ((double)disk->wal_max / 8));
	return db_exec(conn, command, err);
}

/* Rows that were deleted stay while somebody has a snapshot of before. Who keeps one is named. */
static bool wait_for_snapshots(PGconn *conn, struct error *err)
{
	static const char now[] = "select pg_snapshot_xmax(pg_current_snapshot())::xid::text";
	static const char older[] =
		"select coalesce(nullif(a.application_name, ''), a.backend_type), a.pid,"
		" date_trunc('second', a.xact_start) from pg_stat_activity a"
		" where a.datname = current_database() and a.pid <> pg_backend_pid()"
		" and age(a.backend_xmin) > age($1::xid) order by a.xact_start limit 1";
	const struct timespec step = {.tv_nsec = STEP_NS};
	int64_t end = clock_mono_ns() + SNAPSHOTS_NS;
	PGresult *res, *since = db_query(conn, now, 0, NULL, err);
	const char *params[] = {since ? PQgetvalue(since, 0, 0) : NULL};
	bool ok, wait = false;

	while ((res = since ? db_query(conn, older, 1, params, err) : NULL)) {
		wait = PQntuples(res) > 0;
		if (!wait || clock_mono_ns() > end)
			break;
		PQclear(res);
		nanosleep(&step, NULL);
	}
	ok = res != NULL;
	if (ok && wait)
		show_line(stderr,
			"thule: the room of what was deleted is not free before the transaction of "
			"%s (process %s of the server) ends, which began at %s\n",
			PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1), PQgetvalue(res, 0, 2));
	PQclear(since);
	PQclear(res);
	return ok;
}

bool vacuum_tables(PGconn *conn, const char *const *tables, struct error *err)
{
	char command[128];
	struct disk disk;

	disk_find(&disk, conn, NULL);
	/* Else what was deleted just now would be counted after the vacuum, and taken for dead. */
	if (!db_exec(conn, "select pg_stat_force_next_flush()", err))
		return false;
	if (*tables && !wait_for_snapshots(conn, err))
		return false;
	for (; *tables; tables++) {
		snprintf(command, sizeof(command), "vacuum %s", *tables);
		if (!slow_down(&disk, conn, err) || !db_exec(conn, command, err))
			return false;
	}
	return true;
}
