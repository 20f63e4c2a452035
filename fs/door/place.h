#pragma once

#include <stdio.h>

/* Where the door of the mount is whose device has this minor number, for the daemon and for who
 * asks. Only root can put anything there. */
#define DOOR_ROOT     "/run/thulefs-door"
#define DOOR_NAME_MAX 64

static inline void door_name(unsigned int device, char dir[static DOOR_NAME_MAX])
{
	snprintf(dir, DOOR_NAME_MAX, "%s/%u", DOOR_ROOT, device);
}

/* The file in it, where libpq looks for that of a server on this port. */
#define DOOR_PORT   "5432"
#define DOOR_SOCKET ".s.PGSQL." DOOR_PORT

/* What the daemon tells libpq in place of a server: the version of thulefs. */
#define DOOR_PARAMETER "thule_door"
