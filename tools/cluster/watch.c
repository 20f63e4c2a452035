#include "cluster/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/proc_read.h"
#include "cluster/ballast.h"

/* Seconds between looks for a server, and between attempts to start one, which double. */
#define LOOK_S    1
#define TRY_MAX_S 60

/* A server that lived for a shorter time has not recovered from the cause of its death. */
#define LIVED_LONG_S 60

/*
 * The server's first process; 0 when there is none. An orderly shutdown, an immediate one included,
 * takes the file away: where it is without its process, that has died.
 */
static pid_t read_postmaster(const struct cluster *c)
{
	char path[PATH_MAX];
	long pid = 0;
	FILE *f;

	if (!path_format(path, sizeof(path), NULL, "%s/postmaster.pid", c->data))
		return 0;
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	fclose(f);
	return (pid_t)pid;
}

/* The number may have gone to another program since. */
static bool is_postgres(pid_t pid)
{
	char comm[PROC_COMM_MAX];

	return proc_read_comm(pid, comm) && !strncmp(comm, "postgres", strlen("postgres"));
}

enum awaited { AWAITED_END, AWAITED_TIME, AWAITED_SIGNAL };

/* Waits at most `ms` for the end of a process (0: only for time); `signals` is -1 or a signalfd. */
static enum awaited await(pid_t pid, int signals, int ms)
{
	struct pollfd wait[] = {{.fd = pid ? pidfd_open(pid, 0) : -1, .events = POLLIN},
		{.fd = signals, .events = POLLIN}};
	bool there = !pid || (wait[0].fd >= 0 && is_postgres(pid));
	int ready = 0;

	while (there && (ready = poll(wait, 2, ms)) < 0 && errno == EINTR)
		;
	if (wait[0].fd >= 0)
		close(wait[0].fd);
	if (ready > 0 && wait[1].revents)
		return AWAITED_SIGNAL;
	return there && ready == 0 ? AWAITED_TIME : AWAITED_END;
}

/* Waits for the end of the server. Returns true when a signal came. */
static bool await_server(const struct cluster *c, pid_t pid, int signals)
{
	enum awaited awaited;

	while ((awaited = await(pid, signals, LOOK_S * 1000)) == AWAITED_TIME)
		ballast_tend(c);
	return awaited == AWAITED_SIGNAL;
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void start_again(const struct cluster *dead, int next_s)
{
	struct cluster *again = calloc(1, sizeof(*again));
	struct error err = {0};
	bool ok;

	log_warn("the private PostgreSQL has died: starting it again");
	ok = again && cluster_locate_in(again, dead->home, &err) && cluster_start(again, &err);
	free(again);
	if (ok)
		log_info("the private PostgreSQL runs again");
	else
		log_error("cannot start the private PostgreSQL: %s; trying again in %d s", err.text,
			next_s);
}

/* The lock that cluster_supervise() holds. */
static bool supervisor_lock(const struct cluster *c, int *fd, int command, struct flock *lock)
{
	char path[PATH_MAX];

	*lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
	*fd = path_format(path, sizeof(path), NULL, "%s/supervisor", c->home)
		      ? open(path,
				(command == F_OFD_GETLK ? O_RDONLY : O_RDWR | O_CREAT) |
					O_NOFOLLOW | O_CLOEXEC,
				0600)
		      : -1;
	return *fd >= 0 && fcntl(*fd, command, lock) == 0;
}

static bool is_supervised(const struct cluster *c)
{
	struct flock lock;
	int fd;
	bool held = supervisor_lock(c, &fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;

	if (fd >= 0)
		close(fd);
	return held;
}

/*
 * Starts the server again whenever it has died. With a signalfd it is the supervisor: it returns
 * when a signal comes (true) or when the server was stopped in order by somebody else (false).
 */
static bool watch(const struct cluster *c, int signals)
{
	bool supervises = signals >= 0;
	int delay = LOOK_S;

	for (;;) {
		time_t since = seconds();
		pid_t pid = read_postmaster(c);

		if (pid > 0 && await_server(c, pid, signals))
			return true;
		if (seconds() - since >= LIVED_LONG_S)
			delay = LOOK_S;
		if (pid <= 0 && supervises && cluster_state(c) == CLUSTER_STOPPED)
			return false;
		/* The server may run where its processes cannot be seen. */
		if (pid <= 0 || read_postmaster(c) != pid || cluster_state(c) != CLUSTER_STOPPED ||
			(!supervises && is_supervised(c))) {
			if (await(0, signals, LOOK_S * 1000) == AWAITED_SIGNAL)
				return true;
			continue;
		}
		start_again(c, delay);
		if (await(0, signals, delay * 1000) == AWAITED_SIGNAL)
			return true;
		delay = 2 * delay < TRY_MAX_S ? 2 * delay : TRY_MAX_S;
	}
}

/* Has a signal end this process, which whoever started the daemon may have ignored or blocked. */
static void end_by(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	signal(number, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void cluster_watch(const struct cluster *c, bool foreground)
{
	pid_t parent = getpid(), pid = fork();
	int null;

	if (pid < 0)
		log_warn("cannot watch the private PostgreSQL: %s; when it dies, `thule cluster "
			 "start` starts it again",
			strerror(errno));
	if (pid != 0)
		return;
	end_by(SIGTERM);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	/* A search for daemons goes by this name. */
	prctl(PR_SET_NAME, "thule-watch");
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
		(!foreground && dup2(null, STDERR_FILENO) < 0) || close_range(3, ~0U, 0) < 0 ||
		chdir("/") < 0)
		_exit(1);
	if (!foreground)
		log_init("thulefs", LOG_LEVEL_INFO, 1);
	watch(c, -1);
	_exit(1);
}

/* Returns a signalfd for what ends the program, or -1. */
static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Takes the lock of the supervisor. Returns its descriptor, or -1 with *err set. */
static int claim(const struct cluster *c, struct error *err)
{
	struct flock lock;
	int fd;

	if (supervisor_lock(c, &fd, F_OFD_SETLK, &lock))
		return fd;
	if (fd >= 0 && (errno == EAGAIN || errno == EACCES))
		error_set(err, ERR_BUSY,
			"another `thule cluster run` looks after the private PostgreSQL in %s",
			c->home);
	else
		error_sys(err, "cannot lock %s/supervisor", c->home);
	if (fd >= 0)
		close(fd);
	return -1;
}

bool cluster_supervise(struct cluster *c, void (*up)(const struct cluster *c), struct error *err)
{
	int signals = take_signals(), lock;
	bool ok;

	if (signals < 0)
		return error_sys(err, "cannot wait for signals");
	ok = cluster_ensure(c, NULL, err);
	lock = ok ? claim(c, err) : -1;
	ok = lock >= 0;
	if (ok) {
		up(c);
		if (watch(c, signals))
			ok = cluster_stop(c, err);
		else
			log_info("the private PostgreSQL was stopped");
		close(lock);
	}
	close(signals);
	return ok;
}
