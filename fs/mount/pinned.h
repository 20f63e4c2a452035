#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/mountinfo.h"
#include "base/proc_read.h"

/* A process in another mount namespace that keeps a mount in use which is not to be seen here. */
struct pinned {
	pid_t pid;
	char comm[PROC_COMM_MAX];
	unsigned long namespace; /* as in readlink /proc/PID/ns/mnt */
	struct mount_point m;
};

/* Looks through all processes that may be looked at. False when there is none. */
bool pinned_find(unsigned int connection, const char *source, struct pinned *p);

/* Writes which process has it mounted, where, and how to end that. */
void pinned_describe(const struct pinned *p, char *text, size_t size);
