#pragma once

/* Returns the bytes of a string as bytea takes them in text, \x and hex digits; free() it. */
char *hex_bytea(const char *bytes);
