#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "control/report.h"
#include "mount/mountpoint.h"

struct signals {
	pthread_t thread;
	const char *path;
	struct fs *fs;
};

/* Fills the set of signals that the thread waits for; SIGHUP ends it. */
static void waited_for(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
}

static void *signals_main(void *arg)
{
	struct signals *s = arg;
	sigset_t set;
	int sig;

	waited_for(&set);
	for (;;) {
		sigwait(&set, &sig);
		if (sig == SIGHUP)
			return NULL;
		if (sig == SIGUSR1) {
			report_log(s->fs);
			continue;
		}
		log_info("signal %d: unmounting %s", sig, s->path);
		mountpoint_detach();
	}
}

void signals_block(void)
{
	sigset_t set;

	waited_for(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* A journal or a log that would be larger than the limit of files is an error, not the end.
	 */
	signal(SIGXFSZ, SIG_IGN);
}

struct signals *signals_start(const char *path, struct fs *fs, struct error *err)
{
	struct signals *s = calloc(1, sizeof(*s));

	if (!s) {
		error_set(err, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	s->path = path;
	s->fs = fs;
	if (pthread_create(&s->thread, NULL, signals_main, s) == 0)
		return s;
	error_sys(err, "cannot start a thread");
	free(s);
	return NULL;
}

void signals_stop(struct signals *s)
{
	if (!s)
		return;
	pthread_kill(s->thread, SIGHUP);
	pthread_join(s->thread, NULL);
	free(s);
}
