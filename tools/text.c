#include "text.h"

/* Length of the character at p, of which n bytes are there; 0: it is none. */
static size_t character(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;

	if (!len || len > n || p[0] > 0xf4 || !p[0])
		return 0;
	/* Overlong forms, surrogates and what is past the last character show in the second byte.
	 */
	if (len > 1 && (p[1] < low || p[1] > high))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool text_is_utf8(const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;

	for (size_t i = 0, n; i < len; i += n) {
		n = character(p + i, len - i);
		if (!n)
			return false;
	}
	return true;
}
