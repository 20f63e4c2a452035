#include "base/path.h"

#include <stdarg.h>
#include <stdio.h>

bool path_format(char *dst, size_t size, struct error *err, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(dst, size, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= size)
		return error_set(err, ERR_USAGE, "the path %s... is too long", dst);
	return true;
}
