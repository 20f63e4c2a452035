#include "db/handover.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/private.h"
#include "db/source.h"

/* The environment variable that names the descriptor. */
#define FD_VARIABLE "THULE_SOURCE_FD"

/* libpq reads a service file by lines of 1023 bytes. */
#define SERVICE_LINE_MAX 1000
#define SERVICE_NAME     "thule-secrets"

/* Returns a file of memory that the program run next inherits, for this user alone. -1 with *err
 * set. */
static int memory_file(const char *name, struct error *err)
{
	int fd = memfd_create(name, 0);

	if (fd < 0 || fchmod(fd, 0600) < 0)
		error_sys(err, "cannot make a file in memory");
	return fd;
}

bool handover_give(const char *source, char *dst, size_t size, struct error *err)
{
	PQconninfoOption *options;
	char number[16];
	int fd;

	if (!source_public(source, dst, size, err))
		return false;
	options = private_source(source, NULL) ? NULL : source_parse(source, err);
	if (!options || !source_has_secret(options)) {
		PQconninfoFree(options);
		return true;
	}
	PQconninfoFree(options);
	fd = memory_file("thule-source", err);
	if (fd < 0)
		return false;
	snprintf(number, sizeof(number), "%d", fd);
	if (write(fd, source, strlen(source)) != (ssize_t)strlen(source) ||
		setenv(FD_VARIABLE, number, 1) < 0)
		return error_sys(err, "cannot hand SOURCE over");
	return true;
}

bool handover_take(const char *shown, char *source, size_t size, struct error *err)
{
	const char *number = getenv(FD_VARIABLE);
	ssize_t n;
	int fd;

	if (!number)
		return (size_t)snprintf(source, size, "%s", shown) < size ||
		       error_set(err, ERR_USAGE, "SOURCE is too long");
	fd = atoi(number);
	n = pread(fd, source, size - 1, 0);
	close(fd);
	unsetenv(FD_VARIABLE);
	if (n <= 0)
		return error_set(err, ERR_SYSTEM, "SOURCE was not handed over");
	source[n] = '\0';
	return true;
}

/* Writes one line of a service file, which libpq takes as it is, but for blanks at its end. */
static bool write_secret(int fd, const PQconninfoOption *o, struct error *err)
{
	size_t n = strlen(o->val);

	if (n + strlen(o->keyword) > SERVICE_LINE_MAX || strpbrk(o->val, "\n\r") ||
		o->val[n - 1] == ' ' || o->val[n - 1] == '\t')
		return error_set(err, ERR_USAGE,
			"%s is too long, or has a line's end or a blank at its end: psql can have "
			"it from ~/.pgpass only",
			o->keyword);
	return dprintf(fd, "%s=%s\n", o->keyword, o->val) > 0 ||
	       error_sys(err, "cannot hand over the secrets of the connection string");
}

bool handover_psql(const char *source, char *dst, size_t size, struct error *err)
{
	PQconninfoOption *options = source_parse(source, err);
	char path[32], public[SOURCE_MAX];
	bool ok = options && source_public(source, public, sizeof(public), err);
	const char *sign = ok && strstr(public, "://") ? strchr(public, '?') ? "&" : "?" : " ";
	int fd = -1;

	if (!ok || !source_has_secret(options)) {
		PQconninfoFree(options);
		return ok && path_format(dst, size, err, "%s", public);
	}
	if (*source_value(options, "service") || getenv("PGSERVICE"))
		ok = error_set(err, ERR_USAGE,
			"a service and a password in the connection string do not go together "
			"here: put the password into the service file, or into ~/.pgpass");
	ok = ok && (fd = memory_file("thule-service", err)) >= 0 &&
	     dprintf(fd, "[" SERVICE_NAME "]\n") > 0;
	for (const PQconninfoOption *o = options; ok && o->keyword; o++)
		if (source_is_secret(o))
			ok = write_secret(fd, o, err);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ok = ok && setenv("PGSERVICEFILE", path, 1) == 0 &&
	     path_format(dst, size, err, "%s%sservice=" SERVICE_NAME, public, sign);
	PQconninfoFree(options);
	return ok;
}
