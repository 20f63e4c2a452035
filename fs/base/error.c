#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, enum error_class class, const char *fmt, ...)
{
	if (err) {
		va_list ap;
		err->class = class;
		err->sqlstate[0] = '\0';
		va_start(ap, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
	}
	return false;
}

bool error_sys(struct error *err, const char *fmt, ...)
{
	int saved = errno;
	if (err) {
		va_list ap;
		size_t n;
		err->class = saved == ENOSPC ? ERR_NO_SPACE : ERR_SYSTEM;
		err->sqlstate[0] = '\0';
		va_start(ap, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
		n = strlen(err->text);
		snprintf(err->text + n, sizeof(err->text) - n, ": %s", strerror(saved));
	}
	return false;
}

void error_one_line(struct error *err)
{
	size_t n = strlen(err->text);

	while (n > 0 && (err->text[n - 1] == '\n' || err->text[n - 1] == ' '))
		err->text[--n] = '\0';
	for (char *p = err->text; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
}

int error_to_errno(const struct error *err)
{
	static const int table[] = {
		[ERR_NONE] = 0,
		[ERR_USAGE] = EINVAL,
		[ERR_NOT_FOUND] = ENOENT,
		[ERR_BUSY] = EBUSY,
		[ERR_LEASE] = EBUSY,
		[ERR_AUTH] = EACCES,
		[ERR_UNREACHABLE] = EIO,
		[ERR_TRANSIENT] = EAGAIN,
		[ERR_TIMEOUT] = ETIMEDOUT,
		[ERR_NO_SPACE] = ENOSPC,
		[ERR_VERSION] = EIO,
		[ERR_CORRUPT] = EIO,
		[ERR_SYSTEM] = EIO,
		[ERR_INTERNAL] = EIO,
	};
	return table[err->class];
}
