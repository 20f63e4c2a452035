#include "serve.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "accounts.h"
#include "base/log.h"
#include "control.h"
#include "db/conn.h"
#include "db/pooler.h"
#include "db/schema.h"
#include "db/source.h"
#include "door/door.h"
#include "fs.h"
#include "mountpoint.h"
#include "op/access.h"
#include "op/past.h"
#include "quotas.h"
#include "runs.h"
#include "visitors.h"

/* How long mounting waits for a server that says that it takes no connections yet. */
#define STARTING_LIMIT_MS 60000
#define STARTING_STEP_MS  200

/* Processes that are remembered, where there are descriptors for them. */
#define ACTORS_MAX 512

/* The pieces, in the order in which they come up; they go down in the opposite one. */
struct server {
	const struct config *config;
	const struct serve_ready *ready;
	const char *conninfo;
	const char *data; /* the server's folder, where it is known */
	char path[PATH_MAX];
	char source[2048];
	struct superblock super;
	struct ring_key key; /* of the journal */
	uint64_t mount;      /* thule.mount.id */
	struct fs fs;
	struct fuse_session *session;
	struct control *control;
	struct live *live;
	struct door *door; /* NULL: there is none */
	pthread_t signals;
	atomic_bool stopping;
};

/* Between looks at a database that lacks what a mount of the past shows. */
#define PAST_STEP_MS 100

/* A server that starts, or recovers what a crash left, takes connections later. */
static PGconn *connect_patiently(const char *conninfo, struct error *err)
{
	const struct timespec step = {.tv_nsec = STARTING_STEP_MS * 1000000L};
	PGconn *conn = db_connect(conninfo, "thulefs", err);

	if (!conn && err->class == ERR_TRANSIENT)
		log_info("%s; waiting up to %d s", err->text, STARTING_LIMIT_MS / 1000);
	for (int ms = 0; !conn && err->class == ERR_TRANSIENT && ms < STARTING_LIMIT_MS;
		ms += STARTING_STEP_MS) {
		nanosleep(&step, NULL);
		conn = db_connect(conninfo, "thulefs", err);
	}
	return conn;
}

static bool open_schema(struct server *s, struct error *err)
{
	struct schema_owner owner = {geteuid(), getegid()};
	PGconn *conn = connect_patiently(s->conninfo, err);
	bool past = *s->config->at;
	/* Where nothing is there is no past, and none is made. */
	bool ok = conn && pooler_pass(conn, err) &&
		  (past ? schema_check(conn, err) : schema_open(conn, &owner, err));

	PQfinish(conn);
	return ok;
}

static bool query_u64(
	PGconn *conn, const char *sql, uint64_t param, uint64_t *out, struct error *err)
{
	char text[24];
	const char *params[] = {text};
	PGresult *res;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)param);
	res = db_query(conn, sql, 1, params, err);
	if (!res)
		return false;
	*out = PQntuples(res) ? strtoull(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	PQclear(res);
	return true;
}

/* Commits what an earlier daemon of this host acknowledged and did not get to commit. */
static bool replay(struct server *s, PGconn *conn, struct ring *ring, struct error *err)
{
	uint64_t known, last_op, replayed, at, next_blob = (uint64_t)s->super.next_blob;
	uint64_t end = (uint64_t)s->super.next_op - 1;
	const char *path = ring_name(ring);

	if (ring_empty(ring))
		return true;
	if (!query_u64(conn, "select last_op from thule.mount where id = $1::bigint",
		    ring_mount(ring), &last_op, err) ||
		!query_u64(conn, "select count(*) from thule.mount where id = $1::bigint",
			ring_mount(ring), &known, err) ||
		!query_u64(conn,
			"select (extract(epoch from at) * 1000000)::bigint from thule.op where op "
			"= $1::bigint",
			end, &at, err))
		return false;
	if (!known || ring_tail_op(ring) > end)
		return error_set(err, ERR_BUSY,
			"the journal %s begins after op %llu and the database ends with op %llu, "
			"as "
			"one that was restored from a backup: move that file away to mount without "
			"what it holds",
			path, (unsigned long long)ring_tail_op(ring), (unsigned long long)end);
	if (ring_head_op(ring) > last_op && !journal_continues(ring, end, (int64_t)at, last_op))
		return error_set(err, ERR_BUSY,
			"the journal %s holds ops of an earlier mount that were never committed, "
			"and the database goes on otherwise: another mount or a command has "
			"written since, or it is a copy; move that file away to mount without "
			"them, see `thule journal show`",
			path);
	if (!journal_replay(ring, conn, &last_op, &next_blob, &replayed, err))
		return false;
	if (replayed)
		log_warn("replayed %llu ops that an earlier daemon had acknowledged",
			(unsigned long long)replayed);
	return schema_superblock(conn, &s->super, err);
}

