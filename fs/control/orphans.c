#include "control/orphans.h"

#include <inttypes.h>
#include <stdio.h>

#include "db/conn.h"
#include "op/orphans.h"

PGresult *orphans_read(PGconn *conn, uint64_t since, struct error *err)
{
	char op[24];
	const char *params[] = {since ? op : NULL};

	snprintf(op, sizeof(op), "%" PRIu64, since);
	return row_query(conn, STMT_READ_ORPHANS, 1, params, err);
}

bool orphans_sweep(struct fs *fs, PGconn *conn, struct error *err)
{
	PGresult *res = orphans_read(conn, 0, err);
	bool ok = res != NULL;

	pthread_mutex_lock(&fs->lock);
	orphans_add(fs, res);
	pthread_mutex_unlock(&fs->lock);
	if (ok && PQntuples(res) > 0)
		orphans_end(fs, false);
	PQclear(res);
	return ok;
}

bool orphans_load(struct fs *fs, const char *conninfo, struct error *err)
{
	PGconn *conn = db_connect(conninfo, "thulefs", err);
	bool ok = conn && orphans_sweep(fs, conn, err);

	PQfinish(conn);
	return ok;
}
