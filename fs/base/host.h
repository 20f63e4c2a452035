#pragma once

#include <stdbool.h>

#include "base/error.h"

#define HOST_BOOT_ID 37 /* bytes of a boot id, a UUID, with the NUL */

/* The machine that pids and start times belong to; the boot id is another one after each boot. */
struct host {
	char name[256];
	char boot_id[HOST_BOOT_ID];
};

/* Reads both. False with *err set, and *out untouched, when the kernel does not say. */
bool host_read(struct host *out, struct error *err);

/* Reads the boot id alone; "" when the kernel does not say. */
void host_boot_id(char id[static HOST_BOOT_ID]);
