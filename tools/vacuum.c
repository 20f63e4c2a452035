#include "vacuum.h"

#include <stdio.h>

#include "db/conn.h"
#include "db/disk.h"

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

bool vacuum_tables(PGconn *conn, const char *const *tables, struct error *err)
{
	char command[128];
	struct disk disk;

	disk_find(&disk, conn, NULL);
	/* Else what was deleted just now would be counted after the vacuum, and taken for dead. */
	if (!db_exec(conn, "select pg_stat_force_next_flush()", err))
		return false;
	for (; *tables; tables++) {
		snprintf(command, sizeof(command), "vacuum %s", *tables);
		if (!slow_down(&disk, conn, err) || !db_exec(conn, command, err))
			return false;
	}
	return true;
}
