#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Between two drawings; faster ones nobody can read. */
#define DRAW_MS 200

/* What thule_internal.progress() says, before a percentage. */
#define NOTICE "thule progress "

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *p, const char *what, bool quiet)
{
	*p = (struct progress){
		.what = what, .shown = !quiet && isatty(STDERR_FILENO), .start_ms = now_ms()};
}

/* Writes how long the rest will take, if it goes on as it did. */
static void estimate(char *text, size_t size, double elapsed_ms, double done, double all)
{
	double seconds = done > 0 ? elapsed_ms / 1000 * (all - done) / done : 0;

	if (elapsed_ms < 1000 || seconds < 1)
		*text = '\0';
	else if (seconds < 120)
		snprintf(text, size, ", about %.0f s left", seconds);
	else if (seconds < 7200)
		snprintf(text, size, ", about %.0f min left", seconds / 60);
	else
		snprintf(text, size, ", about %.0f h left", seconds / 3600);
}

void progress_step(struct progress *p, double done, double all, const char *detail)
{
	long long now = now_ms();
	char left[64];

	if (!p->shown || (p->drawn && done < all && now - p->drawn_ms < DRAW_MS))
		return;
	if (done >= all) {
		progress_end(p);
		return;
	}
	estimate(left, sizeof(left), (double)(now - p->start_ms), done, all);
	fprintf(stderr, "\r%s: %d%%%s%s%s\033[K", p->what, (int)(100 * done / all),
		*detail ? ", " : "", detail, left);
	p->drawn = true;
	p->drawn_ms = now;
}

void progress_end(struct progress *p)
{
	if (p->drawn)
		fprintf(stderr, "\r\033[K");
	p->drawn = false;
}

static void take_notice(void *arg, const char *message)
{
	const char *at = strstr(message, NOTICE);

	if (at)
		progress_step(arg, atof(at + strlen(NOTICE)), 100, "");
}

static void drop_notice(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

void progress_listen(struct progress *p, PGconn *conn)
{
	if (p && !p->shown)
		return;
	/* It says so at this level, so that nobody else hears of it. */
	PQclear(PQexec(conn,
		p ? "set client_min_messages = debug1" : "set client_min_messages = warning"));
	PQsetNoticeProcessor(conn, p ? take_notice : drop_notice, p);
}
