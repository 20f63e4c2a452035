#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * A checksum over memory, for bytes of another time, bytes that were never written and bits that
 * have changed; not against an attack. Takes the eight bytes at `except`, where it is to be stored,
 * for zeros. The size is a multiple of 8. Never 0.
 */
uint64_t record_sum(const void *buf, size_t size, size_t except);

/* The one that journals of version 0.2 had. */
uint64_t record_sum_before(const void *buf, size_t size, size_t except);
