#pragma once

#include <stdarg.h>
#include <stdbool.h>

/* An error keeps its class and its cause until the boundary (a FUSE reply, an exit code), where
 * error_to_errno() makes one errno of it and it becomes one line of the log. */
enum error_class {
	ERR_NONE,
	ERR_USAGE,       /* what the user typed cannot be done */
	ERR_NOT_FOUND,   /* the row, file or database asked for does not exist */
	ERR_BUSY,        /* someone else holds it (a lease, a mount point) */
	ERR_LEASE,       /* another session has the right to write */
	ERR_AUTH,        /* refused: password, role, permission */
	ERR_UNREACHABLE, /* no server there, or the connection was lost: trying again can help */
	ERR_TRANSIENT,   /* serialization failure, deadlock, server starting: trying again helps */
	ERR_TIMEOUT,     /* it took longer than it may */
	ERR_NO_SPACE,    /* the disk of the database or the journal is full */
	ERR_VERSION,     /* the schema or journal is newer than this program */
	ERR_CORRUPT,     /* what was read contradicts itself */
	ERR_SYSTEM,      /* a system call failed */
	ERR_INTERNAL,    /* a bug: the server refused a statement of ours */
};

struct error {
	enum error_class class;
	char sqlstate[6]; /* of the server's error, or "" */
	char text[1000];  /* one line: what is wrong, and what to do about it */
};

/* Fills *err (which may be NULL) and returns false, so that a failing function can return it. */
bool error_set(struct error *err, enum error_class class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Does the same, and appends ": strerror(errno)". */
bool error_sys(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes one line of a text that may have several and a newline at its end, as those of libpq. */
void error_one_line(struct error *err);

/* Returns the errno that a caller of the filesystem gets for err. */
int error_to_errno(const struct error *err);
