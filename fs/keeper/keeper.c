#include "keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/show.h"
#include "keeper/name.h"

/* The pause before the next attempt, which doubles. */
#define PAUSE_MS     50
#define PAUSE_MAX_MS 2000

/* Of one message of a daemon. */
#define TEXT_MAX (PATH_MAX + 2100)

struct run {
	struct keeper *k;
	struct error *err;
	int signals; /* signalfd */
	int socket;  /* the keeper's end; -1: there is no daemon */
	pid_t pid;   /* of the daemon; 0: there is none */
	char program[PATH_MAX];
	bool served;    /* a daemon has */
	bool ready;     /* the present one does */
	bool own;       /* the next one is to be the keeper's own program */
	bool replacing; /* the daemon is killed for another program to take its place */
	bool wanted;    /* that was asked for while none served: it is done when one does */
	bool stopping;  /* somebody has asked for the end */
	int64_t since;  /* when the last one stopped to serve */
	int pause_ms;
	char last[1000]; /* why one could not serve; "": not known */
	bool news;       /* that has not been logged */
};

static bool block_signals(struct run *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, KEEPER_REPLACE);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signals >= 0;
}

/* In the child. The program by its path, which an upgrade changes; or what the keeper runs. */
__attribute__((noreturn)) static void exec_daemon(const struct run *r, int socket, pid_t keeper)
{
	const struct keeper *k = r->k;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The first one ends with who waits for it; a later one lives on as a daemon without a
	 * keeper. */
	if (!r->served)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper || !kept_bequeath(k->kept, socket))
		_exit(1);
	if (!r->own)
		execv(r->program, k->argv);
	execv("/proc/self/exe", k->argv);
	_exit(127);
}

static void start(struct run *r)
{
	pid_t keeper = getpid();
	int sockets[2];

	kept_count_start(r->k->kept);
	r->ready = false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
		log_error("keeper: cannot make a socket: %s", strerror(errno));
		return;
	}
	r->pid = fork();
	if (r->pid == 0)
		exec_daemon(r, sockets[1], keeper);
	close(sockets[1]);
	r->socket = sockets[0];
	if (r->pid < 0) {
		log_error("keeper: cannot start a process: %s", strerror(errno));
		r->pid = 0;
		close(r->socket);
		r->socket = -1;
	}
}

static void take_fds(struct run *r, struct msghdr *msg)
{
	int fds[KEPT_FDS_MAX];

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
			bytes > sizeof(fds))
			continue;
		memcpy(fds, CMSG_DATA(c), bytes);
		kept_set_fds(r->k->kept, fds, (unsigned int)(bytes / sizeof(int)));
	}
}

/* There is one way to end for a daemon that has a successor, and so it is always tried. */
static void replace(struct run *r)
{
	r->wanted = !r->ready;
	r->replacing = r->ready;
	r->own = false;
	if (r->ready)
		kill(r->pid, SIGKILL);
}

static void said_ready(struct run *r, const char *text)
{
	if (r->served)
		log_info("a new daemon serves %s: pid %ld", r->k->dir, (long)r->pid);
	else if (!r->k->ready(r->k->arg, text))
		kill(r->pid, SIGTERM);
	r->served = r->ready = true;
	r->own = false;
	r->pause_ms = PAUSE_MS;
	*r->last = '\0';
	if (r->wanted)
		replace(r);
}

/* Reads one message of the daemon. Returns false when there is none. */
static bool hear(struct run *r)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * KEPT_FDS_MAX)];
	} control;
	char text[TEXT_MAX + 1];
	struct iovec iov = {.iov_base = text, .iov_len = TEXT_MAX};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(r->socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return false;
	text[n] = '\0';
	switch (*text) {
	case 'f':
		take_fds(r, &msg);
		break;
	case 'm':
		said_ready(r, text + 1);
		break;
	case 'e':
		r->news |= strcmp(r->last, text + 1) != 0;
		snprintf(r->last, sizeof(r->last), "%.*s", (int)sizeof(r->last) - 1, text + 1);
		break;
	}
	return true;
}

/* The daemon's end: all that it said is heard first. Returns false while it lives. */
static bool reap(struct run *r, int *status)
{
	if (!r->pid || waitpid(r->pid, status, WNOHANG) != r->pid)
		return false;
	while (hear(r))
		;
	close(r->socket);
	r->socket = -1;
	return true;
}

