#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"
#include "command.h"
#include "db/conn.h"
#include "metrics.h"
#include "mounts.h"
#include "target.h"

enum { OPT_DATABASE, OPT_TEXTFILE, OPT_LIST };

static const struct command_option options[] = {
	[OPT_DATABASE] = {0, "database", NULL,
		"ask the databases, which changes slowly, in place of the daemons"},
	[OPT_TEXTFILE] = {0, "textfile", "FILE",
		"put it into FILE at once, in the form that node_exporter reads", .is_path = true},
	[OPT_LIST] = {0, "list", NULL, "print what metrics there are"},
	{0},
};

/* The time in which all databases must answer. A daemon has two seconds: control.h. */
#define ANSWER_LIMIT_S 5

/* One mount, asked in a thread of its own. One that is late is left behind, and ends with the
 * program, so its memory is never freed. */
struct scrape {
	struct metrics_subject subject;
	pthread_t thread;
	bool started;
};

struct scrapes {
	struct scrape **scrape;
	size_t count;
};

static void *ask_daemon(void *arg)
{
	struct metrics_subject *s = arg;

	s->answer = answer_ask(&s->mount, NULL);
	if (s->answer)
		s->activity = activity_read(NULL, s->answer);
	return NULL;
}

static void *ask_database(void *arg)
{
	struct metrics_subject *s = arg;
	struct target *t = xcalloc(1, sizeof(*t));
	PGconn *conn = target_of_mount(&s->mount, t, NULL) ? target_connect(t, NULL) : NULL;

	if (conn)
		s->rows = db_query(conn, statements[STMT_COMMAND_METRICS].text, 0, NULL, NULL);
	PQfinish(conn);
	free(t);
	return NULL;
}

/* Adds a mount: each once, however many directories show it, and of two on one directory the one
 * that is seen there. */
static bool add(const struct mount_point *m, void *arg)
{
	struct scrapes *all = arg;

	for (size_t i = 0; i < all->count; i++) {
		struct mount_point *other = &all->scrape[i]->subject.mount;

		if (other->device != m->device && strcmp(other->dir, m->dir) != 0)
			continue;
		if (other->device != m->device)
			*other = *m;
		return true;
	}
	all->scrape = xrealloc(all->scrape, (all->count + 1) * sizeof(struct scrape *));
	all->scrape[all->count] = xcalloc(1, sizeof(struct scrape));
	all->scrape[all->count++]->subject.mount = *m;
	return true;
}

/* Adds the mount of a path; where there is none, a mount that is not up. */
static bool add_path(struct scrapes *all, const char *typed, struct error *err)
{
	struct mount_point m = {0};
	char real[PATH_MAX];

	/* A path that plainly leads into a mount needs no following, which could wait. */
	if (!(mounts_absolute(typed, real) && mounts_find(real, &m)) &&
		(!mounts_real_path(typed, true, real, err) || !mounts_find(real, &m))) {
		if (err->class != ERR_NONE)
			return false;
		m = (struct mount_point){0};
		return path_format(m.dir, sizeof(m.dir), err, "%s", real) && add(&m, all);
	}
	return add(&m, all);
}

/* Asks everybody at once, and returns what was answered in time, to be freed. */
static struct metrics_subject *ask(struct scrapes *all, enum metrics_source source)
{
	struct metrics_subject *subject = xcalloc(all->count + 1, sizeof(*subject));
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += ANSWER_LIMIT_S;
	for (size_t i = 0; i < all->count; i++) {
		struct scrape *s = all->scrape[i];

		subject[i].mount = s->subject.mount;
		s->started = s->subject.mount.ours &&
			     pthread_create(&s->thread, NULL,
				     source == METRICS_DAEMON ? ask_daemon : ask_database,
				     &s->subject) == 0;
	}
	for (size_t i = 0; i < all->count; i++) {
		struct scrape *s = all->scrape[i];

		if (s->started && pthread_timedjoin_np(s->thread, NULL, &end) != 0)
			continue;
		subject[i] = s->subject;
		free(s);
	}
	free(all->scrape);
	return subject;
}

static void release(struct metrics_subject *subject, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		activity_free(subject[i].activity);
		answer_free(subject[i].answer);
		PQclear(subject[i].rows);
	}
	free(subject);
}

/* Writes a text into a file that nobody ever sees half of. */
static bool replace_file(const char *path, const char *text, size_t len, struct error *err)
{
	char new[PATH_MAX];
	bool ok;
	FILE *f;
	int fd;

	if (!path_format(new, sizeof(new), err, "%s.XXXXXX", path))
		return false;
	fd = mkstemp(new);
	if (fd < 0)
		return error_sys(err, "cannot make a file beside %s", path);
	f = fdopen(fd, "w");
	ok = f && fwrite(text, 1, len, f) == len && fflush(f) == 0 && fchmod(fd, 0644) == 0 &&
	     rename(new, path) == 0;
	if (!ok) {
		error_sys(err, "cannot write %s", path);
		unlink(new);
	}
	if (f)
		fclose(f);
	else
		close(fd);
	return ok;
}

static bool print(struct scrapes *all, const struct arguments *args, struct error *err)
{
	enum metrics_source source = args->option[OPT_DATABASE] ? METRICS_DATABASE : METRICS_DAEMON;
	const char *file = args->option[OPT_TEXTFILE];
	size_t count = all->count, len;
	struct metrics_subject *subject = ask(all, source);
	char *text = NULL;
	struct exposition x = {.out = open_memstream(&text, &len), .openmetrics = !file};
	bool ok = true;

	if (!x.out)
		abort();
	metrics_write(&x, source, subject, count);
	fclose(x.out);
	if (file)
		ok = replace_file(file, text, len, err);
	else
		fwrite(text, 1, len, stdout);
	free(text);
	release(subject, count);
	return ok;
}

static int run(const struct arguments *args)
{
	struct scrapes all = {0};
	struct error err = {0};

	if (args->option[OPT_LIST]) {
		metrics_describe(stdout);
		return EXIT_DONE;
	}
	if (args->operands ? add_path(&all, args->operand[0], &err) : mounts_visit(add, &all, &err))
		print(&all, args, &err);
	return err.class == ERR_NONE ? EXIT_DONE : command_fail(&err);
}

const struct command command_metrics = {
	.name = "metrics",
	.operands = "[DIR] [--database] [--textfile FILE] | --list",
	.summary = "print figures of a mount or of all for Prometheus",
	.help = "Prints OpenMetrics: requests, journal, errors, memory, disk, as the daemons have\n"
		"counted them since the mount; it asks them alone. A daemon that does not answer\n"
		"within two seconds, or DIR where nothing is mounted, has thulefs_up 0. With\n"
		"--database, sizes and the age of the past; a database that does not answer\n"
		"within five seconds has thulefs_database_up 0. Both are no failure of the "
		"command.\n"
		"\n"
		"Root and the user who mounted are told all, others no operations and errors.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
