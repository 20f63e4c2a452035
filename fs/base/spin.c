#include "base/spin.h"

#include <sched.h>
#include <stdbool.h>

#include "base/clock.h"

/* Half of the budget goes with each wait in vain, and all of it below this share of the maximum. */
#define LEAST_SHARE 8

/* So many waits are asleep until the next attempt, twice as many after each failure. */
#define FIRST_PAUSE 16
#define MAX_PAUSE   1024

/* sched_yield() takes less when nobody else wants the CPU. */
#define YIELD_NS INT64_C(20000)

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

/* Lets others run who want this CPU. Returns whether there was anybody. */
static bool is_wanted(void)
{
	int64_t before = clock_mono_ns();

	sched_yield();
	return clock_mono_ns() - before > YIELD_NS;
}

/* As poll(2) with a timeout of 0, for as long as the budget lasts and nobody else wants the CPU. */
static int poll_awake(struct spin *s, struct pollfd *fds, nfds_t count)
{
	int64_t end = clock_mono_ns() + s->budget_ns;
	bool wanted = false;
	int n;

	while ((n = poll(fds, count, 0)) == 0 && !wanted && clock_mono_ns() < end)
		wanted = is_wanted();
	if (n > 0 && fds[0].revents & ~POLLOUT)
		spin_won(s);
	else if (n == 0)
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
