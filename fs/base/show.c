#include "base/show.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/utf8.h"

/* Returns whether a character changes how its neighbours look. */
static bool is_directing(unsigned int c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

size_t show_unsafe(const char *text, size_t len)
{
	size_t n = utf8_length(text, len);

	if (!n)
		return 1;
	return utf8_is_control(text, len) || is_directing(utf8_decode(text, n)) ? n : 0;
}

/* Bytes that escape_char() writes at most: characters that are not shown have three. */
#define CHAR_MAX_SHOWN 12

/* Writes the next character of text as it is shown. Returns its bytes in text; *shown is those in
 * out. */
static size_t escape_char(char *out, const char *text, size_t len, size_t *shown)
{
	size_t unsafe = show_unsafe(text, len), n = unsafe ? unsafe : utf8_length(text, len);

	*shown = unsafe ? 4 * unsafe : n;
	if (!unsafe)
		memcpy(out, text, n);
	for (size_t i = 0; i < unsafe; i++)
		sprintf(out + 4 * i, "\\x%02x", (unsigned char)text[i]);
	return n;
}

void show_escape(char *out, size_t size, const char *text)
{
	size_t left = strlen(text), at = 0;

	for (size_t n, shown; left; text += n, left -= n, at += shown) {
		char c[CHAR_MAX_SHOWN + 1];

		n = escape_char(c, text, left, &shown);
		if (shown >= size - at)
			break;
		memcpy(out + at, c, shown);
	}
	out[at] = '\0';
}

static void put(FILE *out, const char *text, const char *newlines)
{
	size_t left = strlen(text);

	for (size_t n, shown; left; text += n, newlines += n, left -= n) {
		char c[CHAR_MAX_SHOWN + 1];

		n = shown = 1;
		c[0] = '\n';
		/* A newline of the format. */
		if (*text == *newlines)
			n = escape_char(c, text, left, &shown);
		fwrite(c, 1, shown, out);
	}
}

void show_line(FILE *out, const char *fmt, ...)
{
	char *text = NULL, *newlines = NULL, *marked = strdup(fmt);
	va_list ap, again;

	for (char *p = marked; p && *p; p++)
		if (*p == '\n')
			*p = '\v';
	va_start(ap, fmt);
	va_copy(again, ap);
	/* Where they differ, there is a newline that is meant. */
	if (marked && vasprintf(&text, fmt, ap) >= 0 && vasprintf(&newlines, marked, again) >= 0)
		put(out, text, newlines);
	va_end(again);
	va_end(ap);
	free(marked);
	free(text);
	free(newlines);
}

void show_end(char *out, size_t size, int status)
{
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	if (name)
		snprintf(out, size, "was killed by signal %d (SIG%s)", WTERMSIG(status), name);
	else if (WIFSIGNALED(status))
		snprintf(out, size, "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(out, size, "ended with status %d", WEXITSTATUS(status));
}
