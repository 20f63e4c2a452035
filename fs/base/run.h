#pragma once

#include <stdbool.h>
#include <stddef.h>

/* `thule run` marks a tree of processes by an environment variable, whose value is the run's id, a
 * colon and its tag. It is a label and proves nothing: everyone can set a variable. */
#define RUN_VARIABLE "THULE_RUN"
#define RUN_ID_LEN   36  /* a UUID, lower case */
#define RUN_TAG_MAX  200 /* bytes */

/*
 * Returns whether this can be a tag: UTF-8 without control characters, from 1 to RUN_TAG_MAX bytes.
 */
bool run_tag_valid(const char *tag, size_t len);

/* Returns whether this is a value of the variable; then the tag begins at RUN_ID_LEN + 1. */
bool run_valid(const char *value, size_t len);
