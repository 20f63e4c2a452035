#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "activity.h"
#include "answer.h"
#include "arguments.h"
#include "base/buf.h"
#include "command.h"
#include "mounts.h"
#include "print.h"
#include "screen.h"

enum { OPT_COUNT, OPT_ONCE, OPT_INTERVAL, OPT_JSON };

static const struct command_option options[] = {
	[OPT_COUNT] = {'n', NULL, "N", "end after N reports"},
	[OPT_ONCE] = {0, "once", NULL, "one report, of all since the mount: as -n 1"},
	[OPT_INTERVAL] = {0, "interval", "SECONDS", "between reports; 1 unless said"},
	[OPT_JSON] = {0, "json", NULL, "print each report as a line of JSON"},
	{0},
};

/* Of an operation, or of a program. */
#define NAME_COLUMNS 16

/* How a report is shown. */
struct view {
	const struct mount_point *mount;
	bool json;
	unsigned int lines; /* that there is room for; 0: any number */
};

/* Prints milliseconds in seven columns, with as many decimals as there is room for. */
static void print_ms(FILE *out, double ms)
{
	fprintf(out, " %6.*f", ms < 99.9995 ? 3 : ms < 9999.95 ? 1 : 0, ms);
}

static void print_times(FILE *out, const char *name, const struct histogram *total, double seconds)
{
	double count = (double)histogram_count(total);

	print_safe(out, name, NAME_COLUMNS);
	fprintf(out, " %7.0f", seconds > 0 ? count / seconds : 0);
	print_ms(out, activity_mean_ms(total->total, total));
	print_ms(out, (double)histogram_quantile(total, 0.5) / 1e6);
	print_ms(out, (double)histogram_quantile(total, 0.99) / 1e6);
}

/* Prints the means of the parts from one on, and how many there were. */
static void print_parts(
	FILE *out, const uint64_t ns[TRACE_PARTS], int first, const struct histogram *total)
{
	for (int part = first; part < TRACE_PARTS; part++)
		print_ms(out, activity_mean_ms(ns[part], total));
	fprintf(out, " %9llu\n", (unsigned long long)histogram_count(total));
}

static void print_operation(FILE *out, const struct activity_operation *o, double seconds)
{
	const struct histogram *total = o->phase[TRACE_TOTAL];

	print_times(out, o->name, total, seconds);
	print_parts(out, o->part, TRACE_PART_QUEUE, total);
}

static void print_process(FILE *out, const struct activity_process *p, double seconds)
{
	print_times(out, *p->program ? p->program : "?", &p->total, seconds);
	fprintf(out, " %6ld %6ld", p->pid, p->uid);
	print_parts(out, p->part, TRACE_PART_JOURNAL, &p->total);
}

/* The parts take columns of 80 between them; what is beyond may be cut off. */
static void print_header(FILE *out, const char *what, const char *sixth, const char *seventh)
{
	fprintf(out, "%-*s %7s %6s %6s %6s %6s %6s %6s %6s %6s %9s\n", NAME_COLUMNS, what, "/s",
		"mean", "p50", "p99", sixth, seventh, "jrnl", "db", "reply", "count");
}

/* Of operations no more than half of what there is room for. */
static void show(FILE *out, const struct view *v, const struct activity *a)
{
	size_t most = v->lines ? v->lines / 2 : SIZE_MAX;

	print_safe(out, v->mount->dir, 0);
	fprintf(out, ", %.1f seconds; times in milliseconds\n", a->seconds);
	if (a->whole)
		print_header(out, "operation", "queue", "state");
	else
		fprintf(out, "operations are shown to root and to who mounted it\n");
	for (size_t i = 0; i < a->operations && i < most; i++)
		print_operation(out, &a->operation[i], a->seconds);
	fprintf(out, "\n");
	print_header(out, "process", "pid", "uid");
	for (size_t i = 0; i < a->processes; i++)
		print_process(out, &a->process[i], a->seconds);
}

