#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <syslog.h>

/* The one process-wide setting: a log line can come from any thread and any depth. */
static struct {
	const char *program;
	_Atomic int level;
	_Atomic int to_syslog;
} sink = {.program = "thule", .level = LOG_LEVEL_INFO};

void log_init(const char *program, enum log_level level, int use_syslog)
{
	sink.program = program;
	atomic_store(&sink.level, level);
	atomic_store(&sink.to_syslog, use_syslog);
	if (use_syslog)
		openlog(program, LOG_PID, LOG_DAEMON);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	static const int priority[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
	char line[1400];
	va_list ap;

	if ((int)level > atomic_load_explicit(&sink.level, memory_order_relaxed))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (atomic_load_explicit(&sink.to_syslog, memory_order_relaxed))
		syslog(priority[level], "%s", line);
	else
		fprintf(stderr, "%s: %s\n", sink.program, line);
}
