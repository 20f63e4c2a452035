#include "size.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool size_parse(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGTP";
	const char *unit;
	double value, factor = 1;
	char *end;

	if (!isdigit((unsigned char)*text) || !strncasecmp(text, "0x", 2))
		return false;
	value = strtod(text, &end);
	if (*end && (unit = strchr(units, toupper((unsigned char)*end)))) {
		for (const char *u = units; u <= unit; u++)
			factor *= 1024;
		end++;
		if (*end == 'i')
			end++;
	}
	if (*end == 'B' || *end == 'b')
		end++;
	if (*end || value * factor >= 9e18)
		return false;
	*bytes = (uint64_t)(value * factor);
	return true;
}
