#include "transport/cpus.h"

#include <stdio.h>

unsigned int cpus_read(const char *which, cpu_set_t *set)
{
	char path[64], after = ',';
	unsigned int first, last;
	FILE *f;

	CPU_ZERO(set);
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", which);
	f = fopen(path, "re");
	if (!f)
		return 0;
	/* As in 0-3,5 */
	while (after == ',' && fscanf(f, "%u%c", &first, &after) == 2) {
		last = first;
		if (after == '-' && fscanf(f, "%u%c", &last, &after) != 2)
			break;
		for (; first <= last && first < CPU_SETSIZE; first++)
			CPU_SET(first, set);
	}
	fclose(f);
	return (unsigned int)CPU_COUNT(set);
}
