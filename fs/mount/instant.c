#include "mount/instant.h"

#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "db/conn.h"
#include "db/pooler.h"
#include "db/schema.h"
#include "mount/registration.h"

/* Between two looks at a database that lacks a part of the instant. */
#define STEP_MS 100

static bool check_schema(const char *conninfo, struct error *err)
{
	PGconn *conn = db_connect_patiently(conninfo, "thulefs", err);
	bool ok = conn && pooler_pass(conn, err) && schema_check(conn, err);

	PQfinish(conn);
	return ok;
}

static bool find_op(PGconn *conn, const char *at, uint64_t *op, struct error *err)
{
	PGresult *res = db_query(conn, "select thule.instant_op($1::text)", 1, &at, err);

	if (res)
		*op = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return res != NULL;
}

static bool note(PGconn *conn, const struct origin *o, const struct host *host, uint64_t *mount,
	struct error *err)
{
	bool allowed;

	return registration_allowed(conn, &allowed, err) &&
	       (!allowed || registration_begin(conn, o, host, mount, err));
}

bool instant_open(const struct origin *o, struct fs *fs, uint64_t *mount, struct error *err)
{
	PGconn *conn =
		check_schema(o->conninfo, err) ? db_connect(o->conninfo, "thulefs", err) : NULL;
	struct superblock super;
	bool ok;

	*mount = 0;
	ok = conn && schema_superblock(conn, &super, err) && host_read(&fs->host, err) &&
	     find_op(conn, o->config->at, &fs->config.at_op, err) &&
	     note(conn, o, &fs->host, mount, err);
	if (ok)
		disk_find(&fs->disk, conn, o->data);
	PQfinish(conn);
	return ok;
}

void instant_await(const char *conninfo, uint64_t at_op, atomic_bool *stopping)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	bool said = false;

	for (;;) {
		PGconn *conn = db_connect(conninfo, "thulefs", NULL);
		struct superblock super = {0};
		bool known = conn && schema_superblock(conn, &super, NULL);

		PQfinish(conn);
		if (atomic_load(stopping) || (known && (uint64_t)super.next_op > at_op))
			return;
		if (known && !said)
			log_warn("the database ends with op %lld, before op %llu, which this mount "
				 "shows: waiting for the mount that has the ops between",
				(long long)super.next_op - 1, (unsigned long long)at_op);
		said = said || known;
		nanosleep(&step, NULL);
	}
}
