#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/mountinfo.h"

/* Who keeps a mount in use that is not to be seen here: a process in another mount namespace. */
struct pinned {
	pid_t pid;
	char comm[64];
	unsigned long namespace; /* as in readlink /proc/PID/ns/mnt */
	struct mount_point m;
};

/* Looks through all processes that may be looked at. False when there is none. */
bool pinned_find(unsigned int connection, const char *source, struct pinned *p);

/* "NAME (pid N) has it mounted on DIR in mount namespace N: ..." */
void pinned_describe(const struct pinned *p, char *text, size_t size);
