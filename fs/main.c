#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/ns.h"
#include "base/path.h"
#include "base/private.h"
#include "base/rlimit.h"
#include "base/show.h"
#include "cluster/cluster.h"
#include "cluster/watch.h"
#include "config.h"
#include "db/handover.h"
#include "db/source.h"
#include "keeper/keeper.h"
#include "mount/holder.h"
#include "mount/mountpoint.h"
#include "serve.h"
#include "transport/notifier.h"
#include "transport/transport.h"

/* The daemon's end of a pipe to its parent, or of a socket to its keeper, who hears 'm' and where
 * it is mounted, or 'e' and why not. */
struct herald {
	int fd; /* -1: nobody waits for the mount */
	bool background;
	enum log_level level;
	struct kept *kept; /* of a keeper; NULL: there is none */
};

/* Sends the log to syslog; earlier lines went to whoever waits for the mount. */
static void log_to_syslog(const struct herald *h)
{
	log_init("thulefs", h->level, 1);
}

/* Tells the parent. False when it has gone. */
static bool tell(const struct herald *h, char kind, const char *text)
{
	char line[PATH_MAX + 2100];
	int n = snprintf(line, sizeof(line), "%c%s", kind, text);

	return write(h->fd, line, (size_t)n) == n;
}

/* Has the parent's death unmount us from now on, where it would have killed us before. */
static void mounting(void *arg)
{
	struct herald *h = arg;

	if (h->fd >= 0)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static bool ready(void *arg, const char *message)
{
	struct herald *h = arg;
	int null;

	if (h->fd < 0) {
		log_info("%s", message);
		notify_ready(message);
		return true;
	}
	if (!tell(h, 'm', message))
		return false;
	prctl(PR_SET_PDEATHSIG, 0);
	close(h->fd);
	h->fd = -1;
	if (!h->background)
		return true;
	log_to_syslog(h);
	null = open("/dev/null", O_RDWR);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	return true;
}

/* Prints what became of a daemon that has said nothing. */
static void show_death(pid_t pid)
{
	char end[64] = "ended";
	int status;

	if (waitpid(pid, &status, 0) == pid)
		show_end(end, sizeof(end), status);
	show_line(
		stderr, "thulefs: the daemon %s while it was mounting: see the system log\n", end);
}

/*
 * Prints what the daemon said, but no good news when mount(8) called us. Returns the exit status.
 */
static int await_daemon(int fd, pid_t pid, bool quiet)
{
	char line[PATH_MAX + 2100];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(line) - 1 && (n = read(fd, line + len, sizeof(line) - 1 - len)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	line[len] = '\0';
	if (line[0] == 'm') {
		if (!quiet)
			show_line(stdout, "%s\n", line + 1);
		return 0;
	}
	if (len)
		show_line(stderr, "thulefs: %s\n", line + 1);
	else
		show_death(pid);
	return 1;
}

/*
 * Decides what to do when another daemon has the lease. Returns true to try again. A filesystem
 * that is mounted on this host already is mounted once more, by root and not in the foreground; *ok
 * says that this was done.
 */
static bool join(const struct config *config, const char *conninfo, struct serve_ready *on_ready,
	bool *ok, struct error *err)
{
	char message[2 * PATH_MAX + 64];
	struct mount_point there;

	switch (holder_await(conninfo, &there, err)) {
	case HOLDER_GONE:
		*ok = true;
		return true;
	case HOLDER_MOUNTED:
		if (config->foreground || geteuid() != 0)
			return false;
		*ok = mountpoint_bind(config, &there, err);
		if (*ok) {
			snprintf(message, sizeof(message), "%s mounted: the same as %s",
				config->dir, there.dir);
			if (!on_ready->fn(on_ready->arg, message))
				mountpoint_unbind(config);
		}
		return false;
	case HOLDER_STAYS:
		break;
	}
	return false;
}

/* Returns whether a path, which may not exist, lies in a directory. */
static bool lies_in(const char *dir, const char *path)
{
	char real[PATH_MAX];

	return path_in(realpath(path, real) ? real : path, dir);
}

/* Keeps libpq from files that lie in the mount: it looks for files of its user each time it
 * connects, and would wait there for us. */
static void avoid_own_files(const char *dir)
{
	static const char *const names[] = {"PGPASSFILE", "PGSERVICEFILE", "PGSYSCONFDIR",
		"PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR"};
	const char *home = getenv("HOME");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]) && lies_in(dir, getenv(names[i])))
			unsetenv(names[i]);
	if (home && lies_in(dir, home))
		setenv("HOME", "/", 1);
}

/* Warns where the kernel has no pid to give for processes outside of this namespace. */
static void tell_surroundings(void)
{
	if (!ns_sees_host())
		log_info("this is not the host's pid namespace: changes of processes outside of it "
			 "will be logged without pid and program (for a container: --pid=host)");
}

