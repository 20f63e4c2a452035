#include "mount/orphans.h"

#include "base/log.h"
#include "db/conn.h"
#include "op/access.h"
#include "op/attr.h"
#include "op/file.h"

/* Also those that somebody has open: for a filesystem that is unmounted. */
static void end_all(struct fs *fs, bool opened)
{
	struct actor *kernel = actor_get(fs->actors, 0, 0, 0);
	struct inode *inode;
	size_t at = 0;

	pthread_mutex_lock(&fs->lock);
	access_flush(fs);
	while ((inode = table_next(&fs->state.inodes, &at))) {
		if (inode->attr.nlink == 0 && !inode->gone && !inode->stale &&
			(opened || !inode->opens) &&
			journal_room(fs->journal, 0, JOURNAL_END) == JOURNAL_ROOM)
			forget_orphan(fs, inode, kernel);
	}
	pthread_mutex_unlock(&fs->lock);
	actor_unref(kernel);
}

void orphans_end(struct fs *fs)
{
	end_all(fs, true);
}

bool orphans_load(struct fs *fs, const char *conninfo, struct error *err)
{
	PGconn *conn = db_connect(conninfo, "thulefs", err);
	PGresult *res = conn ? row_query(conn, STMT_READ_ORPHANS, err) : NULL;
	int n = res ? PQntuples(res) : 0;
	struct error wrong;

	for (int i = 0; i < n; i++) {
		struct inode_attr attr;

		/* A row that is wrong stays for thule.fsck; the others do not wait for that. */
		if (!row_check_one(STMT_READ_ORPHANS, res, i, &wrong)) {
			log_error("%s", wrong.text);
			continue;
		}
		attr = result_attr(res, i);
		if (!inode_find(&fs->state, attr.ino))
			inode_add(&fs->state, &attr, (struct bytes){0});
	}
	PQclear(res);
	PQfinish(conn);
	if (n > 0)
		end_all(fs, false);
	return res != NULL;
}
