#pragma once

#include <stdbool.h>

#define ZONE_SIZE 256

/*
 * Finds the name that a server knows for a time zone as tzset(3) takes it. `tz` is $TZ, or NULL;
 * `localtime` is the target of the link /etc/localtime, or NULL. False when it cannot be told, and
 * zone is as it was.
 */
bool zone_name(const char *tz, const char *localtime, char zone[ZONE_SIZE]);

/*
 * Finds that of this process. False also when $PGTZ is set, of which libpq tells the server itself.
 */
bool zone_read(char zone[ZONE_SIZE]);
