#pragma once

/*
 * The process that writes notifications to the kernel for a daemon (transport/apart.h): the same
 * program, by this name. Its standard input is a socket to the daemon, by which they come, and its
 * standard output a descriptor of the connection.
 */
#define NOTIFIER_NAME "thulefs-notify"

/* Its argument: the connection ends with the daemon, or somebody else keeps it. */
#define NOTIFIER_ENDS "ends"
#define NOTIFIER_KEPT "kept"

/* Runs until the daemon is gone. Returns the exit status. */
int notifier_run(int argc, char *const *argv);