/* The log's time never goes back, also when the clock did. */
static bool last_time(PGconn *conn, uint64_t op, uint64_t *us, struct error *err)
{
	return query_u64(conn,
		"select (extract(epoch from at) * 1000000)::bigint from thule.op where op <= "
		"$1::bigint order by op desc limit 1",
		op, us, err);
}

static bool insert_mount(struct server *s, PGconn *conn, struct error *err)
{
	char pid[16];
	const char *params[] = {s->fs.host.host, s->fs.host.boot_id, pid, s->path, s->source,
		s->config->options, THULE_VERSION, *s->config->at ? "t" : "f"};
	PGresult *res;

	snprintf(pid, sizeof(pid), "%d", getpid());
	/* Who has the lease knows that the others that had it are dead; a mount of the past, that
	 * the one in its place is. On disk at once: the journal names the mount. */
	res = db_query(conn,
		"with dead as (update thule.mount set ended_at = now() where ended_at is null and "
		"case when $8::boolean then read_only and mountpoint = $4 and host = $1"
		" else not read_only end)"
		" insert into thule.mount (host, boot_id, pid, mountpoint, source, options, "
		"version, read_only, backend)"
		" values ($1, $2, $3::integer, $4, $5, $6, $7, $8::boolean, pg_backend_pid()) "
		"returning id, set_config('synchronous_commit', 'on', true)",
		8, params, err);
	if (!res)
		return false;
	s->mount = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return true;
}

/* What tells this database from a copy of it; not every role may see all of that. */
static bool read_key(struct server *s, PGconn *conn, struct error *err)
{
	PGresult *res = db_query(conn,
		"select (select oid from pg_catalog.pg_database where datname = "
		"current_database()),"
		" (select setting from pg_catalog.pg_settings where name = 'data_directory')",
		0, NULL, err);
	struct ring_key *key = &s->key;

	if (!res)
		return false;
	snprintf(key->uuid, sizeof(key->uuid), "%s", s->super.uuid);
	key->database = (uint32_t)strtoul(PQgetvalue(res, 0, 0), NULL, 10);
	if (PQgetisnull(res, 0, 1))
		snprintf(key->server, sizeof(key->server), "%s:%s", PQhost(conn), PQport(conn));
	else
		snprintf(key->server, sizeof(key->server), "%s", PQgetvalue(res, 0, 1));
	PQclear(res);
	res = db_query(conn, "select system_identifier from pg_catalog.pg_control_system()", 0,
		NULL, NULL);
	key->system = res ? strtoull(PQgetvalue(res, 0, 0), NULL, 10) : 0;
	PQclear(res);
	return true;
}

