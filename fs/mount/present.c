#include "mount/present.h"

#include <unistd.h>

#include "base/fault.h"
#include "control/quotas.h"
#include "db/conn.h"
#include "db/pooler.h"
#include "db/schema.h"
#include "mount/accounts.h"
#include "mount/labels.h"
#include "mount/recovery.h"
#include "mount/registration.h"
#include "op/follow.h"

static bool open_schema(const char *conninfo, struct error *err)
{
	struct schema_owner owner = {geteuid(), getegid()};
	PGconn *conn = db_connect_patiently(conninfo, "thulefs", err);
	bool ok = conn && pooler_pass(conn, err) && schema_open(conn, &owner, err);

	PQfinish(conn);
	return ok;
}

/* Whether there are programs that have seen what an earlier daemon had. */
static bool is_successor(const struct fs *fs)
{
	const int *fds;

	return fs->kept && kept_fds(fs->kept, &fds) > 0;
}

/* Opens the journal's file, empties it, and registers the mount. NULL with *err set. */
static struct ring *open_ring(struct present *p, const struct origin *o, struct fs *fs,
	struct database_session *session, struct superblock *super, struct error *err)
{
	PGconn *conn = database_connection(session);
	const struct config *c = o->config;
	struct ring_wish wish = {*c->journal_path ? c->journal_path : NULL,
		(size_t)c->journal_bytes, c->fsync == FSYNC_JOURNAL};
	struct ring *ring = NULL;
	bool alone = true;

	if (schema_superblock(conn, super, err) && host_read(&fs->host, err) &&
		recovery_key(conn, super, &p->key, err) &&
		recovery_check_end(&p->key, wish.path, (uint64_t)super->next_op - 1, err) &&
		(ring = recovery_ring(session, &p->key, &wish, is_successor(fs), super, err)) &&
		registration_begin(conn, o, &fs->host, &p->mount, err) &&
		registration_is_alone(conn, p->mount, &alone, err) &&
		accounts_write(conn, fs->host.name, err) &&
		quotas_read(conn, &fs->state.quotas, err) && labels_find(fs, conn, err)) {
		fs->state.shared = !alone;
		follow_promise(fs, FOLLOW_TAKEN_NS);
		return ring;
	}
	ring_close(ring);
	return NULL;
}

/* What was replayed may be written over from now on. */
static bool begin_ring(
	struct ring *ring, uint64_t mount, uint64_t last_op, int64_t last_at, struct error *err)
{
	struct ring_mark mark;

	ring_begin(ring, mount, last_op, last_at);
	ring_mark(ring, true, &mark);
	return !ring_is_durable(ring) || ring_flush(ring, &mark, err);
}

bool present_open(struct present *p, const struct origin *o, struct fs *fs, struct error *err)
{
	struct superblock super;
	uint64_t last_at = 0;
	struct database_session *session = NULL;
	struct ring *ring = NULL;
	struct journal_config config;
	PGconn *conn;

	if (open_schema(o->conninfo, err) &&
		(session = batch_session(o->database, DATABASE_MOVE, err)))
		ring = open_ring(p, o, fs, session, &super, err);
	conn = database_connection(session);
	fault(FAULT_REPLAY_END);
	if (!ring || !recovery_last_time(conn, (uint64_t)super.next_op, &last_at, err) ||
		!begin_ring(ring, p->mount, (uint64_t)super.next_op - 1, (int64_t)last_at, err)) {
		ring_close(ring);
		database_close(session);
		return false;
	}
	disk_find(&fs->disk, conn, o->data);
	fs->next_ino = (uint64_t)super.next_ino;
	config = (struct journal_config){
		.database = o->database,
		.key = &p->key,
		.mount = p->mount,
		.next_op = (uint64_t)super.next_op,
		.next_blob = (uint64_t)super.next_blob,
		.history = o->config->history,
		.last_at = (int64_t)last_at,
		.disk = &fs->disk,
		.trace = fs->trace,
		.lock = &fs->lock,
		.committed = fs_committed,
		.arg = fs,
	};
	fs->journal = journal_start(&config, session, ring, err);
	return fs->journal != NULL;
}

/* The last of several mounts ends what none of them has open any more. What fails is left to the
 * next one. Who is alone has ended that itself, and looks at no inode for it. */
static void end_orphans(const struct fs *fs)
{
	PGconn *conn = fs->state.shared ? journal_conn(fs->journal) : NULL;
	PGresult *res =
		conn ? db_query(conn, "select thule_internal.orphans_end()", 0, NULL, NULL) : NULL;

	PQclear(res);
}

/* Says where the changes are that were not committed. */
static void say_left(const char *path, struct error *err)
{
	struct ring_peek peek;
	bool kept = ring_peek(path, &peek, NULL) && peek.kept_from;

	error_set(err, ERR_UNREACHABLE,
		kept ? "some changes could not be committed before another mount, or a command, "
		       "wrote: they are kept in %s; `thule journal show` lists them"
		     : "some changes could not be committed: they are in %s, from which the next "
		       "mount on this host takes them, unless another has written since; `thule "
		       "journal show` lists them",
		path);
}

void present_close(struct present *p, struct fs *fs, bool clean, struct error *err)
{
	if (clean) {
		registration_end(journal_conn(fs->journal), p->mount);
		end_orphans(fs);
	} else {
		say_left(journal_path(fs->journal), err);
	}
	journal_free(fs->journal);
}
