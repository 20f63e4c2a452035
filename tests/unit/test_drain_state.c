/* The state machine of the drain: which transitions it makes, and that it makes no other. */
#include <signal.h>
#include <string.h>

#include "journal/drain_state.h"
#include "suite.h"

/* The machine once more, as a drawing of it would be copied: each state with all that may follow.
 */
static const struct {
	enum drain_state from;
	const char *to;
} drawn[] = {
	{DRAIN_IDLE, "gathering reconnecting "},
	{DRAIN_GATHERING, "idle committing reconnecting stopped "},
	{DRAIN_COMMITTING, "gathering retrying reconnecting performing failed "},
	{DRAIN_RETRYING, "committing failed "},
	{DRAIN_RECONNECTING, "gathering failed "},
	{DRAIN_PERFORMING, "gathering recovering failed "},
	{DRAIN_RECOVERING, "performing failed "},
	{DRAIN_STOPPED, ""},
	{DRAIN_FAILED, ""},
};

/* Number of the pair that a test of signals looks at: transitions that are not in the table. */
static bool nth_illegal_state(int n, struct drain *d, enum drain_state *to)
{
	for (int from = 0; from < DRAIN_STATES; from++)
		for (int next = 0; next < DRAIN_STATES; next++)
			if (!drain_state_follows((enum drain_state)from, (enum drain_state)next) &&
				n-- == 0) {
				*d = (struct drain){.state = (enum drain_state)from};
				*to = (enum drain_state)next;
				return true;
			}
	return false;
}

static bool nth_illegal_target(int n, struct drain *d, enum drain_target *to)
{
	for (int from = 0; from < DRAIN_TARGETS; from++)
		for (int next = 0; next < DRAIN_TARGETS; next++)
			if (!drain_target_follows(
				    (enum drain_target)from, (enum drain_target)next) &&
				n-- == 0) {
				*d = (struct drain){.target = (enum drain_target)from};
				*to = (enum drain_target)next;
				return true;
			}
	return false;
}

START_TEST(table)
{
	ck_assert_int_eq(sizeof(drawn) / sizeof(drawn[0]), DRAIN_STATES);
	for (int i = 0; i < DRAIN_STATES; i++) {
		char to[200] = "";
		ck_assert_int_eq(drawn[i].from, i);
		for (int next = 0; next < DRAIN_STATES; next++)
			if (drain_state_follows(drawn[i].from, (enum drain_state)next)) {
				strcat(to, drain_state_name((enum drain_state)next));
				strcat(to, " ");
			}
		ck_assert_str_eq(to, drawn[i].to);
	}
}
END_TEST

START_TEST(every_transition)
{
	int made = 0;

	for (int from = 0; from < DRAIN_STATES; from++)
		for (int next = 0; next < DRAIN_STATES; next++) {
			struct drain d = {(enum drain_state)from, DRAIN_QUIESCE};
			if (!drain_state_follows(d.state, (enum drain_state)next))
				continue;
			drain_move(&d, (enum drain_state)next);
			ck_assert_int_eq(d.state, next);
			ck_assert_int_eq(d.target, DRAIN_QUIESCE);
			made++;
		}
	ck_assert_int_eq(made, 20);
}
END_TEST

START_TEST(every_target)
{
	struct drain d = {DRAIN_COMMITTING, DRAIN_RUN};

	drain_aim(&d, DRAIN_QUIESCE);
	drain_aim(&d, DRAIN_RUN);
	drain_aim(&d, DRAIN_STOP);
	ck_assert_int_eq(d.target, DRAIN_STOP);
	ck_assert_int_eq(d.state, DRAIN_COMMITTING);
}
END_TEST

/* The first state leads to every other. */
START_TEST(reachable)
{
	bool reached[DRAIN_STATES] = {[DRAIN_GATHERING] = true};

	for (int round = 0; round < DRAIN_STATES; round++)
		for (int from = 0; from < DRAIN_STATES; from++)
			for (int next = 0; reached[from] && next < DRAIN_STATES; next++)
				reached[next] =
					reached[next] || drain_state_follows((enum drain_state)from,
								 (enum drain_state)next);
	for (int s = 0; s < DRAIN_STATES; s++)
		ck_assert_msg(
			reached[s], "nothing leads to %s", drain_state_name((enum drain_state)s));
}
END_TEST

START_TEST(illegal_state_aborts)
{
	enum drain_state to;
	struct drain d;

	ck_assert(nth_illegal_state(_i, &d, &to));
	drain_move(&d, to);
}
END_TEST

START_TEST(illegal_target_aborts)
{
	enum drain_target to;
	struct drain d;

	ck_assert(nth_illegal_target(_i, &d, &to));
	drain_aim(&d, to);
}
END_TEST

static void add(TCase *tc)
{
	enum drain_state state;
	enum drain_target target;
	int states = 0, targets = 0;
	struct drain d;

	while (nth_illegal_state(states, &d, &state))
		states++;
	while (nth_illegal_target(targets, &d, &target))
		targets++;
	tcase_add_test(tc, table);
	tcase_add_test(tc, every_transition);
	tcase_add_test(tc, every_target);
	tcase_add_test(tc, reachable);
	tcase_add_loop_test_raise_signal(tc, illegal_state_aborts, SIGABRT, 0, states);
	tcase_add_loop_test_raise_signal(tc, illegal_target_aborts, SIGABRT, 0, targets);
}

int main(void)
{
	return suite_main("drain_state", add);
}
