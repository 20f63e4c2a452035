#pragma once

/* The bytes of a string as bytea reads them in text format: \x and hex digits. free() it. */
char *hex_bytea(const char *bytes);