/* What is asked of the keeper is for its daemon. A terminal sends ^C to both by itself. */
static void signalled(struct run *r, const struct signalfd_siginfo *info)
{
	int sig = (int)info->ssi_signo;

	if (sig == SIGTERM || sig == SIGINT)
		r->stopping = true;
	if (sig == KEEPER_REPLACE) {
		replace(r);
		return;
	}
	if (sig == SIGCHLD || sig == SIGHUP || !r->pid || info->ssi_code == SI_KERNEL)
		return;
	kill(r->pid, sig == SIGINT ? SIGTERM : sig);
}

/* Waits for something to happen, at most so long; -1: as long as it takes. */
static void wait_for_news(struct run *r, int64_t ms)
{
	struct pollfd p[] = {
		{.fd = r->signals, .events = POLLIN}, {.fd = r->socket, .events = POLLIN}};
	struct signalfd_siginfo info;

	poll(p, 2, (int)ms);
	while (read(r->signals, &info, sizeof(info)) == sizeof(info))
		signalled(r, &info);
	if (p[1].revents && !hear(r)) {
		/* The daemon needs it no more: it lives, or its death is told of by a signal. */
		close(r->socket);
		r->socket = -1;
	}
}

static int64_t left_ms(const struct run *r)
{
	return r->k->seconds * 1000 - (clock_mono_ns() - r->since) / 1000000;
}

/* Waits for the end of the daemon, and kills one that does not come to serve in time. */
static int await_end(struct run *r)
{
	int status = 0;

	while (!reap(r, &status)) {
		bool waits = !r->ready && r->served;

		if (waits && left_ms(r) <= 0) {
			if (!*r->last)
				snprintf(r->last, sizeof(r->last), "it did not come up in time");
			kill(r->pid, SIGKILL);
			waits = false;
		}
		wait_for_news(r, waits ? left_ms(r) + 1 : -1);
	}
	r->pid = 0;
	return status;
}

/* Returns whether another daemon is to be started. */
static bool goes_on(struct run *r, int status)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char how[64];

	if (clean || !r->served)
		return false;
	show_end(how, sizeof(how), status);
	if (r->stopping && kept_connected(r->k->kept))
		r->k->detach();
	/* Without a mount an error is the last word; one that was killed has a successor all the
	 * same, which commits what it has left. */
	if (!kept_connected(r->k->kept) && (WIFEXITED(status) || r->stopping))
		return false;
	if (r->ready) {
		r->since = clock_mono_ns();
		if (!r->replacing)
			log_warn("the daemon of %s %s: starting another", r->k->dir, how);
		r->replacing = false;
		return true;
	}
	if (r->news || !*r->last)
		log_warn(
			"a new daemon of %s %s%s%s", r->k->dir, how, *r->last ? ": " : "", r->last);
	r->news = false;
	/* What is installed may be what does not work. */
	r->own = !r->own;
	if (left_ms(r) > 0)
		return true;
	log_error(
		"giving up: no daemon could be started for %s within %ld s, and it answers nothing "
		"any more (%s): unmount it, see to the cause, and mount again; what was "
		"acknowledged is in the journal",
		r->k->dir, r->k->seconds, *r->last ? r->last : how);
	return false;
}

/* A short pause after one that did not come to serve. */
static void rest(struct run *r)
{
	int64_t end = clock_mono_ns() + r->pause_ms * INT64_C(1000000), now;

	while (!r->stopping && (now = clock_mono_ns()) < end)
		wait_for_news(r, (end - now) / 1000000 + 1);
	r->pause_ms = 2 * r->pause_ms < PAUSE_MAX_MS ? 2 * r->pause_ms : PAUSE_MAX_MS;
}

int keeper_run(struct keeper *k, struct error *err)
{
	struct run r = {.k = k, .err = err, .socket = -1, .pause_ms = PAUSE_MS};
	ssize_t n = readlink("/proc/self/exe", r.program, sizeof(r.program) - 1);
	char how[64];
	int status;

	if (n < 0 || !block_signals(&r)) {
		error_sys(err, "cannot start the keeper");
		return 1;
	}
	prctl(PR_SET_NAME, KEEPER_COMM);
	r.since = clock_mono_ns();
	for (;;) {
		start(&r);
		status = r.pid ? await_end(&r) : 1 << 8;
		if (!goes_on(&r, status))
			break;
		if (!r.ready)
			rest(&r);
	}
	if (!r.served && *r.last) {
		error_set(err, ERR_SYSTEM, "%s", r.last);
	} else if (!r.served && !r.stopping && WIFSIGNALED(status)) {
		show_end(how, sizeof(how), status);
		error_set(err, ERR_SYSTEM,
			"the daemon %s while it was mounting: see the system log", how);
	}
	close(r.signals);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
