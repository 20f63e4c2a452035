#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/show.h"

/* The setting is the process's: a log line can come from any thread and any depth. */
static struct {
	const char *program;
	_Atomic int level;
	_Atomic int to_syslog;
	_Atomic uint64_t count[LOG_LEVEL_DEBUG + 1];
} sink = {.program = "thule", .level = LOG_LEVEL_INFO};

void log_init(const char *program, enum log_level level, int use_syslog)
{
	sink.program = program;
	atomic_store(&sink.level, level);
	atomic_store(&sink.to_syslog, use_syslog);
	if (use_syslog)
		openlog(program, LOG_PID, LOG_DAEMON);
}

/* The last errors that were logged, and when: a caller who can cause one can cause it as often as
 * they like. */
#define SAID_MAX  16
#define QUIET_NS  (INT64_C(60) * 1000000000)
#define LINE_SIZE 2048

static struct {
	pthread_mutex_t lock;
	struct {
		char *line;
		int64_t at;
		unsigned long left_out;
	} place[SAID_MAX];
	size_t next;
} said = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Returns whether this error was logged a short time ago. If not, appends how often it has come
 * since. */
static bool repeats_lately(char *line)
{
	int64_t now = clock_mono_ns();
	size_t i = 0, len = strlen(line);
	bool lately;

	pthread_mutex_lock(&said.lock);
	while (i < SAID_MAX && (!said.place[i].line || strcmp(said.place[i].line, line)))
		i++;
	lately = i < SAID_MAX && now - said.place[i].at < QUIET_NS;
	if (lately) {
		said.place[i].left_out++;
	} else {
		unsigned long left_out = i < SAID_MAX ? said.place[i].left_out : 0;

		if (i == SAID_MAX) {
			i = said.next++ % SAID_MAX;
			free(said.place[i].line);
			said.place[i].line = strdup(line);
		}
		said.place[i].at = now;
		said.place[i].left_out = 0;
		if (left_out)
			snprintf(line + len, LINE_SIZE - len, " (and %lu times since)", left_out);
	}
	pthread_mutex_unlock(&said.lock);
	return lately;
}

/* What log_last() tells. */
static struct {
	pthread_mutex_t lock;
	char text[LOG_LAST_SIZE];
	int64_t at;
} last = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep_last(const char *line)
{
	pthread_mutex_lock(&last.lock);
	snprintf(last.text, sizeof(last.text), "%.*s", LOG_LAST_SIZE - 1, line);
	last.at = clock_now_ns();
	pthread_mutex_unlock(&last.lock);
}

bool log_last(char text[static LOG_LAST_SIZE], int64_t *at)
{
	bool any;

	pthread_mutex_lock(&last.lock);
	any = last.at != 0;
	memcpy(text, last.text, sizeof(last.text));
	*at = last.at;
	pthread_mutex_unlock(&last.lock);
	return any;
}

uint64_t log_count(enum log_level level)
{
	return atomic_load_explicit(&sink.count[level], memory_order_relaxed);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	static const int priority[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
	char line[1400], shown[LINE_SIZE];
	va_list ap;

	atomic_fetch_add_explicit(&sink.count[level], 1, memory_order_relaxed);
	if ((int)level > atomic_load_explicit(&sink.level, memory_order_relaxed))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	show_escape(shown, sizeof(shown), line);
	if (level <= LOG_LEVEL_WARN)
		keep_last(shown);
	if (level == LOG_LEVEL_ERROR && repeats_lately(shown))
		return;
	if (atomic_load_explicit(&sink.to_syslog, memory_order_relaxed))
		syslog(priority[level], "%s", shown);
	else
		fprintf(stderr, "%s: %s\n", sink.program, shown);
}
