#include "base/size.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* More than any file or database has, and less than what a signed number of 64 bits holds. */
#define SIZE_MAX_BYTES ((uint64_t)1 << 62)

/* Returns the factor of a unit: "", B, or one of the letters and nothing, B or iB after it. 0 when
 * it is none. */
static uint64_t factor_of(const char *unit)
{
	static const char letters[] = "KMGTPE";
	const char *letter = *unit ? strchr(letters, toupper((unsigned char)*unit)) : NULL;

	if (letter)
		unit++;
	if (*unit && strcasecmp(unit, "B") && (!letter || strcasecmp(unit, "iB")))
		return 0;
	return letter ? (uint64_t)1 << 10 * (letter - letters + 1) : 1;
}

bool size_parse(const char *text, uint64_t *bytes)
{
	const char *p = text;
	long double value = 0, digit = 1;
	uint64_t factor;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		value = value * 10 + (*p - '0');
	if (*p == '.' && isdigit((unsigned char)p[1]))
		for (p++; isdigit((unsigned char)*p); p++)
			value += (*p - '0') * (digit /= 10);
	factor = factor_of(p + strspn(p, " "));
	value *= (long double)factor;
	if (!factor || value < 1 || value > (long double)SIZE_MAX_BYTES)
		return false;
	*bytes = (uint64_t)value;
	return true;
}
