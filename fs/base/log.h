#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * A log of one line per event, shown as base/show.h says, on stderr, or to syslog(3) once the
 * daemon has detached. An error that was logged in the last minute is counted instead of logged
 * again. Any thread. A function either logs or returns its error, never both.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Drops lines above `level`; `use_syslog` sends the rest to syslog instead of stderr. */
void log_init(const char *program, enum log_level level, int use_syslog);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define LOG_LAST_SIZE 1024

/*
 * Copies the last line above LOG_LEVEL_INFO, without its newline, and sets *at to when it was
 * logged, nanoseconds since the epoch. False when there is none yet. Any thread.
 */
bool log_last(char text[static LOG_LAST_SIZE], int64_t *at);

/* Returns how many lines of a level there were, also those that were left out. Any thread. */
uint64_t log_count(enum log_level level);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
