#pragma once

#include <libpq-fe.h>

#include "base/error.h"

#define SELF_BOOT_ID 64 /* bytes of what self_boot_id() writes, with the NUL */

/* The id of this boot of the host, or "" where the kernel does not say. */
void self_boot_id(char id[static SELF_BOOT_ID]);

/*
 * The calling process as the log names processes: a JSON object with the columns of thule.actor.
 * free() it. NULL with *err set. What the kernel does not say is left out.
 */
char *self_actor(PGconn *conn, struct error *err);