static void print_histogram_json(FILE *out, const struct histogram *h)
{
	fprintf(out, "\"count\": %llu, \"total_ms\": %.6f", (unsigned long long)histogram_count(h),
		(double)h->total / 1e6);
	fprintf(out, ", \"p50_ms\": %.6f, \"p90_ms\": %.6f, \"p99_ms\": %.6f",
		(double)histogram_quantile(h, 0.5) / 1e6, (double)histogram_quantile(h, 0.9) / 1e6,
		(double)histogram_quantile(h, 0.99) / 1e6);
}

static void print_operation_json(FILE *out, const struct activity_operation *o)
{
	const char *before = "";

	fprintf(out, "{\"operation\": ");
	print_json_string(out, o->name);
	fprintf(out, ", ");
	print_histogram_json(out, o->phase[TRACE_TOTAL]);
	fprintf(out, ", \"phases\": {");
	for (int phase = TRACE_TOTAL + 1; phase < TRACE_PHASES; phase++) {
		if (!o->phase[phase])
			continue;
		fprintf(out, "%s\"%s\": {", before, trace_phase_name((enum trace_phase)phase));
		print_histogram_json(out, o->phase[phase]);
		fprintf(out, "}");
		before = ", ";
	}
	fprintf(out, "}}");
}

static void print_process_json(FILE *out, const struct activity_process *p)
{
	fprintf(out, "{\"pid\": %ld, \"program\": ", p->pid);
	print_json_string(out, p->program);
	fprintf(out, ", \"uid\": %ld, ", p->uid);
	print_histogram_json(out, &p->total);
	for (int part = TRACE_PART_JOURNAL; part < TRACE_PARTS; part++)
		fprintf(out, ", \"%s_ms\": %.6f", trace_part_name((enum trace_part)part),
			(double)p->part[part] / 1e6);
	fprintf(out, "}");
}

static void show_json(FILE *out, const struct view *v, const struct activity *a)
{
	fprintf(out, "{\"mountpoint\": ");
	print_json_string(out, v->mount->dir);
	fprintf(out, ", \"seconds\": %.6f, \"operations\": ", a->seconds);
	if (a->whole)
		fprintf(out, "[");
	else
		fprintf(out, "null");
	for (size_t i = 0; i < a->operations; i++) {
		fprintf(out, i ? ", " : "");
		print_operation_json(out, &a->operation[i]);
	}
	fprintf(out, "%s, \"processes\": [", a->whole ? "]" : "");
	for (size_t i = 0; i < a->processes; i++) {
		fprintf(out, i ? ", " : "");
		print_process_json(out, &a->process[i]);
	}
	fprintf(out, "]}\n");
}

/* Reads what is new since `before`, and shows it. NULL with *err set. */
static struct answer *report(
	struct view *v, struct screen *screen, const struct answer *before, struct error *err)
{
	struct answer *now = answer_ask(v->mount, err);
	struct activity *a;
	char *text = NULL;
	size_t len;
	FILE *out;

	if (!now)
		return NULL;
	a = activity_read(before, now);
	v->lines = screen ? screen_lines() : 0;
	out = open_memstream(&text, &len);
	if (!out)
		abort();
	(v->json ? show_json : show)(out, v, a);
	fclose(out);
	if (screen)
		screen_draw(screen, text);
	else
		fwrite(text, 1, len, stdout);
	free(text);
	activity_free(a);
	return now;
}

/* Waits between reports. False when there is to be none. */
static bool wait_for_next(struct view *v, struct screen *screen, long interval)
{
	if (screen)
		return screen_wait(screen, (int)(interval * 1000));
	if (!v->json)
		printf("\n");
	if (fflush(stdout) != 0 || ferror(stdout))
		return false;
	sleep((unsigned int)interval);
	return true;
}

