#pragma once

#include <libpq-fe.h>

#include "base/error.h"

/*
 * Returns the calling process as the log describes processes, a JSON object with the columns of
 * thule.actor, to free(); or NULL with *err set. Facts that the kernel does not give are left out.
 */
char *self_actor(PGconn *conn, struct error *err);
