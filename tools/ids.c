#include "ids.h"

#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Reads a uid or gid. (uid_t)-1 is nobody's. */
static bool read_id(const char *text, unsigned long *id)
{
	if (!*text || strlen(text) > 10 || text[strspn(text, "0123456789")])
		return false;
	*id = strtoul(text, NULL, 10);
	return *id < UINT32_MAX;
}

bool ids_user(const char *name, unsigned long *id, struct error *err)
{
	struct passwd *pw = getpwnam(name);

	if (pw)
		*id = pw->pw_uid;
	return pw || read_id(name, id) ||
	       error_set(err, ERR_USAGE, "there is no user %s on this host", name);
}

bool ids_group(const char *name, unsigned long *id, struct error *err)
{
	struct group *gr = getgrnam(name);

	if (gr)
		*id = gr->gr_gid;
	return gr || read_id(name, id) ||
	       error_set(err, ERR_USAGE, "there is no group %s on this host", name);
}
