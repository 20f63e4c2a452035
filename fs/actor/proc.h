#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reading the texts of proc(5). Pure functions of (buf, len); buf needs no terminating NUL and may
 * be cut anywhere. Functions returning char * give UTF-8 text to free(), or NULL when out of
 * memory.
 */

#define PROC_TEXT_MAX 4096 /* bytes of one text, without the NUL; longer ones end in "..." */

/* Bits of proc_stat.flags, from the kernel's include/linux/sched.h. */
#define PROC_FLAG_EXITING 0x00000004u
#define PROC_FLAG_KTHREAD 0x00200000u

/* What of /proc/PID/stat says which process this is, and which program it runs. */
struct proc_stat {
	pid_t pid;
	pid_t ppid;
	pid_t session;        /* field 6 */
	uint32_t flags;       /* field 9 */
	uint64_t start_time;  /* field 22: clock ticks after boot */
	uint64_t start_code;  /* field 26; 1 when the reader may not ptrace the process */
	uint64_t start_stack; /* field 28; 0 when the reader may not, or without user memory */
	char comm[64];        /* raw bytes, NUL-terminated */
};

/* False, with *out untouched, when the text ends before field 28 or is not a stat line. */
bool proc_parse_stat(const char *buf, size_t len, struct proc_stat *out);

/* The thread group in /proc/PID/status. False, with *out untouched, when there is none. */
bool proc_parse_tgid(const char *buf, size_t len, pid_t *out);

/* In /proc/PID/status: the pid that the process has for itself, in its own pid namespace. False,
 * with *out untouched, when there is none. */
bool proc_parse_own_pid(const char *buf, size_t len, pid_t *out);

/* /proc/PID/loginuid: the user, or -1 when unset or unreadable. */
int64_t proc_parse_loginuid(const char *buf, size_t len);

/*
 * /proc/PID/cmdline as one line: arguments separated by spaces, those that are empty or hold
 * blanks, quotes or shell operators in quotes, bytes escaped as proc_escape() does. Padding at the
 * end (left by setproctitle) is dropped. Longer than PROC_TEXT_MAX: cut between characters,
 * ending in "...".
 */
char *proc_format_cmdline(const char *buf, size_t len);

/* The path in /proc/PID/cgroup: of the 0:: line, or else of the first named hierarchy, or else "".
 */
char *proc_parse_cgroup(const char *buf, size_t len);

/*
 * Any bytes as text: control characters (C0, DEL, C1), bytes that are not valid UTF-8 and the
 * backslash become \xNN per byte, with upper-case digits, so that the bytes can be told from the
 * text.
 */
char *proc_escape(const char *buf, size_t len);

/* The same, cut between characters at PROC_TEXT_MAX bytes. */
char *proc_text(const char *buf, size_t len);

/*
 * The value of a variable in /proc/PID/environ, which is not terminated: *value_len is its length.
 * NULL when it is not there or has no end in buf.
 */
const char *proc_find_variable(const char *buf, size_t len, const char *name, size_t *value_len);
