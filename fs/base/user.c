#include "base/user.h"

#include <stddef.h>

const struct passwd *user_by_uid(struct user *user, uid_t uid)
{
	struct passwd *found = NULL;

	getpwuid_r(uid, &user->pw, user->text, sizeof(user->text), &found);
	return found;
}

const struct passwd *user_by_name(struct user *user, const char *name)
{
	struct passwd *found = NULL;

	getpwnam_r(name, &user->pw, user->text, sizeof(user->text), &found);
	return found;
}
