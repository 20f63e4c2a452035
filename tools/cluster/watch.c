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
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cluster/path.h"

/* Between looks for a server, and between tries to start one, which double. */
#define LOOK_S    1
#define TRY_MAX_S 60

/* A server that lived shorter than this has not recovered from what it died of. */
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
	char path[40], comm[20] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(comm, sizeof(comm), f))
		comm[0] = '\0';
	fclose(f);
	return !strncmp(comm, "postgres", strlen("postgres"));
}

/* Returns at once when the process is not there. */
static void await_end(pid_t pid)
{
	struct pollfd wait = {.fd = pidfd_open(pid, 0), .events = POLLIN};

	if (wait.fd < 0)
		return;
	while (is_postgres(pid) && poll(&wait, 1, -1) < 0 && errno == EINTR)
		;
	close(wait.fd);
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void start_again(int next_s)
{
	struct cluster *c = malloc(sizeof(*c));
	struct error err = {0};
	bool ok;

	log_warn("the private PostgreSQL has died: starting it again");
	ok = c && cluster_start(c, &err);
	free(c);
	if (ok)
		log_info("the private PostgreSQL runs again");
	else
		log_error("cannot start the private PostgreSQL: %s; trying again in %d s", err.text,
			next_s);
}

static _Noreturn void watch(const struct cluster *c)
{
	int delay = LOOK_S;

	for (;;) {
		time_t since = seconds();
		pid_t pid = read_postmaster(c);

		if (pid > 0)
			await_end(pid);
		if (seconds() - since >= LIVED_LONG_S)
			delay = LOOK_S;
		/* It may run where its processes cannot be seen. */
		if (pid <= 0 || read_postmaster(c) != pid || cluster_state(c) != CLUSTER_STOPPED) {
			sleep(LOOK_S);
			continue;
		}
		start_again(delay);
		sleep((unsigned int)delay);
		delay = 2 * delay < TRY_MAX_S ? 2 * delay : TRY_MAX_S;
	}
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
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	/* Who looks for daemons goes by the name. */
	prctl(PR_SET_NAME, "thule-watch");
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
		(!foreground && dup2(null, STDERR_FILENO) < 0) || close_range(3, ~0U, 0) < 0 ||
		chdir("/") < 0)
		_exit(1);
	if (!foreground)
		log_init("thulefs", LOG_LEVEL_INFO, 1);
	watch(c);
}
