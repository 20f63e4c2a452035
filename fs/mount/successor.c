#include "mount/successor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "db/conn.h"
#include "op/load.h"

/* Finds an inode that is open, in the state or in the database. NULL: there is nothing left of it,
 * or with err->class set that it could not be asked for. */
static struct inode *find_inode(struct fs *fs, PGconn *conn, uint64_t ino, struct error *err)
{
	struct inode *inode = inode_find(&fs->state, ino);
	const char *params[1];
	char number[24];
	PGresult *res;

	err->class = ERR_NONE;
	if (inode)
		return inode;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)ino);
	params[0] = number;
	res = PQexecParams(conn, statements[STMT_READ_INODE].text, 1, NULL, params, NULL, NULL, 1);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		db_error(conn, res, "cannot ask for an open file", err);
	else if (row_check(STMT_READ_INODE, res, ino, err))
		load_inode_row(fs, ino, res);
	PQclear(res);
	return err->class ? NULL : inode_find(&fs->state, ino);
}

/* Who opened it, for what no process does; a process that is gone has left its number to others. */
static struct actor *find_opener(struct fs *fs, const struct kept_handle *k)
{
	struct actor *a = k->known ? actor_get(fs->actors, k->pid, k->uid, k->gid) : NULL;

	if (!a || a->start_time == k->start_time)
		return a;
	actor_unref(a);
	return actor_get(fs->actors, 0, k->uid, k->gid);
}

static void restore(struct fs *fs, struct inode *inode, const struct kept_handle *k, uint32_t place)
{
	struct handle *h = handle_restore(&fs->state, k->fh, k->ino);

	h->opener = find_opener(fs, k);
	h->opened = clock_mono_ns();
	h->pid = k->pid;
	h->flags = k->flags;
	h->unique = k->unique;
	h->kept = place;
	handle_silence(&fs->state, h, (k->flags & O_ACCMODE) != O_RDONLY);
	inode->opens++;
}

static bool restore_handles(struct fs *fs, PGconn *conn, struct error *err)
{
	const struct kept_handle *k;
	uint32_t place = 0;
	bool ok = true;

	fault(FAULT_KEPT_HANDLES);
	while (ok && (k = kept_next_handle(fs->kept, &place))) {
		struct error wrong;
		struct inode *inode = find_inode(fs, conn, k->ino, &wrong);

		if (inode)
			restore(fs, inode, k, place);
		else if (wrong.class && PQstatus(conn) != CONNECTION_OK)
			ok = error_set(err, wrong.class, "%s", wrong.text);
		else if (wrong.class)
			log_error("%s", wrong.text);
	}
	fs->state.next_fh = kept_next_fh(fs->kept);
	return ok;
}

/* The last request that was performed; 0: none was. */
static bool last_request(PGconn *conn, uint64_t *request, struct error *err)
{
	PGresult *res = PQexec(conn, statements[STMT_FOLLOW_LOOK].text);
	bool ok = PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1;

	if (ok)
		*request = strtoull(PQgetvalue(res, 0, 1), NULL, 10);
	else
		db_error(conn, res, "cannot ask for the last request", err);
	PQclear(res);
	return ok;
}

bool successor_restore(struct fs *fs, const char *conninfo, struct error *err)
{
	const int *fds;
	bool successor = fs->kept && kept_fds(fs->kept, &fds) > 0;
	PGconn *conn = successor ? db_connect(conninfo, "thulefs", err) : NULL;
	uint64_t request = 0;
	bool ok = !successor || (conn && last_request(conn, &request, err));

	if (ok && fs->kept) {
		pthread_mutex_lock(&fs->lock);
		ok = kept_resume(fs->kept, journal_next_op(fs->journal) - 1, request,
			     &fs->kept_since, err) &&
		     (!successor || restore_handles(fs, conn, err));
		pthread_mutex_unlock(&fs->lock);
	}
	PQfinish(conn);
	return ok;
}