/* A daemon that has died may still have the lease for a moment: its server has to notice. */
static void await_lease(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

/* Says why it cannot be mounted, or why something is left in the journal. A keeper that waits says
 * it for its daemon. */
static void fail(struct herald *h, const struct error *err)
{
	if (h->fd >= 0) {
		tell(h, 'e', err->text);
		if (h->kept)
			return;
		log_to_syslog(h);
	}
	log_error("%s", err->text);
}

static bool is_successor(const struct herald *h)
{
	const int *fds;

	return h->kept && kept_fds(h->kept, &fds) > 0;
}

static int run(const struct config *config, struct herald *h)
{
	struct serve_ready on_ready = {ready, mounting, h};
	const char *conninfo = config->source, *data = NULL, *home;
	struct cluster *cluster = NULL;
	char place[3 * PATH_MAX];
	struct error err;
	bool ok = true, created = false;

	snprintf(place, sizeof(place), "database %s", config->source);
	if (private_source(config->source, &home)) {
		cluster = calloc(1, sizeof(*cluster));
		ok = cluster && (!*home || cluster_locate_in(cluster, home, &err)) &&
		     (*config->at ? cluster_start(cluster, &err)
				  : cluster_ensure(cluster, &created, &err));
		if (ok && lies_in(config->dir, cluster->home))
			ok = error_set(&err, ERR_USAGE,
				"the private PostgreSQL in %s would be hidden by a mount on %s: "
				"have it elsewhere (-o home=DIR, or THULE_HOME), or mount "
				"elsewhere",
				cluster->home, config->dir);
		if (ok) {
			conninfo = cluster->conninfo;
			data = cluster->data;
			cluster_watch(cluster, config->foreground);
			snprintf(place, sizeof(place), "%sprivate PostgreSQL in %s (socket %s)",
				created ? "new " : "", cluster->home, cluster->socket);
		}
	} else if (!source_public(
			   config->source, place + strlen("database "), sizeof(place) - 16, &err)) {
		ok = false;
	}
	avoid_own_files(config->dir);
	tell_surroundings();
	while (ok && !(ok = serve(config, conninfo, place, data, h->kept, &on_ready, &err))) {
		if (err.class == ERR_LEASE && is_successor(h)) {
			await_lease();
			ok = true;
		} else if (err.class != ERR_LEASE ||
			   !join(config, conninfo, &on_ready, &ok, &err)) {
			break;
		}
	}
	free(cluster);
	if (!ok)
		fail(h, &err);
	return ok ? 0 : 1;
}

/* Whether this kernel can have a mount live through its daemon's death, and this mount may. */
static bool keeper_check(const struct config *config, struct error *err)
{
	struct utsname kernel;
	int major = 0, minor = 0;

	if (*config->at)
		return error_set(err, ERR_USAGE,
			"-o keeper is for a mount that writes: mount the past without it");
	if (config->transport == TRANSPORT_URING)
		return error_set(err, ERR_USAGE,
			"-o keeper cannot be had with transport=uring, whose requests die with the "
			"daemon: leave one of them out");
	if (uname(&kernel) == 0)
		sscanf(kernel.release, "%d.%d", &major, &minor);
	if (major < 6 || (major == 6 && minor < 9))
		return error_set(err, ERR_SYSTEM,
			"-o keeper needs Linux 6.9, which sends again what a daemon that died had "
			"not answered, and this is %s: mount without it",
			kernel.release);
	return true;
}

/* Holds the mount, and has daemons serve it. */
static int keep(const struct config *config, char *const *argv, struct herald *h)
{
	char shown[SOURCE_MAX];
	struct error err = {0};
	struct keeper k = {.dir = config->dir,
		.argv = argv,
		.seconds = config->keeper_timeout,
		.ready = ready,
		.detach = mountpoint_detach,
		.arg = h};
	int status = 1;

	k.kept = kept_new(config->dir, config->dir_fd, h->background, &err);
	if (k.kept && handover_give(config->source, shown, sizeof(shown), &err))
		status = keeper_run(&k, &err);
	if (err.class)
		fail(h, &err);
	kept_free(k.kept);
	return status;
}

/* Checks the directory first, which people get wrong and which needs no database. The daemon
 * changes its directory, so it goes on with the absolute path. */
static bool check(struct config *config, char path[PATH_MAX], struct error *err)
{
	if (!mountpoint_check(config, path, err))
		return false;
	config->dir = path;
	return true;
}

/* With -o home=DIR the source is private:DIR, which tells mounts apart and commands where to ask.
 */
static bool add_home(const struct config *config, char *source, size_t size, struct error *err)
{
	size_t n = strlen(config->home);

	if (!n)
		return true;
	if (strcmp(source, PRIVATE_SOURCE))
		return error_set(err, ERR_USAGE,
			"-o home=DIR says where the private PostgreSQL is: SOURCE must be "
			"`private`");
	if (*config->home != '/')
		return error_set(err, ERR_USAGE,
			"-o home=%s must be an absolute path, which begins with /", config->home);
	while (n > 1 && config->home[n - 1] == '/')
		n--;
	snprintf(source, size, PRIVATE_SOURCE ":%.*s", (int)n, config->home);
	return true;
}

/* Takes SOURCE, and overwrites what is secret of it on the command line. `thule mount` hands it
 * over in a file of memory; mount(8) cannot, and there it is seen for a moment. */
static bool take_source(struct config *config, char *source, size_t size, struct error *err)
{
	char *shown = (char *)(uintptr_t)config->source, public[SOURCE_MAX];
	size_t room = strlen(shown);

	if (!handover_take(shown, source, size, err) || !add_home(config, source, size, err))
		return false;
	config->source = source;
	if (!source_public(source, public, sizeof(public), err)) {
		memset(shown, '*', room);
		return false;
	}
	if (strcmp(public, source)) {
		memset(shown, '\0', room);
		memcpy(shown, public, strnlen(public, room));
	}
	return true;
}

static int detach(const struct config *config, char *const *argv, enum log_level level)
{
	struct herald h = {.background = true, .level = level};
	int fds[2];
	pid_t parent = getpid(), pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		perror("thulefs");
		return 1;
	}
	if (pid > 0) {
		close(fds[1]);
		return await_daemon(fds[0], pid, config->helper);
	}
	close(fds[0]);
	/* Nobody gets a mount after the process that waited for it was killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return 1;
	h.fd = fds[1];
	if (!descriptors_close_inherited(h.fd, config->dir_fd))
		log_warn("what was open when it was mounted stays open: %m");
	setsid();
	if (chdir("/") < 0)
		return 1;
	return config->keeper ? keep(config, argv, &h) : run(config, &h);
}

/* Goes on where the keeper has it mounted, or is to. */
static int serve_kept(struct config *config, struct kept *kept, enum log_level level)
{
	struct herald h = {.fd = kept_socket(kept),
		.background = kept_is_background(kept),
		.level = level,
		.kept = kept};
	int status;

	config->dir = kept_path(kept);
	config->dir_fd = kept_dir_fd(kept);
	if (h.background && is_successor(&h))
		log_to_syslog(&h);
	status = run(config, &h);
	kept_free(kept);
	return status;
}

/* The mount is there for others than the shell that made it. */
static void outlive_limits(void)
{
	uint64_t seconds;

	rlimits_raise();
	seconds = rlimits_cpu_seconds();
	if (seconds)
		log_warn("the mount ends when its daemon has used %" PRIu64
			 " s of CPU time: mount from where there is no such limit (ulimit -t)",
			seconds);
}

int main(int argc, char **argv)
{
	struct herald foreground = {.fd = -1};
	enum log_level level;
	struct config config;
	char path[PATH_MAX], source[SOURCE_MAX];
	struct kept *kept;
	struct error err;

	if (!descriptors_fill_standard())
		return 1;
	/* Who started us may ignore it, and then a child's status cannot be had. */
	signal(SIGCHLD, SIG_DFL);
	if (argc > 0 && !strcmp(argv[0], NOTIFIER_NAME))
		return notifier_run(argc, argv);
	log_init("thulefs", LOG_LEVEL_INFO, 0);
	/* The daemon is searched for by this name, also when mount(8) has called it by another. */
	prctl(PR_SET_NAME, "thulefs");
	if (!config_parse(&config, argc, argv, &err) || !fault_init(&err)) {
		log_error("%s", err.text);
		return 2;
	}
	if (config.help) {
		config_usage();
		return 0;
	}
	if (config.version) {
		puts("thulefs " THULE_VERSION);
		return 0;
	}
	if (!take_source(&config, source, sizeof(source), &err)) {
		log_error("%s", err.text);
		return err.class == ERR_USAGE ? 2 : 1;
	}
	source_verify_servers();
	level = config.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
	log_init("thulefs", level, 0);
	if (!kept_take(&kept, &err)) {
		log_error("%s", err.text);
		return 1;
	}
	if (kept)
		return serve_kept(&config, kept, level);
	if (config.keeper && !config.remount && !keeper_check(&config, &err)) {
		log_error("%s", err.text);
		return err.class == ERR_USAGE ? 2 : 1;
	}
	if (config.remount ? !mountpoint_remount(&config, &err) : !check(&config, path, &err)) {
		log_error("%s", err.text);
		return err.class == ERR_USAGE ? 2 : 1;
	}
	if (config.remount || config.there)
		return 0;
	outlive_limits();
	if (!config.foreground)
		return detach(&config, argv, level);
	return config.keeper ? keep(&config, argv, &foreground) : run(&config, &foreground);
}
