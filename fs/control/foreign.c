#include "control/foreign.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "control/quotas.h"
#include "op/orphans.h"

/* Of what was touched: the name is the same inode's, which has another owner. The kernel decides by
 * the owner that it knows, and asks for it only when it looks the name up. */
#define COL_STAYS 4

void foreign_invalidate(struct apart *kernel, const PGresult *touched)
{
	struct buf told = {0};

	for (int i = 0; i < PQntuples(touched); i++) {
		if (!PQgetisnull(touched, i, 0))
			apart_add_inode(&told, (uint64_t)row_int(touched, i, 0));
		if (!PQgetisnull(touched, i, 1) && !PQgetisnull(touched, i, 2))
			apart_add_name(&told, (uint64_t)row_int(touched, i, 1),
				PQgetvalue(touched, i, 2), (size_t)PQgetlength(touched, i, 2),
				*PQgetvalue(touched, i, COL_STAYS));
	}
	apart_tell(kernel, &told);
	buf_free(&told);
}

/* Under the lock: names before the directories that they are in. */
static void outdate(struct fs *fs, const PGresult *touched, uint64_t next_op)
{
	for (int i = 0; i < PQntuples(touched); i++)
		if (!PQgetisnull(touched, i, 1) && !*PQgetvalue(touched, i, COL_STAYS))
			state_outdate_name(&fs->state, (uint64_t)row_int(touched, i, 1),
				row_bytes(touched, i, 2));
	for (int i = 0; i < PQntuples(touched); i++)
		if (!PQgetisnull(touched, i, 0))
			state_outdate_inode(&fs->state, (uint64_t)row_int(touched, i, 0), next_op);
}

/* Under the lock, after what was changed was dropped. */
static void revive(struct fs *fs, const PGresult *touched, uint64_t next_op)
{
	for (int i = 0; touched && i < PQntuples(touched); i++)
		if (*PQgetvalue(touched, i, 3))
			state_revive(&fs->state, (uint64_t)row_int(touched, i, 0), next_op);
}

/* Under the lock. */
static void drop(struct fs *fs, const struct foreign *f, uint64_t next_op)
{
	if (f->touched && f->exact)
		outdate(fs, f->touched, next_op);
	else
		state_reload(&fs->state, next_op);
	revive(fs, f->touched, next_op);
}

void foreign_told(struct fs *fs)
{
	fs->kept_late = fs->invalidating > 0;
	if (fs->kept_late || journal_following(fs->journal))
		return;
	fs->kept_since = 0;
	if (fs->kept)
		kept_end_foreign(fs->kept, journal_next_op(fs->journal) - 1);
}

void foreign_follow(struct fs *fs, const struct foreign *f, struct known *known)
{
	pthread_mutex_lock(&fs->lock);
	if (!f->touched || !f->exact)
		foreign_list(&fs->state, known);
	drop(fs, f, journal_next_op(fs->journal));
	fs->invalidating++;
	pthread_mutex_unlock(&fs->lock);
}

void foreign_go_on(struct fs *fs, struct apart *kernel, struct foreign *f)
{
	bool orphaned;

	pthread_mutex_lock(&fs->lock);
	drop(fs, f, f->marks.next_op);
	quotas_take(fs, f->quotas);
	f->quotas = NULL;
	if (f->marks.next_ino > fs->next_ino)
		fs->next_ino = f->marks.next_ino;
	orphans_add(fs, f->orphans);
	fs->invalidating++;
	orphaned = fs->orphaned || (f->orphans && PQntuples(f->orphans) > 0);
	fs->orphaned = false;
	journal_resume(fs->journal);
	pthread_mutex_unlock(&fs->lock);
	foreign_invalidate(kernel, f->touched);
	if (orphaned)
		orphans_end(fs, false);
	pthread_mutex_lock(&fs->lock);
	fs->invalidating--;
	foreign_told(fs);
	pthread_mutex_unlock(&fs->lock);
}

void foreign_list(const struct state *s, struct known *k)
{
	const struct dirent_node *d;
	const struct inode *inode;
	size_t at = 0, next = 0;

	k->inos = xcalloc(s->inodes.count + 1, sizeof(k->inos[0]));
	while ((inode = table_next(&s->inodes, &at)))
		k->inos[k->count++] = inode->ino;
	while ((d = table_next(&s->dirents, &next)))
		name_list(&k->names, d->parent, (struct bytes){d->name, d->name_len});
}

/* To drop a directory's name is to drop all below it, too. */
static void add_known(struct buf *told, const struct known *k)
{
	size_t at = 0;

	while (at < k->names.len) {
		const char *name = k->names.data + at + sizeof(uint64_t);
		uint64_t parent;

		memcpy(&parent, k->names.data + at, sizeof(parent));
		apart_add_name(told, parent, name, strlen(name), false);
		at += sizeof(parent) + strlen(name) + 1;
	}
	for (size_t i = 0; i < k->count; i++)
		apart_add_inode(told, k->inos[i]);
}

void foreign_drop(struct apart *kernel, struct known *k)
{
	struct buf told = {0};

	add_known(&told, k);
	apart_tell(kernel, &told);
	buf_free(&told);
	free(k->inos);
	buf_free(&k->names);
}
