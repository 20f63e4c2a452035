#pragma once

#include <stdbool.h>

#include <libpq-fe.h>

#include "base/error.h"

/*
 * Sets what our SQL depends on for this session, in one round trip, whatever the role, the
 * database, the environment (PGOPTIONS) or the server's configuration say, and whatever they come
 * to say later. False with *err set when the server refuses it.
 */
bool settings_pin(PGconn *conn, struct error *err);
