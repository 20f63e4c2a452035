#include "mount/labels.h"

#include <unistd.h>

#include "db/conn.h"

/* Where there are many attributes, it does not look at all of them. */
static const char sql[] =
	"select count(*) = 100000 or coalesce(bool_or(x.name = 'security.selinux'), false)"
	" from (select name from thule.xattr limit 100000) x";

bool labels_find(struct fs *fs, PGconn *conn, struct error *err)
{
	PGresult *res;

	if (access("/sys/fs/selinux", F_OK) == 0)
		return true;
	res = db_query(conn, sql, 0, NULL, err);
	if (!res)
		return false;
	fs->state.labels = PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	return true;
}
