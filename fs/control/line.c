#include "control/line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/show.h"
#include "base/utf8.h"

void line_add(struct buf *out, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_add(out, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void line_add_text(struct buf *out, const char *text)
{
	size_t left = strlen(text);

	buf_add(out, "\t", 1);
	for (size_t step; left; text += step, left -= step) {
		step = show_unsafe(text, left);
		if (!step && *text != '\\') {
			step = utf8_length(text, left);
			buf_add(out, text, step);
			continue;
		}
		step = step ? step : 1;
		for (size_t i = 0; i < step; i++)
			line_add(out, "\\x%02x", (unsigned char)text[i]);
	}
}

void line_add_fact(struct buf *out, const char *name, const char *value)
{
	line_add(out, "fact\t%s", name);
	line_add_text(out, value);
	buf_add(out, "\n", 1);
}

void line_add_number(struct buf *out, const char *name, uint64_t value)
{
	line_add(out, "fact\t%s\t%" PRIu64 "\n", name, value);
}
