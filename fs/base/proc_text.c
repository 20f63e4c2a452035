#include "base/proc_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Writes the escaped text, at most 4 * len bytes, and returns its end. */
static char *escape_to(char *out, const char *buf, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i = 0;

	while (i < len) {
		size_t n = utf8_length(buf + i, len - i);
		unsigned char byte = (unsigned char)buf[i];
		if (n && byte != '\\' && !utf8_is_control(buf + i, n)) {
			out = mempcpy(out, buf + i, n);
			i += n;
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
		i++;
	}
	return out;
}

char *proc_escape(const char *buf, size_t len)
{
	char *text = malloc(4 * len + 1);
	if (text)
		*escape_to(text, buf, len) = '\0';
	return text;
}

/* Writes one argument, in quotes where a reader could not tell its bounds: up to 4 * len + 2 bytes.
 */
static char *argument_to(char *out, const char *arg, size_t len)
{
	static const char special[] = " \t\r\n'\"`$&|;<>()*?[]{}~#!";
	bool plain = len > 0;
	char quote = '\'';
	size_t i;

	for (i = 0; i < len; i++) {
		if (memchr(special, arg[i], sizeof(special) - 1))
			plain = false;
		if (arg[i] == '\'')
			quote = '"';
	}
	if (plain)
		return escape_to(out, arg, len);
	*out++ = quote;
	if (quote == '\'') {
		out = escape_to(out, arg, len);
	} else {
		const char *end = arg + len, *next;
		while ((next = memchr(arg, '"', (size_t)(end - arg)))) {
			out = escape_to(out, arg, (size_t)(next - arg));
			*out++ = '\\';
			*out++ = '"';
			arg = next + 1;
		}
		out = escape_to(out, arg, (size_t)(end - arg));
	}
	*out++ = quote;
	return out;
}

/* Ends escaped text at `limit` bytes with "...", between characters and escapes. */
static void cut_text(char *text, size_t limit)
{
	size_t at = limit - 3, back;

	for (back = 1; back <= 3; back++)
		if (text[at - back] == '\\') {
			at -= back;
			break;
		}
	while (((unsigned char)text[at] & 0xC0) == 0x80)
		at--;
	strcpy(text + at, "...");
}

char *proc_text(const char *buf, size_t len)
{
	char *text = proc_escape(buf, len);
	if (text && strlen(text) > PROC_TEXT_MAX)
		cut_text(text, PROC_TEXT_MAX);
	return text;
}

char *proc_format_cmdline(const char *buf, size_t len)
{
	const char *pos = buf, *end;
	char *text, *out;

	while (len > 0 && buf[len - 1] == '\0')
		len--;
	end = buf + len;
	/* Per argument at most: quotes, a space, and 4 bytes for each of its own; a NUL for each.
	 */
	text = out = malloc(4 * len + 4);
	if (!text)
		return NULL;
	while (pos < end) {
		const char *stop = memchr(pos, '\0', (size_t)(end - pos));
		if (!stop)
			stop = end;
		if (pos > buf)
			*out++ = ' ';
		out = argument_to(out, pos, (size_t)(stop - pos));
		pos = stop + 1;
	}
	*out = '\0';
	if (out - text > PROC_TEXT_MAX)
		cut_text(text, PROC_TEXT_MAX);
	return text;
}
