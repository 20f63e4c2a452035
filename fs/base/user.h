#pragma once

#include <pwd.h>

/*
 * An entry of the password database (passwd(5)), in memory of the caller's own: getpwuid(3) has one
 * for all threads.
 */
struct user {
	struct passwd pw;
	char text[4096];
};

/* Returns the entry, which lies in *user; NULL when there is no such user, or its entry is too
 * long. */
const struct passwd *user_by_uid(struct user *user, uid_t uid);
const struct passwd *user_by_name(struct user *user, const char *name);
