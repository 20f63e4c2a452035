#pragma once

#include <limits.h>

#include "config.h"
#include "db/database.h"

/* The ingredients of a mount: the options, the database and the directory. */
struct origin {
	const struct config *config;
	const char *conninfo;
	struct database *database; /* the same one, for the drain and the readers */
	const char *data;          /* the folder of its server, or NULL where it is not known */
	char path[PATH_MAX];       /* absolute */
	char source[2048];         /* without what is secret in it */
};
