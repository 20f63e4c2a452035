#pragma once

#include <stdint.h>

/*
 * The name of a file beside the data directory of a private server, and its size: room on the disk
 * that is kept for the server's log (WAL). tools/cluster/ballast.h makes it and gives it up,
 * db/disk.h counts with it.
 */
#define BALLAST_NAME  "ballast"
#define BALLAST_BYTES (UINT64_C(32) << 20)