static int run_reports(struct view *v, long count, long interval)
{
	struct screen *screen = v->json || count == 1 ? NULL : screen_begin();
	struct answer *before = NULL;
	struct error err = {0};

	for (long i = 0; !count || i < count; i++) {
		struct answer *now;

		if (i && !wait_for_next(v, screen, interval))
			break;
		now = report(v, screen, before, &err);
		answer_free(before);
		before = now;
		if (!now)
			break;
	}
	screen_end(screen);
	answer_free(before);
	return err.class == ERR_NONE ? EXIT_DONE : command_fail(&err);
}

/* Which mounts there are, where none is named. */
struct mounts_seen {
	struct mount_point first;
	int count;
};

static bool see(const struct mount_point *m, void *arg)
{
	struct mounts_seen *seen = arg;

	if (!seen->count++)
		seen->first = *m;
	return true;
}

/* Finds the mount of a path; or, of NULL, that of the current directory, or the only one. */
static bool find_mount(const char *typed, struct mount_point *m, struct error *err)
{
	struct mounts_seen seen = {.count = 0};
	char real[PATH_MAX];

	if (typed) {
		/* A path that plainly leads into a mount needs no following, which could wait. */
		if (mounts_absolute(typed, real) && mounts_find(real, m))
			return true;
		if (!mounts_real_path(typed, true, real, err))
			return false;
		return mounts_find(real, m) ||
		       error_set(err, ERR_USAGE, "%s is not in a ThuleFS mount", typed);
	}
	if (getcwd(real, sizeof(real)) && mounts_find(real, m))
		return true;
	if (!mounts_visit(see, &seen, err))
		return false;
	*m = seen.first;
	if (seen.count > 1)
		return error_set(err, ERR_USAGE,
			"there are %d ThuleFS mounts: say which, as `thule top %s`", seen.count,
			m->dir);
	return seen.count == 1 || error_set(err, ERR_NOT_FOUND, "no ThuleFS is mounted");
}

/* Reads a number from 1 on; of NULL, the one that is meant. */
static bool read_number(
	const char *option, const char *text, long absent, long *out, struct error *err)
{
	if (!arguments_check_number(option, text, err))
		return false;
	*out = text ? strtol(text, NULL, 10) : absent;
	return !text || *out > 0 ||
	       error_set(err, ERR_USAGE, "%s takes a number from 1 on", option);
}

static int run(const struct arguments *args)
{
	bool once = args->option[OPT_ONCE];
	struct error err = {0};
	struct mount_point m;
	struct view v = {.mount = &m, .json = args->option[OPT_JSON]};
	long count, interval;

	if (once && args->option[OPT_COUNT])
		error_set(&err, ERR_USAGE, "--once and -n contradict each other: take one of them");
	else if (read_number("-n", args->option[OPT_COUNT], once, &count, &err) &&
		 read_number("--interval", args->option[OPT_INTERVAL], 1, &interval, &err) &&
		 (interval <= 86400 || error_set(&err, ERR_USAGE, "--interval is a day at most")))
		find_mount(args->operands ? args->operand[0] : NULL, &m, &err);
	if (err.class != ERR_NONE)
		return command_fail(&err);
	return run_reports(&v, count, interval);
}

const struct command command_top = {
	.name = "top",
	.operands = "[DIR] [-n N|--once] [--interval SECONDS] [--json]",
	.summary = "show live what a mount does and where the time of its requests goes",
	.help = "Shows how often each operation was done, how long it took (mean, median and\n"
		"99th percentile, in milliseconds), and the mean of what of that it waited for\n"
		"a thread (queue), was worked on (state), waited for the journal (jrnl), the\n"
		"database (db), and for its answer to be written (reply); then the same of each\n"
		"process. The first report is of all since the mount, each later one of the\n"
		"interval before it. Without DIR, the mount of the current directory, or the only "
		"one.\n"
		"\n"
		"On a terminal the screen is drawn anew until you type q or Ctrl-C; elsewhere\n"
		"reports follow each other. Asks the daemon alone, so it works while the\n"
		"database is away. Root and the user who mounted see everything, others their\n"
		"own processes. thule.latency has the operations in SQL.",
	.options = options,
	.operands_max = 1,
	.run = run,
};
