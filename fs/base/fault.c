#include "base/fault.h"

#ifdef THULE_FAULTS

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* A file that is waited for is looked at so often. */
#define LOOK_NS 5000000

static const char *const fault_names[FAULT_COUNT] = {
	[FAULT_RING_APPEND] = "ring.append",
	[FAULT_RING_APPENDED] = "ring.appended",
	[FAULT_SESSION_OPEN] = "session.open",
	[FAULT_SESSION_PROGRESS] = "session.progress",
	[FAULT_BATCH_FILL] = "batch.fill",
	[FAULT_BATCH_SEND] = "batch.send",
	[FAULT_BATCH_REFUSE] = "batch.refuse",
	[FAULT_BATCH_ROWS] = "batch.rows",
	[FAULT_BATCH_COPY] = "batch.copy",
	[FAULT_BATCH_COMMIT] = "batch.commit",
	[FAULT_BATCH_SENT] = "batch.sent",
	[FAULT_BATCH_FLUSH] = "batch.flush",
	[FAULT_BATCH_ANSWER] = "batch.answer",
	[FAULT_RING_RELEASE] = "ring.release",
	[FAULT_RING_TAIL] = "ring.tail",
	[FAULT_BATCH_TELL] = "batch.tell",
	[FAULT_REPLAY_BATCH] = "replay.batch",
	[FAULT_REPLAY_RELEASE] = "replay.release",
	[FAULT_REPLAY_END] = "replay.end",
	[FAULT_KEPT_TAKE] = "kept.take",
	[FAULT_KEPT_RESUME] = "kept.resume",
	[FAULT_KEPT_HANDLES] = "kept.handles",
	[FAULT_KEPT_INIT] = "kept.init",
	[FAULT_KEPT_RESEND] = "kept.resend",
	[FAULT_KEPT_SERVE] = "kept.serve",
	[FAULT_KEPT_OP] = "kept.op",
	[FAULT_KEPT_OPEN] = "kept.open",
	[FAULT_DEV_READ] = "dev.read",
	[FAULT_DEV_REPLY] = "dev.reply",
	[FAULT_DEV_REPLIED] = "dev.replied",
	[FAULT_READER_OPEN] = "reader.open",
	[FAULT_READER_ASK] = "reader.ask",
	[FAULT_READER_ANSWER] = "reader.answer",
};

static const char *const action_names[] = {
	[FAULT_FAIL] = "fail", [FAULT_LOSE] = "lose", [FAULT_STOP] = "stop", [FAULT_KILL] = "kill"};

/* Points are of the process, as the environment is, so this is the one module with a state of its
 * own; no build that people install has it. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct fault_count *count; /* THULE_FAULT_COUNT, mapped; NULL: nobody counts */
	char dir[PATH_MAX - 32];   /* THULE_FAULT_DIR; "": a unit test lets go */
	struct {
		enum fault_action action;
		int left; /* passings until it happens */
		int passed;
		bool stopped;
	} point[FAULT_COUNT];
} faults = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, "", {{0}}};

const char *fault_name(enum fault_point p)
{
	return fault_names[p];
}

/* Waits until the file of the point is removed. */
static void stop_by_file(enum fault_point p)
{
	const struct timespec step = {.tv_nsec = LOOK_NS};
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", faults.dir, fault_names[p]);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	while (faccessat(AT_FDCWD, path, F_OK, 0) == 0)
		nanosleep(&step, NULL);
}

/* Under the lock, which it lets go of meanwhile. */
static void stop(enum fault_point p)
{
	faults.point[p].stopped = true;
	pthread_cond_broadcast(&faults.changed);
	if (*faults.dir) {
		pthread_mutex_unlock(&faults.lock);
		stop_by_file(p);
		pthread_mutex_lock(&faults.lock);
		faults.point[p].stopped = false;
	}
	while (faults.point[p].stopped)
		pthread_cond_wait(&faults.changed, &faults.lock);
}

static _Noreturn void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Counts the point for the test that has mapped the counter. */
static void count(enum fault_point p)
{
	struct fault_count *c = faults.count;

	if (!c || p >= (c->kept ? FAULT_READER_OPEN : FAULT_KEPT_TAKE))
		return;
	c->passed++;
	if (!c->left || --c->left)
		return;
	snprintf(c->died[c->deaths++ % 2], sizeof(c->died[0]), "%s", fault_names[p]);
	c->left = c->next;
	c->next = 0;
	die();
}

