#include "base/spin.h"

#include "base/clock.h"

/* Half of the budget goes with each wait in vain, and all of it below this share of the maximum. */
#define LEAST_SHARE 8

/* Waits until the next attempt, twice as many after each failure. */
#define FIRST_PAUSE 16
#define MAX_PAUSE   1024

static void spin_won(struct spin *s)
{
	s->budget_ns = s->max_ns;
	s->pause = 0;
}

static void spin_lost(struct spin *s)
{
	s->budget_ns /= 2;
	if (s->budget_ns > s->max_ns / LEAST_SHARE)
		return;
	s->budget_ns = 0;
	s->pause = s->pause ? s->pause * 2 : FIRST_PAUSE;
	if (s->pause > MAX_PAUSE)
		s->pause = MAX_PAUSE;
	s->left = s->pause;
}

/* As poll(2) with a timeout of 0, for as long as the budget lasts. */
static int poll_awake(struct spin *s, struct pollfd *fds, nfds_t count)
{
	int64_t end = clock_mono_ns() + s->budget_ns;
	int n;

	do
		n = poll(fds, count, 0);
	while (n == 0 && clock_mono_ns() < end);
	if (n)
		spin_won(s);
	else
		spin_lost(s);
	return n;
}

int spin_poll(struct spin *s, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int n = 0;

	if (!s->budget_ns && s->max_ns && s->left-- <= 0)
		s->budget_ns = s->max_ns;
	if (s->budget_ns)
		n = poll_awake(s, fds, count);
	return n ? n : poll(fds, count, timeout_ms);
}
