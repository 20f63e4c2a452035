#pragma once

#include <stdbool.h>

/*
 * Finds out whether a process runs the program that its exe names. In a mount namespace of one's
 * own anybody can put a program of theirs at /usr/bin/dpkg, and the kernel then calls it that. So
 * the file that runs is compared, by device and inode, with the one at that path where this daemon
 * is.
 *
 * `dirfd`: an open /proc/PID. Returns enum actor_mark, 0 for not known; *whole: " (deleted)" at the
 * end of exe is part of the name. To be called from a helper thread: a filesystem of others that
 * does not answer can hold it. It never asks a filesystem that this daemon serves.
 */
unsigned int program_marks(int dirfd, bool *whole);

/* Returns the length of the suffix that the kernel adds to exe when the file has gone, if text of
 * len bytes ends in it, else 0. */
unsigned long program_suffix(const char *text, unsigned long len);
