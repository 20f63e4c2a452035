#include "figures.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/row.h"

void figures_init(struct figures *f)
{
	*f = (struct figures){0};
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->came, NULL);
}

void figures_destroy(struct figures *f)
{
	pthread_cond_destroy(&f->came);
	pthread_mutex_destroy(&f->lock);
}

static void answered(struct reader_query *q, PGresult *res, const struct error *err)
{
	struct figures *f = q->arg;

	free(q);
	if (err)
		log_warn("figures of the filesystem stay as they were: %s", err->text);
	pthread_mutex_lock(&f->lock);
	if (res) {
		f->bytes = (uint64_t)row_int(res, 0, 0);
		f->inodes = (uint64_t)row_int(res, 0, 1);
		f->known = true;
	}
	f->asking = false;
	pthread_cond_broadcast(&f->came);
	pthread_mutex_unlock(&f->lock);
	PQclear(res);
}

/* Under the lock, which comes before that of the reader. */
static void ask(struct figures *f)
{
	if (f->asking || !f->reader)
		return;
	f->asking = true;
	f->asked = clock_mono_ns();
	reader_submit(f->reader, reader_query_new(STMT_READ_SIZE, answered, f));
}

bool figures_start(struct figures *f, struct reader *reader, struct error *err)
{
	bool known;

	pthread_mutex_lock(&f->lock);
	f->reader = reader;
	ask(f);
	while (f->asking)
		pthread_cond_wait(&f->came, &f->lock);
	known = f->known;
	pthread_mutex_unlock(&f->lock);
	return known || error_set(err, ERR_INTERNAL,
				"the size of the database cannot be asked for: the log says why");
}

void figures_get(struct figures *f, uint64_t *bytes, uint64_t *inodes)
{
	pthread_mutex_lock(&f->lock);
	*bytes = f->bytes;
	*inodes = f->inodes;
	ask(f);
	pthread_mutex_unlock(&f->lock);
}

void figures_changed(struct figures *f)
{
	pthread_mutex_lock(&f->lock);
	if (clock_mono_ns() - f->asked > FIGURES_SECONDS * INT64_C(1000000000))
		ask(f);
	pthread_mutex_unlock(&f->lock);
}
