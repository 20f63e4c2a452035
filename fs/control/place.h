#pragma once

/*
 * The socket at which a daemon says what it waits for: an abstract name (unix(7)) of the minor
 * number of the mount's device and of a random text, "thulefs/49/5f0c...", so that nobody can take
 * the name beforehand, and nothing is left of a daemon that died. /proc/net/unix lists it. Whoever
 * connects looks who listens (SO_PEERCRED) before it believes a word.
 */
#define CONTROL_NAME_FORMAT "thulefs/%u/"
#define CONTROL_NAME_MAX    64

/* The first line of an answer, before the version of thulefs. */
#define CONTROL_GREETING "thulefs-status 1"
