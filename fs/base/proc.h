#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Parsers of the files of proc(5): pure functions of (buf, len), where buf needs no terminating NUL
 * and may be cut anywhere. Reading the files is base/proc_read.h, showing their texts
 * base/proc_text.h.
 */

#define PROC_COMM_MAX 64 /* bytes of a name, with the NUL: workers of the kernel have long ones */

/* Bits of proc_stat.flags, from the kernel's include/linux/sched.h. */
#define PROC_FLAG_EXITING 0x00000004u
#define PROC_FLAG_KTHREAD 0x00200000u

/* The fields of /proc/PID/stat that tell which process this is, and which program it runs. */
struct proc_stat {
	pid_t pid;
	char state; /* field 3: 'Z' a zombie, 'X' dead */
	pid_t ppid;
	pid_t session;            /* field 6 */
	uint32_t flags;           /* field 9 */
	uint64_t start_time;      /* field 22: clock ticks after boot */
	uint64_t start_code;      /* field 26; 1 when the reader may not ptrace the process */
	uint64_t start_stack;     /* field 28; 0 when the reader may not, or without user memory */
	char comm[PROC_COMM_MAX]; /* raw bytes, NUL-terminated */
};

/* Parses /proc/PID/stat. False, with *out untouched, when the text ends before field 28 or is not a
 * stat line. */
bool proc_parse_stat(const char *buf, size_t len, struct proc_stat *out);

/*
 * Finds the value of a field of /proc/PID/status, the blanks before it skipped: *value_len is its
 * length, and it ends before a newline. NULL when the field is not there or its end is not.
 */
const char *proc_status_field(const char *buf, size_t len, const char *name, size_t *value_len);

/* Reads the thread group from /proc/PID/status. False, with *out untouched, when there is none. */
bool proc_parse_tgid(const char *buf, size_t len, pid_t *out);

/* Reads from /proc/PID/status the pid that the process has for itself, in its own pid namespace.
 * False, with *out untouched, when there is none. */
bool proc_parse_own_pid(const char *buf, size_t len, pid_t *out);

/* Reads from /proc/TID/status the signals that are pending for that thread alone: bit 0 is
 * signal 1. False, with *out untouched, when they are not there. */
bool proc_parse_pending(const char *buf, size_t len, uint64_t *out);
/* The same for those that wait for the thread or its process and are neither blocked nor ignored.
 */
bool proc_parse_deliverable(const char *buf, size_t len, uint64_t *out);

/* Reads the user from /proc/PID/loginuid; -1 when it is unset or not a number. */
int64_t proc_parse_loginuid(const char *buf, size_t len);

/*
 * Finds the path in /proc/PID/cgroup: of the 0:: line, or else of the first named hierarchy.
 * *path_len is its length; "" when there is none.
 */
const char *proc_cgroup_path(const char *buf, size_t len, size_t *path_len);

/*
 * Finds the value of a variable in /proc/PID/environ: *value_len is its length. NULL when it is not
 * there or has no end in buf.
 */
const char *proc_find_variable(const char *buf, size_t len, const char *name, size_t *value_len);
