#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config.h"
#include "keeper/kept.h"

/* Callbacks of a start. `fn` is called once, when the filesystem is mounted: `message` is for the
 * person who mounts; false when that person has gone. `mounting` is called just before. */
struct serve_ready {
	bool (*fn)(void *arg, const char *message);
	void (*mounting)(void *arg);
	void *arg;
};

/*
 * `kept`: what a keeper has given this daemon, or NULL.
 *
 * Mounts and serves until it is unmounted. `conninfo` is of the database, `place` a line on where
 * it lives, `data` the folder of its server if that is known, else NULL. config->dir is absolute.
 * False with *err set when it could not be mounted, or when something acknowledged is left in the
 * journal.
 */
bool serve(const struct config *config, const char *conninfo, const char *place, const char *data,
	struct kept *kept, const struct serve_ready *ready, struct error *err);
