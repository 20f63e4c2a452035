#pragma once

#include <stdint.h>

#include "base/buf.h"

/* Lines of a report: fields between tabs (report.h). */

void line_add(struct buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends a tab, and the text with all that is no plain character escaped. */
void line_add_text(struct buf *out, const char *text);

/* Append a whole line of the kind `fact`. */
void line_add_fact(struct buf *out, const char *name, const char *value);
void line_add_number(struct buf *out, const char *name, uint64_t value);
