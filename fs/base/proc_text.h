#pragma once

#include <stddef.h>

/*
 * The texts of proc(5) as they are logged: UTF-8 to free(), or NULL when out of memory. buf needs
 * no terminating NUL.
 */

#define PROC_TEXT_MAX 4096 /* bytes of one text, without the NUL; longer ones end in "..." */

/*
 * Returns any bytes as text: control characters (C0, DEL, C1), bytes that are not valid UTF-8 and
 * the backslash become \xNN per byte, with upper-case digits, so that the bytes can be told from
 * the text.
 */
char *proc_escape(const char *buf, size_t len);

/* Returns the same, cut between characters at PROC_TEXT_MAX bytes. */
char *proc_text(const char *buf, size_t len);

/*
 * Returns /proc/PID/cmdline as one line: arguments separated by spaces, those that are empty or
 * hold blanks, quotes or shell operators in quotes, bytes escaped as proc_escape() does. Padding at
 * the end (left by setproctitle) is dropped. Longer than PROC_TEXT_MAX: cut between characters,
 * ending in "...".
 */
char *proc_format_cmdline(const char *buf, size_t len);
