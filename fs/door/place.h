#pragma once

#include <stdio.h>

/* The folder of the door of the mount whose device has this minor number, for the daemon and for
 * the command. Only root can put anything there. */
#define DOOR_ROOT     "/run/thulefs-door"
#define DOOR_NAME_MAX 64

static inline void door_name(unsigned int device, char dir[static DOOR_NAME_MAX])
{
	snprintf(dir, DOOR_NAME_MAX, "%s/%u", DOOR_ROOT, device);
}

/* The socket in it, at the name at which libpq looks for that of a server on this port. */
#define DOOR_PORT   "5432"
#define DOOR_SOCKET ".s.PGSQL." DOOR_PORT

/* The parameter with the version of thulefs, which the daemon reports to libpq in place of a
 * server. */
#define DOOR_PARAMETER "thule_door"
