#include "op/orphans.h"

#include "base/log.h"
#include "op/access.h"
#include "op/attr.h"
#include "op/file.h"

void orphans_end(struct fs *fs, bool opened)
{
	struct actor *kernel = actor_get(fs->actors, 0, 0, 0);
	struct inode *inode;
	size_t at = 0;

	pthread_mutex_lock(&fs->lock);
	access_flush(fs);
	while (!fs->state.shared && (inode = table_next(&fs->state.inodes, &at))) {
		if (inode->attr.nlink == 0 && !inode->gone && !inode->stale &&
			(opened || !inode->opens) &&
			journal_room(fs->journal, 0, JOURNAL_END) == JOURNAL_ROOM)
			forget_orphan(fs, inode, kernel);
	}
	pthread_mutex_unlock(&fs->lock);
	actor_unref(kernel);
}

void orphans_add(struct fs *fs, const PGresult *res)
{
	int n = res ? PQntuples(res) : 0;
	struct error wrong;

	for (int i = 0; i < n; i++) {
		struct inode_attr attr;
		struct inode *inode;

		/* A row that is wrong stays for thule.fsck; the others do not wait for that. */
		if (!row_check_one(STMT_READ_ORPHANS, res, i, &wrong)) {
			log_error("%s", wrong.text);
			continue;
		}
		attr = result_attr(res, i);
		inode = inode_find(&fs->state, attr.ino);
		if (!inode)
			inode_add(&fs->state, &attr, (struct bytes){0});
		else if (inode->stale)
			inode_refresh(&fs->state, inode, &attr);
	}
}
