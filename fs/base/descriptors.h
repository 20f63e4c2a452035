#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Raises the limit of open descriptors as far as this process may, and returns it; 0 when the
 * kernel does not say. */
size_t descriptors_raise(void);

/*
 * Takes the places of stdin, stdout and stderr that whoever started this program left free, with
 * something that fails as a free one does (EBADF). Else the next file that is opened is one of
 * them, and gets what is meant to be read. For the begin of main(). Returns false when there are no
 * descriptors to be had.
 */
bool descriptors_fill_standard(void);

/*
 * Closes what whoever started this program left open, but stdin, stdout, stderr and these two (-1:
 * none): a process that stays would keep their locks, the ends of their pipes, and the filesystems
 * that these are in. Before anything else is opened. Returns false with errno when the kernel
 * refuses.
 */
bool descriptors_close_inherited(int keep, int also);
