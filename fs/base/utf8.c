#include "base/utf8.h"

size_t utf8_length(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n, i;
	unsigned char low = 0x80, high = 0xBF;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return 0;
	n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	if (s[0] == 0xE0)
		low = 0xA0;
	else if (s[0] == 0xED)
		high = 0x9F;
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F;
	if (len < n || s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xBF)
			return 0;
	return n;
}

unsigned int utf8_decode(const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned int c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3fu);
	return c;
}

bool utf8_is_control(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	return s[0] < 0x20 || s[0] == 0x7F ||
	       (len > 1 && s[0] == 0xC2 && s[1] >= 0x80 && s[1] < 0xA0);
}

bool utf8_is_text(const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = text[i] ? utf8_length(text + i, len - i) : 0;
		if (!n)
			return false;
	}
	return true;
}
