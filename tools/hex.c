#include "hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *hex_bytea(const char *bytes)
{
	size_t n = strlen(bytes);
	char *hex = malloc(2 * n + 3);
	char *p = hex;

	if (!hex)
		abort();
	p = stpcpy(p, "\\x");
	for (size_t i = 0; i < n; i++)
		p += sprintf(p, "%02x", (unsigned char)bytes[i]);
	return hex;
}
