#include "patch/name.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Returns the bytes of the character at text that stand as they are; 0 when it needs an escape. */
static size_t plain(const char *text, size_t len)
{
	return *text == '"' || *text == '\\' || utf8_is_control(text, len) ? 0
									   : utf8_length(text, len);
}

static void add_escape(struct buf *out, unsigned char byte)
{
	static const char letters[] = "\aa\bb\tt\nn\vv\ff\rr\"\"\\\\";
	char octal[8];

	for (const char *p = letters; *p; p += 2)
		if (byte == (unsigned char)*p) {
			buf_add(out, (char[]){'\\', p[1]}, 2);
			return;
		}
	buf_add(out, octal, (size_t)snprintf(octal, sizeof(octal), "\\%03o", byte));
}

void name_add(struct buf *out, char side, const char *name, size_t len)
{
	bool quoted = len && memchr(name, ' ', len);

	for (size_t i = 0, n; i < len && !quoted; i += n) {
		n = plain(name + i, len - i);
		quoted = n == 0;
	}
	buf_add(out, "\"", quoted);
	if (side)
		buf_add(out, (char[]){side, '/'}, 2);
	for (size_t i = 0, n; i < len; i += n) {
		n = plain(name + i, len - i);
		if (n)
			buf_add(out, name + i, n);
		else
			add_escape(out, (unsigned char)name[i]);
		n += !n;
	}
	buf_add(out, "\"", quoted);
}
