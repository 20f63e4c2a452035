#include "backup/restore.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "backup/child.h"
#include "backup/folder.h"
#include "backup/identity.h"
#include "backup/recovery.h"
#include "base/path.h"
#include "cluster/lock.h"
#include "db/conn.h"

static bool refuse_gap(const struct wal *wal, const struct wal_gap *gap, struct error *err)
{
	return error_set(err, ERR_CORRUPT,
		"the archive %s has a gap: %s is missing, and what follows up to %s is of no use "
		"without it. Copy it back there; or restore with --to an instant before it, or "
		"with `--archive none`",
		wal->archive, gap->missing, gap->later);
}

/* Finds the instant in a database that has recovered as far as it can, and the transaction that is
 * too much, or "". */
static bool find_instant(const struct recovery *r, const struct restore_wish *wish, time_t began,
	char op[static 24], char xid[static 24], struct error *err)
{
	char elapsed[24];
	const char *params[] = {wish->instant, elapsed};
	PGconn *conn = db_connect(r->conninfo, "thule", err);
	PGresult *res = NULL;

	snprintf(elapsed, sizeof(elapsed), "%lld", (long long)(time(NULL) - began));
	if (conn)
		res = ask(conn, STMT_COMMAND_BACKUP_INSTANT, 2, params, err);
	if (res) {
		snprintf(op, 24, "%s", PQgetvalue(res, 0, 0));
		snprintf(xid, 24, "%s", PQgetvalue(res, 0, 1));
	}
	PQclear(res);
	PQfinish(conn);
	return res != NULL;
}

/* Recovers once, and a second time if there is more than is wanted. */
static bool recover(struct recovery *r, const struct restore_wish *wish,
	struct restore_result *result, struct error *err)
{
	time_t began = time(NULL);
	struct wal_gap gap;
	char xid[24], last[32];

	wal_look(r->wal, &gap, last);
	if (*gap.missing && !wish->instant)
		return refuse_gap(r->wal, &gap, err);
	if (!recovery_run(r, NULL, err))
		return false;
	if (!wish->instant)
		return true;
	if (!find_instant(r, wish, began, result->wanted, xid, err))
		return *gap.missing && err->class == ERR_NOT_FOUND ? refuse_gap(r->wal, &gap, err)
								   : false;
	if (!*xid)
		return !*gap.missing || refuse_gap(r->wal, &gap, err);
	if (strtoull(result->wanted, NULL, 10) < strtoull(r->label->first_op, NULL, 10))
		return recovery_too_late(r, err);
	recovery_undo(r);
	return recovery_run(r, xid, err);
}

/* Asks the finished server what it has, and gives that an identity. */
static bool conclude(struct recovery *r, const struct restore_wish *wish,
	struct restore_result *result, struct error *err)
{
	PGconn *conn = db_connect(r->cluster.conninfo, "thule", err);
	PGresult *res = NULL;
	bool ok = conn &&
		  (wish->keep_identity || identity_change(conn, NULL, result->filesystem, err));

	if (ok)
		res = ask(conn, STMT_COMMAND_BACKUP_END, 0, NULL, err);
	if (res) {
		snprintf(result->op, sizeof(result->op), "%s", PQgetvalue(res, 0, 0));
		snprintf(result->at, sizeof(result->at), "%s", PQgetvalue(res, 0, 1));
		snprintf(result->filesystem, sizeof(result->filesystem), "%s",
			PQgetvalue(res, 0, 2));
	}
	PQclear(res);
	PQfinish(conn);
	return res != NULL;
}

/* The home is there and empty. */
static bool restore_into(struct recovery *r, const struct restore_wish *wish,
	struct restore_result *result, struct error *err)
{
	char data[PATH_MAX];
	int home = open(result->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC), locked = -1;
	bool ok;

	if (home < 0)
		return error_sys(err, "cannot open %s", result->home);
	ok = path_format(data, sizeof(data), err, "%s/data", r->from) &&
	     folder_check_room(result->home, folder_bytes(data) / 10 * 11 + (64ULL << 20),
		     "the restored server", err) &&
	     cluster_enter(&r->cluster, home, &r->account, &locked, err);
	if (ok) {
		ok = recover(r, wish, result, err) && recovery_finish(r, err) &&
		     conclude(r, wish, result, err);
		if (!ok)
			recovery_undo(r);
		close(locked);
	}
	close(home);
	return ok;
}

bool backup_restore(
	const struct restore_wish *wish, struct restore_result *result, struct error *err)
{
	struct recovery *r = calloc(1, sizeof(*r));
	struct backup_label label;
	char from[PATH_MAX];
	struct wal wal;
	bool made = false, ok;

	*result = (struct restore_result){0};
	if (!r)
		return error_sys(err, "restore");
	r->from = from;
	r->label = &label;
	r->wal = &wal;
	ok = realpath(wish->from, from) || error_sys(err, "cannot find the backup %s", wish->from);
	ok = ok && label_read(from, &label, err) &&
	     folder_make_empty(wish->to, geteuid() == 0 ? 0755 : 0700, result->home, &made, err);
	if (ok) {
		child_hold_signals();
		ok = recovery_locate(r, result->home, err) &&
		     wal_find(from, &label, wish->archive, &r->account, &wal, err) &&
		     restore_into(r, wish, result, err);
		if (!ok)
			folder_empty(result->home, made);
	}
	free(r);
	return ok;
}
