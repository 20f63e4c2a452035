#pragma once

#include <stdatomic.h>

#include "fs.h"
#include "mount/origin.h"

/*
 * The database's side of a mount of the past, which shows one instant. It has no journal and needs
 * no lease: beside it, others may write. Nothing is installed, since where nothing is there is no
 * past.
 */

/*
 * Checks the schema, finds the instant, and registers the mount where that is possible; sets what
 * of *fs comes from the database, and *mount, 0 when it is not registered. False with *err set.
 */
bool instant_open(const struct origin *o, struct fs *fs, uint64_t *mount, struct error *err);

/*
 * Waits until the database has all ops up to `at_op`, or *stopping: a server that crashed is
 * brought what it lost by the mount that writes, and until then its answers are of no instant that
 * was asked for.
 */
void instant_await(const char *conninfo, uint64_t at_op, atomic_bool *stopping);
