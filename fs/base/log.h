#pragma once

/*
 * One line per event, shown as base/show.h says, on stderr, or to syslog(3) once the daemon has
 * detached. An error that was said in the last minute is counted, and not said again. Any thread.
 * A function either logs or returns its error, never both.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above `level` are dropped. `use_syslog` sends the rest to syslog instead of stderr. */
void log_init(const char *program, enum log_level level, int use_syslog);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
