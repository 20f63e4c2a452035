#include "interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* A stopped server does not answer the cancel request; then the program ends without it. */
#define CANCEL_LIMIT_S 2

/* The interval in which the server checks that the program is still there. */
#define CHECK_INTERVAL "1s"

/*
 * Globals, because a signal handler takes no arguments. PQcancel() is the one function of libpq
 * that is made for handlers, and needs only this of the connection.
 */
static PGcancel *volatile cancel;
static volatile sig_atomic_t ended_by;

void interrupt_cancel(int signal)
{
	char problem[256];
	int saved = errno;

	if (cancel)
		PQcancel(cancel, problem, sizeof(problem));
	errno = saved;
}

/* Ends the program by a signal, as if it had not been handled. */
static void end_by(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	kill(getpid(), number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void give_up(int number)
{
	end_by(ended_by);
}

static void obey(int number)
{
	struct sigaction alarmed = {.sa_handler = give_up};

	/*
	 * A second signal of the same kind ends the program at once: SA_RESETHAND and SA_NODEFER.
	 */
	ended_by = number;
	sigaction(SIGALRM, &alarmed, NULL);
	alarm(CANCEL_LIMIT_S);
	interrupt_cancel(number);
	end_by(number);
}

/* Signals that were ignored at the start stay ignored. */
static void exchange(void (*from)(int), void (*to)(int))
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	struct sigaction ours = {.sa_handler = to, .sa_flags = SA_RESETHAND | SA_NODEFER}, old;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == from)
			sigaction(signals[i], &ours, NULL);
}

void interrupt_pause(void)
{
	exchange(obey, SIG_DFL);
}

void interrupt_resume(void)
{
	if (cancel)
		exchange(SIG_DFL, obey);
}

void interrupt_watch(PGconn *conn)
{
	/* Servers before 14 do not know it. */
	PQclear(PQexec(conn, "set client_connection_check_interval = '" CHECK_INTERVAL "'"));
	/* Several threads may connect at a time. */
	PQfreeCancel(__atomic_exchange_n(&cancel, PQgetCancel(conn), __ATOMIC_SEQ_CST));
	exchange(SIG_DFL, obey);
}
