#include "actor/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "actor/proc.h"
#include "actor/username.h"

enum {
	MAX_THREADS = 8,                     /* more are of use only while some are stuck */
	CMDLINE_READ = 2 * PROC_CMDLINE_MAX, /* more than fits, so that a cut shows */
};

struct facts_job {
	int dirfd;
	uint32_t uid;
	bool done, ok;
	bool abandoned; /* nobody waits any more: the thread frees it */
	struct facts facts;
	struct facts_job *prev, *next; /* on reader->queue until a thread takes it */
};

struct facts_reader {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct facts_job *queue;
	int queued, idle, nthreads;
	bool stopping;
	pthread_t threads[MAX_THREADS];
	struct username_cache *names;
};

long proc_read_at(int dirfd, const char *name, char *buf, unsigned long size)
{
	ssize_t n;
	size_t got = 0;
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	do {
		n = read(fd, buf + got, size - got);
		if (n > 0)
			got += (size_t)n;
	} while ((n > 0 && got < size) || (n < 0 && errno == EINTR));
	close(fd);
	return n < 0 ? -1 : (long)got;
}

static size_t read_or_empty(int dirfd, const char *name, char *buf, size_t size)
{
	long n = proc_read_at(dirfd, name, buf, size);
	return n < 0 ? 0 : (size_t)n;
}

void facts_release(struct facts *facts)
{
	free(facts->cmdline);
	free(facts->cgroup);
	free(facts->username);
	*facts = (struct facts){0};
}

static bool read_facts(struct facts_reader *reader, int dirfd, uint32_t uid, struct facts *out)
{
	char buf[CMDLINE_READ + 1];
	size_t n;

	/* Not readable without the right to ptrace: then hold it for randomised, as all but
	 * debuggees are. */
	n = read_or_empty(dirfd, "personality", buf, sizeof(buf) - 1);
	buf[n] = '\0';
	out->fixed_layout = (strtoul(buf, NULL, 16) & ADDR_NO_RANDOMIZE) != 0;
	n = read_or_empty(dirfd, "cgroup", buf, sizeof(buf));
	out->cgroup = proc_parse_cgroup(buf, n);
	n = read_or_empty(dirfd, "cmdline", buf, CMDLINE_READ);
	out->cmdline = proc_format_cmdline(buf, n);
	out->username = username_get(reader->names, uid);
	return out->cgroup && out->cmdline;
}

static void job_free(struct facts_job *job)
{
	close(job->dirfd);
	facts_release(&job->facts);
	free(job);
}

static void *facts_thread(void *arg)
{
	struct facts_reader *reader = arg;

	pthread_mutex_lock(&reader->lock);
	for (;;) {
		struct facts_job *job;
		bool ok;
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
		ok = read_facts(reader, job->dirfd, job->uid, &job->facts);
		pthread_mutex_lock(&reader->lock);
		job->ok = ok;
		job->done = true;
		if (job->abandoned)
			job_free(job);
		else
			pthread_cond_broadcast(&reader->done);
	}
	pthread_mutex_unlock(&reader->lock);
	return NULL;
}

struct facts_reader *facts_reader_new(void)
{
	struct facts_reader *reader = calloc(1, sizeof(*reader));
	pthread_condattr_t attr;

	if (!reader)
		return NULL;
	reader->names = username_cache_new();
	if (!reader->names) {
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
	free(reader);
}

struct facts_job *facts_start(struct facts_reader *reader, int dirfd, uint32_t uid)
{
	struct facts_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->uid = uid;
	job->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	if (job->dirfd < 0) {
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
	bool ok;

	pthread_mutex_lock(&reader->lock);
	while (!job->done)
		if (pthread_cond_timedwait(&reader->done, &reader->lock, &deadline) != 0)
			break;
	if (!job->done) {
		job->abandoned = true;
		pthread_mutex_unlock(&reader->lock);
		return false;
	}
	pthread_mutex_unlock(&reader->lock);
	ok = job->ok;
	if (ok) {
		*out = job->facts;
		job->facts = (struct facts){0};
	}
	job_free(job);
	return ok;
}