/* Takes the lease, replays, and starts the journal. */
static bool start_journal(struct server *s, struct error *err)
{
	PGconn *conn = drain_connect(s->conninfo, s->config->history, err);
	struct ring_wish wish = {*s->config->journal_path ? s->config->journal_path : NULL,
		(size_t)s->config->journal_bytes};
	struct journal_config config;
	struct ring *ring = NULL;
	uint64_t last_at = 0;

	if (!conn)
		return false;
	if (!schema_superblock(conn, &s->super, err) || !actor_host_read(&s->fs.host, err) ||
		!read_key(s, conn, err) || !(ring = ring_open(&s->key, &wish, err)) ||
		!replay(s, conn, ring, err) ||
		!last_time(conn, (uint64_t)s->super.next_op, &last_at, err) ||
		!insert_mount(s, conn, err) || !accounts_write(conn, s->fs.host.host, err) ||
		!quotas_read(conn, &s->fs.state.quotas, err)) {
		ring_close(ring);
		PQfinish(conn);
		return false;
	}
	disk_find(&s->fs.disk, conn, s->data);
	s->fs.next_ino = (uint64_t)s->super.next_ino;
	ring_begin(ring, s->mount, (uint64_t)s->super.next_op - 1, (int64_t)last_at);
	config = (struct journal_config){
		.conninfo = s->conninfo,
		.key = &s->key,
		.mount = s->mount,
		.next_op = (uint64_t)s->super.next_op,
		.next_blob = (uint64_t)s->super.next_blob,
		.history = s->config->history,
		.last_at = (int64_t)last_at,
		.disk = &s->fs.disk,
		.lock = &s->fs.lock,
		.committed = fs_committed,
		.arg = &s->fs,
	};
	s->fs.journal = journal_start(&config, conn, ring, err);
	return s->fs.journal != NULL;
}

/* A mount of the past has no journal and needs no lease: beside it, others may write. */
/* A mount that looks on is noted where that is possible: not at a standby, nor by a role that may
 * merely read. */
static bool note_past(struct server *s, PGconn *conn, struct error *err)
{
	uint64_t may;

	if (!query_u64(conn,
		    "select ($1::bigint = 0 and not pg_is_in_recovery()"
		    " and has_table_privilege('thule.mount', 'insert')"
		    " and has_table_privilege('thule.mount', 'update'))::integer",
		    0, &may, err))
		return false;
	return !may || insert_mount(s, conn, err);
}

static bool start_past(struct server *s, struct error *err)
{
	const char *at = s->config->at;
	PGconn *conn = db_connect(s->conninfo, "thulefs", err);
	PGresult *res = NULL;
	bool ok;

	ok = conn && schema_superblock(conn, &s->super, err) && actor_host_read(&s->fs.host, err) &&
	     (res = db_query(conn, "select thule.instant_op($1::text)", 1, &at, err)) &&
	     note_past(s, conn, err);
	if (ok)
		disk_find(&s->fs.disk, conn, s->data);
	if (ok)
		s->fs.config.at_op = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	PQfinish(conn);
	return ok;
}

/* By which its mounts are known, whatever their directories are. */
static bool note_device(struct server *s, unsigned int device, struct error *err)
{
	char id[24], number[24];
	const char *params[] = {id, number};
	PGconn *conn = s->mount ? db_connect(s->conninfo, "thulefs", err) : NULL;
	PGresult *res = NULL;

	if (!s->mount)
		return true; /* note_past() */
	snprintf(id, sizeof(id), "%llu", (unsigned long long)s->mount);
	snprintf(number, sizeof(number), "%u", device);
	if (conn)
		res = db_query(conn,
			"update thule.mount set device = $2::bigint where id = $1::bigint", 2,
			params, err);
	PQclear(res);
	PQfinish(conn);
	return res != NULL;
}

static void end_past(struct server *s)
{
	PGconn *conn = s->mount ? db_connect(s->conninfo, "thulefs", NULL) : NULL;
	uint64_t ignored;

	if (conn)
		query_u64(conn,
			"update thule.mount set ended_at = now() where id = $1::bigint returning 0",
			s->mount, &ignored, NULL);
	PQfinish(conn);
}

/* Ends the inodes that nobody can reach: those in the state, once nothing is open any more. */
static void forget_orphans(struct fs *fs)
{
	struct actor *kernel = actor_get(fs->actors, 0, 0, 0);
	struct inode *inode, *tmp;

	pthread_mutex_lock(&fs->lock);
	access_flush(fs);
	HASH_ITER (hh, fs->state.inodes, inode, tmp) {
		if (inode->attr.nlink == 0 && !inode->gone && !inode->stale &&
			journal_room(fs->journal, 0, JOURNAL_END) == JOURNAL_ROOM)
			forget_orphan(fs, inode, kernel);
	}
	pthread_mutex_unlock(&fs->lock);
	actor_unref(kernel);
}