enum fault_action fault(enum fault_point p)
{
	enum fault_action action = FAULT_NONE;

	pthread_mutex_lock(&faults.lock);
	count(p);
	faults.point[p].passed++;
	if (faults.point[p].left && !--faults.point[p].left)
		action = faults.point[p].action;
	if (action == FAULT_KILL)
		die();
	if (action == FAULT_STOP) {
		stop(p);
		action = FAULT_NONE;
	}
	pthread_mutex_unlock(&faults.lock);
	return action;
}

void fault_set(enum fault_point p, enum fault_action action, int n)
{
	pthread_mutex_lock(&faults.lock);
	faults.point[p].action = action;
	faults.point[p].left = n;
	pthread_mutex_unlock(&faults.lock);
}

void fault_reset(void)
{
	pthread_mutex_lock(&faults.lock);
	memset(faults.point, 0, sizeof(faults.point));
	pthread_cond_broadcast(&faults.changed);
	pthread_mutex_unlock(&faults.lock);
}

int fault_passed(enum fault_point p)
{
	int passed;

	pthread_mutex_lock(&faults.lock);
	passed = faults.point[p].passed;
	pthread_mutex_unlock(&faults.lock);
	return passed;
}

void fault_wait_stopped(enum fault_point p)
{
	pthread_mutex_lock(&faults.lock);
	while (!faults.point[p].stopped)
		pthread_cond_wait(&faults.changed, &faults.lock);
	pthread_mutex_unlock(&faults.lock);
}

void fault_let_go(enum fault_point p)
{
	pthread_mutex_lock(&faults.lock);
	faults.point[p].stopped = false;
	pthread_cond_broadcast(&faults.changed);
	pthread_mutex_unlock(&faults.lock);
}

/* Returns the index of the name, or -1. */
static int find(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (names[i] && !strcmp(names[i], name))
			return i;
	return -1;
}

/* Sets one POINT:ACTION[@N], which it takes to pieces. */
static bool set_from(char *text, struct error *err)
{
	char *colon = strchr(text, ':'), *at = colon ? strchr(colon, '@') : NULL;
	int point, action, n = at ? atoi(at + 1) : 1;

	if (at)
		*at = '\0';
	if (colon)
		*colon = '\0';
	point = find(fault_names, FAULT_COUNT, text);
	action = colon ? find(action_names, FAULT_KILL + 1, colon + 1) : -1;
	if (point < 0 || action < 0 || n < 1)
		return error_set(err, ERR_USAGE,
			"THULE_FAULT: not a POINT:ACTION[@N] of base/fault.h: %s%s%s", text,
			colon ? ":" : "", colon ? colon + 1 : "");
	if (action == FAULT_STOP && !*faults.dir)
		return error_set(
			err, ERR_USAGE, "THULE_FAULT: to stop needs a folder, THULE_FAULT_DIR");
	fault_set((enum fault_point)point, (enum fault_action)action, n);
	return true;
}

static bool map_count(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *map = MAP_FAILED;

	if (fd >= 0) {
		map = mmap(NULL, sizeof(*faults.count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (map == MAP_FAILED)
		return error_sys(err, "THULE_FAULT_COUNT: cannot map %s", path);
	faults.count = map;
	return true;
}

bool fault_init(struct error *err)
{
	const char *dir = getenv("THULE_FAULT_DIR"), *env = getenv("THULE_FAULT");
	const char *counter = getenv("THULE_FAULT_COUNT");
	char text[1000], *rest = text, *one;

	snprintf(faults.dir, sizeof(faults.dir), "%s", dir ? dir : "");
	snprintf(text, sizeof(text), "%s", env ? env : "");
	while ((one = strsep(&rest, ",")))
		if (*one && !set_from(one, err))
			return false;
	return !counter || map_count(counter, err);
}

bool fault_lost(enum fault_point p, struct error *err)
{
	return error_set(err, ERR_UNREACHABLE, "the connection was lost at the fault point %s",
		fault_names[p]);
}

#endif
