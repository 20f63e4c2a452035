#include "activity.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Fields of lines: fs/control/report.h. */
enum {
	LATENCY_OPERATION,
	LATENCY_PHASE,
	LATENCY_PART,
	LATENCY_TOTAL,
	LATENCY_MAX,
	LATENCY_BUCKETS
};
enum {
	PROCESS_THREAD,
	PROCESS_PROCESS,
	PROCESS_PROGRAM,
	PROCESS_UID,
	PROCESS_TOTAL,
	PROCESS_DATABASE,
	PROCESS_JOURNAL,
	PROCESS_REPLY,
	PROCESS_MAX,
	PROCESS_BUCKETS,
};

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10);
}

/* Adds to a histogram what a line has, or takes it away. */
static void add(struct histogram *h, const char *total, const char *buckets, int64_t sign)
{
	h->total += (uint64_t)sign * number(total);
	while (*buckets) {
		char *end;
		unsigned long bucket = strtoul(buckets, &end, 10);

		if (*end != ':' || bucket >= HISTOGRAM_BUCKETS)
			return;
		h->bucket[bucket] += (uint64_t)sign * strtoull(end + 1, &end, 10);
		buckets = *end == ',' ? end + 1 : end;
	}
}

/* Returns the line of `before` that is about the same as one of now, by its first field and one
 * more. They come in the same order, so the search begins at *i. */
static const struct answer_line *same_line(const struct answer *before,
	const struct answer_line *now, const char *kind, int field, size_t *i)
{
	const struct answer_line *l;
	size_t at = *i;

	for (int round = 0; before && round < 2; round++, at = 0)
		while ((l = answer_next(before, kind, &at)))
			if (!strcmp(l->field[0], now->field[0]) &&
				!strcmp(l->field[field], now->field[field])) {
				*i = at;
				return l;
			}
	return NULL;
}

static int phase_of(const char *name)
{
	int phase = 0;

	while (phase < TRACE_PHASES && strcmp(trace_phase_name((enum trace_phase)phase), name) != 0)
		phase++;
	return phase;
}

static struct activity_operation *operation_of(struct activity *a, const char *name)
{
	struct activity_operation *o;

	for (size_t i = a->operations; i-- > 0;)
		if (!strcmp(a->operation[i].name, name))
			return &a->operation[i];
	a->operation = xrealloc(a->operation, (a->operations + 1) * sizeof(*o));
	o = &a->operation[a->operations++];
	*o = (struct activity_operation){.name = name};
	/* A request is read and answered. */
	o->own = strchr(name, ' ') || !strncmp(name, "read_", 5);
	return o;
}

static void read_latency(
	struct activity *a, const struct answer_line *now, const struct answer_line *before)
{
	int phase = phase_of(now->field[LATENCY_PHASE]);
	struct histogram *h = xcalloc(1, sizeof(*h));
	struct activity_operation *o;

	add(h, now->field[LATENCY_TOTAL], now->field[LATENCY_BUCKETS], 1);
	if (before)
		add(h, before->field[LATENCY_TOTAL], before->field[LATENCY_BUCKETS], -1);
	else
		h->max = number(now->field[LATENCY_MAX]);
	if (phase == TRACE_PHASES || !histogram_count(h)) {
		free(h);
		return;
	}
	o = operation_of(a, now->field[LATENCY_OPERATION]);
	o->phase[phase] = h;
	o->part[trace_part_of((enum trace_phase)phase)] += h->total;
}

/* Threads of one process are one. */
static struct activity_process *process_of(struct activity *a, const struct answer_line *now)
{
	long pid = (long)number(now->field[PROCESS_PROCESS]);
	long uid = (long)number(now->field[PROCESS_UID]);
	struct activity_process *p;

	for (size_t i = 0; i < a->processes; i++)
		if (a->process[i].pid == pid && a->process[i].uid == uid)
			return &a->process[i];
	a->process = xrealloc(a->process, (a->processes + 1) * sizeof(*p));
	p = &a->process[a->processes++];
	*p = (struct activity_process){
		.pid = pid, .uid = uid, .program = now->field[PROCESS_PROGRAM]};
	return p;
}

static void read_process(
	struct activity *a, const struct answer_line *now, const struct answer_line *before)
{
	static const struct {
		int field;
		enum trace_part part;
	} parts[] = {
		{PROCESS_TOTAL, TRACE_PART_TOTAL},
		{PROCESS_DATABASE, TRACE_PART_DATABASE},
		{PROCESS_JOURNAL, TRACE_PART_JOURNAL},
		{PROCESS_REPLY, TRACE_PART_REPLY},
	};
	struct activity_process *p;

	/* It was forgotten meanwhile, and came again. */
	if (before && number(before->field[PROCESS_TOTAL]) > number(now->field[PROCESS_TOTAL]))
		before = NULL;
	if (before && !strcmp(before->field[PROCESS_TOTAL], now->field[PROCESS_TOTAL]))
		return;
	p = process_of(a, now);
	add(&p->total, now->field[PROCESS_TOTAL], now->field[PROCESS_BUCKETS], 1);
	if (before)
		add(&p->total, before->field[PROCESS_TOTAL], before->field[PROCESS_BUCKETS], -1);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		p->part[parts[i].part] += number(now->field[parts[i].field]) -
					  (before ? number(before->field[parts[i].field]) : 0);
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int compare_operations(const void *a, const void *b)
{
	const struct activity_operation *x = a, *y = b;

	return x->own != y->own ? x->own - y->own
				: compare(x->part[TRACE_PART_TOTAL], y->part[TRACE_PART_TOTAL]);
}

static int compare_processes(const void *a, const void *b)
{
	const struct activity_process *x = a, *y = b;

	return compare(x->total.total, y->total.total);
}

/* A phase may have been read after its operation had ended, and that before. */
static void drop_partial(struct activity *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->operations; i++) {
		struct activity_operation *o = &a->operation[i];

		if (o->phase[TRACE_TOTAL]) {
			a->operation[n++] = *o;
			continue;
		}
		for (int phase = 0; phase < TRACE_PHASES; phase++)
			free(o->phase[phase]);
	}
	a->operations = n;
}

struct activity *activity_read(const struct answer *before, const struct answer *now)
{
	struct activity *a = xcalloc(1, sizeof(*a));
	const struct answer_line *l;
	size_t i = 0, at = 0;

	a->seconds = (double)(number(answer_fact(now, "counted_us")) -
			      (before ? number(answer_fact(before, "counted_us")) : 0)) /
		     1e6;
	a->whole = strcmp(answer_fact(now, "told"), "own") != 0;
	while ((l = answer_next(now, "latency", &i)))
		read_latency(a, l, same_line(before, l, "latency", LATENCY_PHASE, &at));
	i = at = 0;
	while ((l = answer_next(now, "process", &i)))
		read_process(a, l, same_line(before, l, "process", PROCESS_UID, &at));
	drop_partial(a);
	if (a->operations)
		qsort(a->operation, a->operations, sizeof(a->operation[0]), compare_operations);
	if (a->processes)
		qsort(a->process, a->processes, sizeof(a->process[0]), compare_processes);
	return a;
}

void activity_free(struct activity *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->operations; i++)
		for (int phase = 0; phase < TRACE_PHASES; phase++)
			free(a->operation[i].phase[phase]);
	free(a->operation);
	free(a->process);
	free(a);
}

double activity_mean_ms(uint64_t ns, const struct histogram *total)
{
	uint64_t count = histogram_count(total);

	return count ? (double)ns / (double)count / 1e6 : 0;
}
