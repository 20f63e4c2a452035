#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Bytes of a size as people type it: 4096, 10K, 1.5G, 2TiB; K is 1024. False when it is none. */
bool size_parse(const char *text, uint64_t *bytes);