/* Files that were open without a name when an earlier daemon died. */
static bool load_orphans(struct server *s, struct error *err)
{
	PGconn *conn = db_connect(s->conninfo, "thulefs", err);
	PGresult *res = conn ? row_query(conn, STMT_READ_ORPHANS, err) : NULL;
	int n = res ? PQntuples(res) : 0;
	struct error wrong;

	for (int i = 0; i < n; i++) {
		struct inode_attr attr;

		/* It stays for thule.fsck; the others do not wait for that. */
		if (!row_check_one(STMT_READ_ORPHANS, res, i, &wrong)) {
			log_error("%s", wrong.text);
			continue;
		}
		attr = result_attr(res, i);
		inode_add(&s->fs.state, &attr, (struct bytes){0});
	}
	PQclear(res);
	PQfinish(conn);
	if (n > 0)
		forget_orphans(&s->fs);
	return res != NULL;
}

static unsigned int thread_count(const struct config *c)
{
	long n = c->threads ? c->threads : sysconf(_SC_NPROCESSORS_ONLN);
	return n < 2 ? 2 : n > 64 ? 64 : (unsigned int)n;
}

static void *signals_main(void *arg)
{
	struct server *s = arg;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	for (;;) {
		sigwait(&set, &sig);
		if (sig == SIGHUP)
			return NULL;
		log_info("signal %d: unmounting %s", sig, s->path);
		mountpoint_detach();
	}
}

/* Signals are waited for by one thread; SIGHUP ends it. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool start_control(struct server *s, struct error *err)
{
	s->live = live_new(&s->fs, s->mount, s->path, err);
	if (s->live)
		s->control = control_start(&s->fs, s->conninfo, s->session, s->live, err);
	return s->control != NULL;
}

/* A mount of the past asks nothing before the database has all of that past (again): a server that
 * crashed is brought what it lost by the mount that writes. */
static void await_past(struct server *s)
{
	const struct timespec step = {.tv_nsec = PAST_STEP_MS * 1000000L};
	bool said = false;

	for (;;) {
		PGconn *conn = db_connect(s->conninfo, "thulefs", NULL);
		struct superblock super = {0};
		bool known = conn && schema_superblock(conn, &super, NULL);

		PQfinish(conn);
		if (atomic_load(&s->stopping) ||
			(known && (uint64_t)super.next_op > s->fs.config.at_op))
			return;
		if (known && !said)
			log_warn("the database ends with op %lld, before op %llu that is shown "
				 "here: waiting for the mount that has those between",
				(long long)super.next_op - 1,
				(unsigned long long)s->fs.config.at_op);
		said = said || known;
		nanosleep(&step, NULL);
	}
}

/* Before the reader asks in a new session. */
static void settle(void *arg)
{
	struct server *s = arg;

	if (s->fs.journal)
		journal_settle(s->fs.journal);
	else
		await_past(s);
}

/* Nothing is asked of a database that may be somebody else's. */
static void lease_changed(void *arg, enum journal_lease lease)
{
	static const enum reader_gate gates[] = {
		[JOURNAL_LEASED] = READER_OPEN,
		[JOURNAL_LEASE_LOST] = READER_HELD,
		[JOURNAL_LEASE_GONE] = READER_SHUT,
	};
	struct server *s = arg;

	reader_set_gate(s->fs.reader, gates[lease]);
}

/*
 * As many descriptors as this process may have, and how many processes that asked are remembered
 * with one each: a quarter is theirs, the rest is for requests, ancestors, connections and helpers.
 */
static size_t actor_room(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return ACTORS_MAX / 8;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur / 4 < ACTORS_MAX ? (size_t)limit.rlim_cur / 4 + 1 : ACTORS_MAX;
}

