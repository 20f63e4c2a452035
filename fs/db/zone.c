#include "db/zone.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Below this, files have the names of their zones. */
#define ZONE_FOLDER "/zoneinfo/"

/* Returns the part of a path that names the zone; NULL when it has none. */
static const char *name_in_path(const char *path)
{
	const char *at = strstr(path, ZONE_FOLDER);

	return at ? at + strlen(ZONE_FOLDER) : NULL;
}

bool zone_name(const char *tz, const char *localtime, char zone[ZONE_SIZE])
{
	const char *name;

	if (tz) {
		tz += *tz == ':';
		/* An empty value is UTC, as for every program. */
		name = *tz == '/' ? name_in_path(tz) : *tz ? tz : "UTC";
	} else {
		name = localtime ? name_in_path(localtime) : NULL;
	}
	if (!name || !*name || strlen(name) >= ZONE_SIZE)
		return false;
	strcpy(zone, name);
	return true;
}

bool zone_read(char zone[ZONE_SIZE])
{
	const char *pgtz = getenv("PGTZ");
	char target[ZONE_SIZE];
	ssize_t n;

	if (pgtz && *pgtz)
		return false;
	n = readlink("/etc/localtime", target, sizeof(target) - 1);
	if (n > 0)
		target[n] = '\0';
	return zone_name(getenv("TZ"), n > 0 ? target : NULL, zone);
}
