#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/proc.h"

/*
 * Reading the files of proc(5), for the daemon and the command alike. Nothing here waits for a
 * process, but for proc_read() of cmdline and environ, which take the lock on its memory
 * (actor/facts.h).
 */

/* Reads a small file under the directory `dirfd`, or AT_FDCWD. Returns the number of bytes, at most
 * `size`, or -1 with errno. */
long proc_read_at(int dirfd, const char *name, char *buf, size_t size);

/* Reads /proc/PID/NAME, of pid 0 that of this process. Returns the number of bytes, at most `size`,
 * or -1 with errno. */
long proc_read(pid_t pid, const char *name, char *buf, size_t size);

/* Reads /proc/PID/stat. False when there is no such process, or it is hidden. */
bool proc_read_stat(pid_t pid, struct proc_stat *out);

/* The same of an open stat file, from its beginning, which a process that has ended fails: also one
 * of another process that has its pid since. */
bool proc_pread_stat(int fd, struct proc_stat *out);

/* Reads the process's name as it is now, raw bytes; "" and false when it has gone. */
bool proc_read_comm(pid_t pid, char comm[static PROC_COMM_MAX]);

/* Reads the pid that the process has for itself (proc_parse_own_pid()). */
bool proc_read_own_pid(pid_t pid, pid_t *out);

/* Sets *pending to whether the thread has that signal yet to take, sent to it alone. False when the
 * thread cannot be seen. */
bool proc_signal_pending(pid_t tid, int signal, bool *pending);
/* Sets *any to whether a signal waits for the thread or its process that it does not keep waiting.
 */
bool proc_signal_deliverable(pid_t tid, bool *any);

/* Calls visit for each process that /proc shows, until it returns false. False when /proc cannot be
 * listed. */
bool proc_each(bool (*visit)(pid_t pid, void *arg), void *arg);
