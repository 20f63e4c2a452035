#pragma once

#include <libpq-fe.h>
#include <stdint.h>

#include "base/error.h"

/* Takes the lease for the session of conn, which holds it until it ends. False with ERR_LEASE when
 * another session holds it: the error names the holder. */
bool lease_take(PGconn *conn, struct error *err);

/* The same, and asks a mount of another host that has it to let go of it. Also false with ERR_LEASE
 * where the filesystem is mounted on this host. */
bool lease_move(PGconn *conn, struct error *err);

/* See database_ops.reclaim. */
bool lease_reclaim(
	const char *conninfo, uint64_t mount, bool *taken, uint64_t *last_op, struct error *err);
