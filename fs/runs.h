#pragma once

#include <stdbool.h>

#include "actor/actor.h"
#include "base/error.h"

/*
 * Atomic runs (sql/schema/run.sql) that ended with their keeper, as when the host went down: asks,
 * in thule.request, that they be undone. To be called by who holds the lease, before it looks for
 * requests. False with *err set when the database fails.
 */
bool runs_recover(const char *conninfo, const struct actor_host *host, struct error *err);
