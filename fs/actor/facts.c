#include "actor/facts.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "actor/lineage.h"
#include "actor/program.h"
#include "actor/username.h"
#include "base/proc_read.h"
#include "base/proc_text.h"
#include "base/secret.h"

enum {
	MAX_THREADS = 8,               /* more are of use only while some are stuck */
	MAX_PROGRAMS = 2,              /* threads that may look at programs */
	TEXT_READ = 2 * PROC_TEXT_MAX, /* more than fits, so that a cut shows */
};

struct facts_job {
	int dirfd;
	uint32_t uid;
	unsigned int wanted;
	bool done;
	bool abandoned;                /* nobody waits any more: the thread frees it */
	struct facts facts;            /* under the lock */
	struct facts_job *prev, *next; /* on reader->queue until a thread takes it */
};

struct facts_reader {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct facts_job *queue;
	int queued, idle, nthreads;
	int programs; /* threads that look at a program */
	bool stopping;
	pthread_t threads[MAX_THREADS];
	struct username_cache *names;
	struct lineage *lineage;
};

static size_t read_or_empty(int dirfd, const char *name, char *buf, size_t size)
{
	long n = proc_read_at(dirfd, name, buf, size);
	return n < 0 ? 0 : (size_t)n;
}

void facts_release(struct facts *facts)
{
	free(facts->username);
	free(facts->cgroup);
	free(facts->chain);
	free(facts->kin_run);
	free(facts->cmdline);
	free(facts->run);
	*facts = (struct facts){0};
}

static bool read_user(struct facts_reader *reader, const struct facts_job *job, struct facts *out)
{
	out->username = username_get(reader->names, job->uid);
	return true;
}

static bool read_cgroup(struct facts_reader *reader, const struct facts_job *job, struct facts *out)
{
	char buf[TEXT_READ];
	const char *path;
	size_t n;

	(void)reader;
	/* Not readable without the right to ptrace: then hold it for randomised, as all but
	 * debuggees are. */
	n = read_or_empty(job->dirfd, "personality", buf, sizeof(buf) - 1);
	buf[n] = '\0';
	out->fixed_layout = (strtoul(buf, NULL, 16) & ADDR_NO_RANDOMIZE) != 0;
	n = read_or_empty(job->dirfd, "cgroup", buf, sizeof(buf));
	path = proc_cgroup_path(buf, n, &n);
	out->cgroup = proc_text(path, n);
	return out->cgroup;
}

static bool read_kin(struct facts_reader *reader, const struct facts_job *job, struct facts *out)
{
	struct kin kin;

	if (!lineage_read(reader->lineage, job->dirfd, &kin))
		return false;
	out->chain = kin.chain;
	out->kin_run = kin.run;
	return true;
}

bool facts_known_kin(struct facts_reader *reader, pid_t ppid, struct facts *out)
{
	struct kin kin;

	if (!lineage_known(reader->lineage, ppid, &kin))
		return false;
	out->chain = kin.chain;
	out->kin_run = kin.run;
	out->known |= FACT_KIN;
	return true;
}

static bool read_cmdline(
	struct facts_reader *reader, const struct facts_job *job, struct facts *out)
{
	char buf[TEXT_READ];
	size_t n = read_or_empty(job->dirfd, "cmdline", buf, sizeof(buf));

	(void)reader;
	/* The log is for others to read, and for ever. */
	out->cmdline = proc_format_cmdline(buf, secret_mask(buf, n));
	return out->cmdline;
}

/* Compares the program with the file at its path. A filesystem that does not answer holds a few
 * threads, and until it does nothing is known of those that run its programs. */
static bool read_exe(struct facts_reader *reader, const struct facts_job *job, struct facts *out)
{
	bool busy;

	pthread_mutex_lock(&reader->lock);
	busy = reader->programs == MAX_PROGRAMS;
	reader->programs += !busy;
	pthread_mutex_unlock(&reader->lock);
	if (busy)
		return true;
	out->exe = program_marks(job->dirfd, &out->exe_whole);
	pthread_mutex_lock(&reader->lock);
	reader->programs--;
	pthread_mutex_unlock(&reader->lock);
	return true;
}

static bool read_run(struct facts_reader *reader, const struct facts_job *job, struct facts *out)
{
	(void)reader;
	out->run = lineage_own_run(job->dirfd);
	return true;
}

/* The steps in their order: those that take the lock on the memory of the process come last, so
 * that the others are there when they block. */
static const struct {
	enum fact fact;
	bool (*read)(struct facts_reader *, const struct facts_job *, struct facts *);
} steps[] = {
	{FACT_CGROUP, read_cgroup},
	{FACT_USER, read_user},
	{FACT_KIN, read_kin},
	{FACT_EXE, read_exe},
	{FACT_RUN, read_run},
	{FACT_CMDLINE, read_cmdline},
};

static void job_free(struct facts_job *job)
{
	if (job->dirfd >= 0)
		close(job->dirfd);
	facts_release(&job->facts);
	free(job);
}