static bool start(struct server *s, struct error *err)
{
	bool past = *s->config->at;
	unsigned int device;

	s->fs.past = past_new();
	s->fs.access = access_new();
	if (!open_schema(s, err) || !(past ? start_past(s, err) : start_journal(s, err)))
		return false;
	s->fs.actors = actor_cache_new(actor_room(), (enum actor_detail)s->config->actor);
	if (!s->fs.actors)
		return error_set(err, ERR_SYSTEM, "out of memory");
	s->fs.reader = reader_start(s->conninfo, settle, s, err);
	if (!s->fs.reader)
		return false;
	if (!past)
		journal_on_lease(s->fs.journal, lease_changed, s);
	if (!past && !load_orphans(s, err))
		return false;
	s->ready->mounting(s->ready->arg);
	s->session = mountpoint_mount(
		s->config, s->path, s->source, &fs_operations, &s->fs, &device, err);
	if (!s->session || !note_device(s, device, err))
		return false;
	s->fs.transport = transport_new(s->session, thread_count(s->config), err);
	if (!s->fs.transport)
		return false;
	if (!past && !runs_recover(s->conninfo, &s->fs.host, err))
		return false;
	if (!past && !start_control(s, err))
		return false;
	if (!past)
		s->door = visitors_start(&s->fs, s->conninfo, s->path, s->config->allow_other);
	if (pthread_create(&s->signals, NULL, signals_main, s) != 0)
		return error_sys(err, "cannot start a thread");
	return true;
}

/* Says that the mount ended, and lets go of the lease. */
static void end_mount(struct server *s, bool clean, struct error *err)
{
	uint64_t ignored;

	if (clean)
		query_u64(journal_conn(s->fs.journal),
			"update thule.mount set ended_at = now() where id = $1::bigint returning 0",
			s->mount, &ignored, NULL);
	else
		error_set(err, ERR_UNREACHABLE,
			"not everything could be committed; what could not is in %s, from which "
			"the next mount on this host takes it, unless another has written since: "
			"`thule journal show` lists it",
			journal_path(s->fs.journal));
	journal_free(s->fs.journal);
}

/* The kernel does not always close what was open when it unmounts. */
static void drop_opener(void *arg, struct handle *h)
{
	actor_unref(h->opener);
	h->opener = NULL;
}

static bool stop(struct server *s, struct error *err)
{
	bool clean = true;

	atomic_store(&s->stopping, true);
	door_stop(s->door);
	control_stop(s->control);
	live_free(s->live);
	if (s->fs.journal && s->fs.actors)
		forget_orphans(&s->fs);
	/* Their threads call each other and reply, so all of them end before any of them goes. */
	if (s->fs.journal)
		clean = journal_stop(s->fs.journal);
	reader_stop(s->fs.reader);
	/* Closes the descriptor that they reply on. */
	if (s->session)
		mountpoint_unmount(s->config, s->session);
	if (s->fs.journal)
		end_mount(s, clean, err);
	else
		end_past(s);
	past_free(s->fs.past);
	access_free(s->fs.access);
	transport_free(s->fs.transport);
	handles_each(&s->fs.state, drop_opener, NULL);
	actor_cache_free(s->fs.actors);
	if (s->session)
		fuse_session_destroy(s->session);
	fs_destroy(&s->fs);
	return clean;
}

bool serve(const struct config *config, const char *conninfo, const char *place, const char *data,
	const struct serve_ready *ready, struct error *err)
{
	struct server *s = calloc(1, sizeof(*s));
	struct fs_config fs_config = {.conninfo = conninfo,
		.max_inodes = (size_t)config->cache_inodes,
		.magic = config->magic && !*config->at,
		.past_owner = config->past_owner,
		.acl = config->acl};
	char message[PATH_MAX + 2048];
	bool ok;

	if (!s)
		return error_set(err, ERR_SYSTEM, "out of memory");
	s->config = config;
	s->conninfo = conninfo;
	s->data = data;
	snprintf(s->path, sizeof(s->path), "%s", config->dir);
	if (!source_public(config->source, s->source, sizeof(s->source), err)) {
		free(s);
		return false;
	}
	fs_init(&s->fs, &fs_config);
	block_signals();
	s->ready = ready;
	if (!start(s, err)) {
		stop(s, NULL);
		free(s);
		return false;
	}
	snprintf(message, sizeof(message), "%s mounted: %s", s->path, place);
	if (!ready->fn(ready->arg, message))
		kill(getpid(), SIGTERM);
	transport_run(s->fs.transport);
	pthread_kill(s->signals, SIGHUP);
	pthread_join(s->signals, NULL);
	ok = stop(s, err);
	free(s);
	return ok;
}
