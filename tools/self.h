#pragma once

#include <libpq-fe.h>

#include "base/error.h"

/*
 * The calling process as the log names processes: a JSON object with the columns of thule.actor.
 * free() it. NULL with *err set. What the kernel does not say is left out.
 */
char *self_actor(PGconn *conn, struct error *err);