/* Takes over what a step has found, at once: those who wait may give up on the rest. */
static void publish(struct facts *all, struct facts *part, enum fact fact)
{
	if (fact == FACT_USER)
		all->username = part->username;
	if (fact == FACT_CGROUP) {
		all->cgroup = part->cgroup;
		all->fixed_layout = part->fixed_layout;
	}
	if (fact == FACT_KIN) {
		all->chain = part->chain;
		all->kin_run = part->kin_run;
	}
	if (fact == FACT_RUN)
		all->run = part->run;
	if (fact == FACT_EXE) {
		all->exe = part->exe;
		all->exe_whole = part->exe_whole;
	}
	if (fact == FACT_CMDLINE)
		all->cmdline = part->cmdline;
	all->known |= fact;
}

static void read_facts(struct facts_reader *reader, struct facts_job *job)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct facts part = {0};
		bool ok;

		if (!(job->wanted & steps[i].fact))
			continue;
		ok = steps[i].read(reader, job, &part);
		pthread_mutex_lock(&reader->lock);
		if (ok)
			publish(&job->facts, &part, steps[i].fact);
		pthread_mutex_unlock(&reader->lock);
	}
}

static void *facts_thread(void *arg)
{
	struct facts_reader *reader = arg;

	pthread_mutex_lock(&reader->lock);
	for (;;) {
		struct facts_job *job;

		reader->idle++;
		while (!reader->queue && !reader->stopping)
			pthread_cond_wait(&reader->work, &reader->lock);
		reader->idle--;
		job = reader->queue;
		if (!job)
			break;
		DL_DELETE(reader->queue, job);
		reader->queued--;
		pthread_mutex_unlock(&reader->lock);
		read_facts(reader, job);
		pthread_mutex_lock(&reader->lock);
		job->done = true;
		if (job->abandoned)
			job_free(job);
		else
			pthread_cond_broadcast(&reader->done);
	}
	pthread_mutex_unlock(&reader->lock);
	return NULL;
}

struct facts_reader *facts_reader_new(size_t ancestors)
{
	struct facts_reader *reader = calloc(1, sizeof(*reader));
	pthread_condattr_t attr;

	if (!reader)
		return NULL;
	reader->names = username_cache_new();
	reader->lineage = lineage_new(ancestors);
	if (!reader->names || !reader->lineage) {
		if (reader->names)
			username_cache_free(reader->names);
		lineage_free(reader->lineage);
		free(reader);
		return NULL;
	}
	pthread_mutex_init(&reader->lock, NULL);
	pthread_cond_init(&reader->work, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&reader->done, &attr);
	pthread_condattr_destroy(&attr);
	return reader;
}

void facts_reader_free(struct facts_reader *reader)
{
	int i;
	if (!reader)
		return;
	pthread_mutex_lock(&reader->lock);
	reader->stopping = true;
	pthread_cond_broadcast(&reader->work);
	pthread_mutex_unlock(&reader->lock);
	for (i = 0; i < reader->nthreads; i++)
		pthread_join(reader->threads[i], NULL);
	pthread_cond_destroy(&reader->done);
	pthread_cond_destroy(&reader->work);
	pthread_mutex_destroy(&reader->lock);
	username_cache_free(reader->names);
	lineage_free(reader->lineage);
	free(reader);
}

struct facts_job *facts_start(
	struct facts_reader *reader, int dirfd, uint32_t uid, unsigned int wanted)
{
	struct facts_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->uid = uid;
	job->wanted = wanted;
	job->dirfd = dirfd < 0 ? -1 : fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	if (dirfd >= 0 && job->dirfd < 0) {
		free(job);
		return NULL;
	}
	pthread_mutex_lock(&reader->lock);
	if (reader->queued >= reader->idle && reader->nthreads < MAX_THREADS &&
		pthread_create(&reader->threads[reader->nthreads], NULL, facts_thread, reader) == 0)
		reader->nthreads++;
	if (reader->nthreads == 0) {
		pthread_mutex_unlock(&reader->lock);
		job_free(job);
		return NULL;
	}
	DL_APPEND(reader->queue, job);
	reader->queued++;
	pthread_cond_signal(&reader->work);
	pthread_mutex_unlock(&reader->lock);
	return job;
}

static struct timespec deadline_after(int ms)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000L;
	if (at.tv_nsec >= 1000000000L) {
		at.tv_nsec -= 1000000000L;
		at.tv_sec++;
	}
	return at;
}

bool facts_wait(struct facts_reader *reader, struct facts_job *job, int ms, struct facts *out)
{
	struct timespec deadline = deadline_after(ms);
	bool all;

	pthread_mutex_lock(&reader->lock);
	while (!job->done)
		if (pthread_cond_timedwait(&reader->done, &reader->lock, &deadline) != 0)
			break;
	*out = job->facts;
	job->facts = (struct facts){0};
	all = out->known == job->wanted;
	job->abandoned = !job->done; /* then it is the thread's to free */
	if (job->done)
		job_free(job);
	pthread_mutex_unlock(&reader->lock);
	return all;
}
